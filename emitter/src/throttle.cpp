#include <socketio/emitter/throttle.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <socketio/emitter/client_list.hpp>

namespace socketio::emitter {
namespace {

/// Longest wait for a reply before the host is asked whether to go on.
constexpr std::chrono::milliseconds answer_slice{100};
constexpr std::chrono::milliseconds look_every{50};
constexpr std::chrono::milliseconds look_again{5};
/// Bytes sent without any change of a subscriber's output buffer that show that the subscriber does not receive them.
constexpr std::uint64_t telling_bytes = std::uint64_t{64} << 10;
/// A connection that runs XREAD all the time, but never waits for an entry, is not a server that catches up after this many
/// timeouts: it reads something else, or without BLOCK. One that has just stopped looks the same for two seconds.
constexpr int restless_timeouts = 12;
constexpr std::chrono::seconds restless_min{3};

/// A reader of a stream during a wait.
struct Progress {
  Throttle::Clock::time_point seen_at;
  Throttle::Clock::time_point moved_at;
};

}  // namespace

Readers readers_in(std::string_view clients) {
  Readers readers;
  client_list::for_each(clients, [&readers](client_list::Line<> client) {
    if (client.is_tool()) {
      return;
    }
    std::string id(client.whole().substr(0, client.whole().find(' ')));
    if (const std::string_view node = client.text("laddr"); !node.empty()) {  // of the nodes of a cluster, each has its own ids
      id += ' ';
      id += node;
    }
    if (const std::uint64_t kept_bytes = client.number("omem"); kept_bytes != 0 && client.subscribes()) {
      readers.kept_bytes[id] = kept_bytes;
    }
    if (client.runs_xread()) {
      readers.of_streams[id] = {client.is_blocked(), std::chrono::seconds(client.number("idle"))};
    }
  });
  return readers;
}

std::shared_ptr<const ReadersAnswer> ask_readers(redis::Client& client) {
  const auto answer = std::make_shared<ReadersAnswer>();
  constexpr std::array<std::string_view, 2> words{"CLIENT", "LIST"};
  client.command(words, [answer](const redis::CommandResult& result) {
    answer->outcome = result.outcome;
    if (result.outcome == redis::Outcome::ok) {
      answer->readers = readers_in(result.reply.text);
    }
  });
  return answer;
}

void Throttle::begin(const OutputLimit& subscribers, const OutputLimit& stream_readers) {
  room_ = OutputRoom(subscribers);
  entry_bytes_max_ = stream_readers.easy_bytes();
  if (host_.fleet().has_subscribers) {  // bytes buffered before are not this sender's own
    const Clock::time_point began_at = Clock::now();
    Readers readers;
    while (measure(readers, began_at) == Looked::not_yet && !host_.is_interrupted()) {
    }
  }
}

Throttle::Result Throttle::make_room(std::uint64_t bytes, std::uint64_t entry_bytes) {
  if (is_stream_full(entry_bytes)) [[unlikely]] {
    if (const Result result = wait_for_stream(); result != Result::go_on) {
      return result;
    }
  }
  return bytes == 0 || room_.is_easy(bytes) ? Result::go_on : wait_for_subscribers(bytes);
}

std::uint64_t Throttle::easy_entries() const {
  const std::uint64_t length_max = host_.fleet().stream_length_max;
  if (length_max == 0) {
    return UINT64_MAX;
  }
  const std::uint64_t most = std::max<std::uint64_t>((length_max + 3) / 4, 1);
  return most > entries_ ? most - entries_ : 0;
}

/// A message above the limit of bytes is added when all readers have read the ones before.
bool Throttle::is_stream_full(std::uint64_t entry_bytes) const {
  return easy_entries() == 0 || (entry_bytes_ != 0 && entry_bytes > easy_entry_bytes());
}

void Throttle::sent(std::uint64_t bytes, std::uint64_t entries, std::uint64_t entry_bytes) {
  entries_ += entries;
  entry_bytes_ += entry_bytes;
  sent_bytes_ += bytes;
  if (!room_.is_easy(bytes)) [[unlikely]] {  // otherwise the soft limit is far away
    room_.sent(bytes, Clock::now());
  } else {
    room_.sent(bytes, {});
  }
}

void Throttle::look() {
  if (host_.fleet().has_subscribers && Clock::now() - looked_at_ >= look_every) {
    Readers readers;
    measure(readers, Clock::now());
  }
}

/// `answered_at`  time of Redis' last reply. Redis may be busy for a while; a lost Redis is handled elsewhere.
Throttle::Looked Throttle::look_at(Readers& readers, Clock::time_point answered_at) {
  if (host_.read(readers, answer_slice)) {
    return Looked::yes;
  }
  const bool goes_on = host_.may_read() && host_.is_connected() && Clock::now() - answered_at < timeout_;
  return goes_on ? Looked::not_yet : Looked::impossible;
}

Throttle::Looked Throttle::measure(Readers& readers, Clock::time_point answered_at) {
  const std::uint64_t under_way = host_.under_way_bytes();  // bytes arriving from now on count twice, rather than not at all
  const Looked looked = look_at(readers, answered_at);
  if (looked == Looked::yes) {
    looked_at_ = Clock::now();
    room_.measured(slowest(readers, sent_bytes_ - std::min(sent_bytes_, under_way)), under_way, looked_at_);
  }
  return looked;
}

/// The largest output buffer among the subscribers that receive what is sent. A stalled subscriber of other channels must not
/// be waited for: one whose buffer was not empty at the beginning counts only once its buffer has grown.
std::uint64_t Throttle::slowest(const Readers& readers, std::uint64_t arrived_bytes) {
  std::erase_if(seen_, [&readers](const auto& one) { return !readers.kept_bytes.contains(one.first); });
  const Clock::time_point now = Clock::now();
  std::uint64_t most = 0;
  for (const auto& [id, kept_bytes] : readers.kept_bytes) {
    const auto [found, is_new] = seen_.try_emplace(id);
    Seen& seen = found->second;
    if (is_new) {
      seen = {kept_bytes, arrived_bytes, sent_bytes_ != 0 || !room_.may_grow(kept_bytes), false, now};
    } else if (seen.kept_bytes != kept_bytes) {
      seen = {kept_bytes, arrived_bytes, seen.is_concerned || kept_bytes > seen.kept_bytes, seen.is_given_up, now};
    } else if (arrived_bytes - seen.arrived_bytes >= telling_bytes) {
      seen.is_concerned = false;
    }
    most = seen.is_concerned && !seen.is_given_up ? std::max(most, kept_bytes) : most;
  }
  return most;
}

std::size_t Throttle::give_up() {
  if (stalled_.is_stream) {
    const std::size_t count = standing_readers_.size();
    given_up_readers_.merge(standing_readers_);
    standing_readers_.clear();
    return count;
  }
  const auto is_waited_for = [](const auto& one) { return one.second.is_concerned && !one.second.is_given_up; };
  std::uint64_t most = 0;
  for (const auto& one : seen_) {
    most = is_waited_for(one) ? std::max(most, one.second.kept_bytes) : most;
  }
  const Clock::time_point now = Clock::now();
  std::size_t count = 0;
  for (auto& one : seen_) {
    if (is_waited_for(one) && (one.second.kept_bytes == most || now - one.second.moved_at >= timeout_)) {
      one.second.is_given_up = true;
      ++count;
    }
  }
  return count;
}

void Throttle::report_blindness() {
  if (!host_.may_read()) {
    host_.on_blind();
  }
}

/// Waits while the subscribers' buffers shrink; without progress, at most for the timeout.
Throttle::Result Throttle::wait_for_subscribers(std::uint64_t bytes) {
  Clock::time_point moved_at = Clock::now();
  std::uint64_t least = UINT64_MAX;
  Clock::time_point answered_at = moved_at;
  bool first = true;
  for (;;) {
    Readers readers;
    const Looked looked = measure(readers, answered_at);
    const Clock::time_point now = Clock::now();
    if (looked != Looked::yes) {
      if (looked == Looked::impossible) {
        report_blindness();
        room_.measured(0, 0, now);  // no measurement is possible: forget what was sent
        return Result::go_on;
      }
      if (host_.is_interrupted()) {
        return Result::interrupted;
      }
      continue;
    }
    answered_at = now;
    if (room_.has_cleared(bytes, now) || (std::exchange(first, false) && room_.is_easy(bytes))) {
      return Result::go_on;
    }
    if (room_.load() < least || room_.rests(bytes, now)) {
      least = std::min(least, room_.load());
      moved_at = now;
    }
    if (now - moved_at >= timeout_) {
      if (room_.fits(bytes) && !room_.rests(bytes, now)) {
        room_.grant();
        return Result::go_on;
      }
      stalled_ = {};
      stalled_.kept_bytes = room_.load();
      return Result::stalled;
    }
    if (room_.is_kept()) {
      host_.on_slow();
    }
    host_.make_way(look_again);
    if (!host_.pause(room_.is_kept() ? look_again : std::chrono::milliseconds(0))) {
      return Result::interrupted;
    }
  }
}

/// Waits until all emits are in the stream and every reader has read them.
Throttle::Result Throttle::wait_for_stream() {
  if (!host_.may_read()) {
    report_blindness();
    forget_entries();
    return Result::go_on;
  }
  if (!host_.settle()) {
    return Result::interrupted;
  }
  Clock::time_point answered_at = Clock::now();
  std::map<std::string, Progress, std::less<>> progress;
  std::set<std::string> done;
  for (;;) {
    Readers readers;
    const Looked looked = look_at(readers, answered_at);
    if (looked != Looked::yes) {
      if (looked == Looked::impossible) {
        report_blindness();
        forget_entries();
        return Result::go_on;
      }
      if (host_.is_interrupted()) {
        return Result::interrupted;
      }
      continue;
    }
    answered_at = Clock::now();
    std::erase_if(given_up_readers_, [&readers](const std::string& reader) {
      const auto found = readers.of_streams.find(reader);
      return found == readers.of_streams.end() || found->second.waits;
    });
    standing_readers_.clear();
    std::uint64_t behind = 0;
    for (const auto& [reader, state] : readers.of_streams) {
      if (state.waits) {
        done.insert(reader);
      }
      if (done.contains(reader) || given_up_readers_.contains(reader)) {
        continue;
      }
      Progress& its = progress.try_emplace(reader, Progress{answered_at, answered_at}).first->second;
      if (state.idle < std::chrono::seconds(2)) {  // Redis reports whole seconds: the reader may have run XREAD just now
        its.moved_at = answered_at;
      }
      if (answered_at - its.seen_at >= std::max<Clock::duration>(restless_timeouts * timeout_, restless_min)) {
        given_up_readers_.insert(reader);
        continue;
      }
      ++behind;
      if (answered_at - its.moved_at >= timeout_) {
        standing_readers_.insert(reader);
      }
    }
    if (behind == 0) {
      forget_entries();
      return Result::go_on;
    }
    if (!standing_readers_.empty()) {
      stalled_ = {true, 0, readers.of_streams.size(), standing_readers_.size(), entries_};
      return Result::stalled;
    }
    host_.on_slow();
    host_.make_way(std::chrono::milliseconds(0));
    if (!host_.pause(look_again)) {
      return Result::interrupted;
    }
  }
}

}  // namespace socketio::emitter
