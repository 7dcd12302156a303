#include "throttle.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/units.hpp"

namespace socketio::cli {
namespace {

using std::chrono::milliseconds;

/// Longest wait between two checks for signals.
constexpr std::uint64_t answer_slice_ms = 100;
constexpr milliseconds look_every{50};
constexpr milliseconds look_again{5};
/// Bytes sent without any change of a subscriber's output buffer that show that the subscriber does not receive the batch.
constexpr std::uint64_t telling_bytes = std::uint64_t{64} << 10;

}  // namespace

Throttle::Throttle(const Options& options, Console& console, const Signals& signals, ServerWatch& watch, Sender sender)
    : options_(options), console_(console), signals_(signals), watch_(watch), sender_(std::move(sender)) {}

void Throttle::begin(const OutputLimit& subscribers) {
  room_ = OutputRoom(subscribers);
  if (has_subscribers()) {  // bytes buffered before the batch are not its own
    const Clock::time_point began_at = Clock::now();
    Readers readers;
    while (measure(readers, began_at) == Looked::not_yet && signals_.pending() == 0) {
    }
  }
}

bool Throttle::has_subscribers() const { return !options_.uses(Transport::streams) || options_.transports.size() > 1; }

Halt Throttle::make_room(std::uint64_t bytes, std::string& problem) {
  if (options_.uses(Transport::streams) && entries_ * 4 >= options_.stream_length_max && entries_ != 0) [[unlikely]] {
    if (const Halt halt = wait_for_stream(problem); halt != Halt::none) {
      return halt;
    }
  }
  return bytes == 0 || room_.is_easy(bytes) ? Halt::none : wait_for_subscribers(bytes, problem);
}

void Throttle::sent(std::uint64_t bytes) {
  ++entries_;
  sent_bytes_ += bytes;
  if (!room_.is_easy(bytes)) [[unlikely]] {  // otherwise the soft limit is far away
    room_.sent(bytes, Clock::now());
  } else {
    room_.sent(bytes, {});
  }
}

void Throttle::look() {
  if (has_subscribers() && Clock::now() - looked_at_ >= look_every) {
    Readers readers;
    measure(readers, Clock::now());
  }
}

/// `answered_at`  time of Redis' last reply. Redis may be busy for a while; a lost Redis is handled elsewhere.
Throttle::Looked Throttle::look_at(Readers& readers, Clock::time_point answered_at) {
  if (watch_.read(readers, answer_slice_ms)) {
    return Looked::yes;
  }
  const bool goes_on = watch_.may_read() && sender_.is_connected() && Clock::now() - answered_at < options_.timeout;
  return goes_on ? Looked::not_yet : Looked::impossible;
}

Throttle::Looked Throttle::measure(Readers& readers, Clock::time_point answered_at) {
  const std::uint64_t under_way = sender_.under_way_bytes();  // bytes arriving from now on count twice, rather than not at all
  const Looked looked = look_at(readers, answered_at);
  if (looked == Looked::yes) {
    looked_at_ = Clock::now();
    room_.measured(slowest(readers, sent_bytes_ - std::min(sent_bytes_, under_way)), under_way, looked_at_);
  }
  return looked;
}

/// The largest output buffer among the subscribers that receive the batch. A stalled subscriber of other channels must not be
/// waited for: one whose buffer was not empty before the batch counts only once its buffer has grown.
std::uint64_t Throttle::slowest(const Readers& readers, std::uint64_t arrived_bytes) {
  std::erase_if(seen_, [&readers](const auto& one) { return !readers.kept_bytes.contains(one.first); });
  std::uint64_t most = 0;
  for (const auto& [id, kept_bytes] : readers.kept_bytes) {
    const auto [found, is_new] = seen_.try_emplace(id);
    Seen& seen = found->second;
    if (is_new) {
      seen = {kept_bytes, arrived_bytes, sent_bytes_ != 0 || !room_.may_grow(kept_bytes)};
    } else if (seen.kept_bytes != kept_bytes) {
      seen = {kept_bytes, arrived_bytes, seen.is_concerned || kept_bytes > seen.kept_bytes};
    } else if (arrived_bytes - seen.arrived_bytes >= telling_bytes) {
      seen.is_concerned = false;
    }
    most = seen.is_concerned ? std::max(most, kept_bytes) : most;
  }
  return most;
}

void Throttle::note_slowness() {
  if (!std::exchange(told_slow_, true)) {
    console_.note("The servers read more slowly than this is sent; waiting for them now and then.");
  }
}

void Throttle::note_blindness() {
  if (!watch_.may_read() && !std::exchange(told_blind_, true)) {
    console_.note(
        "Redis does not allow CLIENT LIST: how far the servers are behind cannot be seen, so this batch does not slow down for "
        "them. --rate limits it.");
  }
}

/// Waits while the subscribers' buffers shrink; without progress, at most for the timeout.
Halt Throttle::wait_for_subscribers(std::uint64_t bytes, std::string& problem) {
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
        note_blindness();
        room_.measured(0, 0, now);  // no measurement is possible: forget what was sent
        return Halt::none;
      }
      if (signals_.pending() != 0) {
        return Halt::signal;
      }
      continue;
    }
    answered_at = now;
    if (room_.has_cleared(bytes, now) || (std::exchange(first, false) && room_.is_easy(bytes))) {
      return Halt::none;
    }
    if (room_.load() < least || room_.rests(bytes, now)) {
      least = std::min(least, room_.load());
      moved_at = now;
    }
    if (now - moved_at >= options_.timeout) {
      if (room_.fits(bytes) && !room_.rests(bytes, now)) {
        room_.grant();
        return Halt::none;
      }
      problem = "it was not sent: a server has read nothing for " + units::duration_text(options_.timeout) + ", Redis keeps " +
                units::grouped(room_.load()) + " bytes for it, and with this message of " + units::grouped(bytes) +
                " it would cut its connection (client-output-buffer-limit)";
      return Halt::stopped;
    }
    if (room_.is_kept()) {
      note_slowness();
    }
    sender_.make_way(look_again);
    if (signals_.wait(-1, room_.is_kept() ? static_cast<int>(look_again.count()) : 0) == Signals::Woken::signal) {
      return Halt::signal;
    }
  }
}

/// Waits until all emits are in the stream and every reader has read them.
Halt Throttle::wait_for_stream(std::string& problem) {
  if (!watch_.may_read()) {
    note_blindness();
    return Halt::none;
  }
  if (const Halt halt = sender_.settle(); halt != Halt::none) {
    return halt;
  }
  Clock::time_point answered_at = Clock::now();
  std::map<std::string, Clock::time_point, std::less<>> moved_at;
  std::set<std::string> done;
  for (;;) {
    Readers readers;
    const Looked looked = look_at(readers, answered_at);
    if (looked != Looked::yes) {
      if (looked == Looked::impossible) {
        note_blindness();
        entries_ = 0;
        return Halt::none;
      }
      if (signals_.pending() != 0) {
        return Halt::signal;
      }
      continue;
    }
    answered_at = Clock::now();
    std::uint64_t behind = 0;
    std::uint64_t standing = 0;
    for (const auto& [reader, state] : readers.of_streams) {
      if (state.waits) {
        done.insert(reader);
      }
      if (done.contains(reader)) {
        continue;
      }
      const auto moved = moved_at.try_emplace(reader, answered_at).first;
      if (state.idle < std::chrono::seconds(2)) {  // Redis reports whole seconds: the reader may have run XREAD just now
        moved->second = answered_at;
      }
      ++behind;
      standing += answered_at - moved->second >= options_.timeout ? 1U : 0U;
    }
    if (behind == 0) {
      entries_ = 0;
      return Halt::none;
    }
    if (standing != 0) {
      problem = "it was not sent: " + units::grouped(standing) + " of " + units::counted(readers.of_streams.size(), "reader") +
                " of the stream read nothing for " + units::duration_text(options_.timeout) + ". " + units::grouped(entries_) +
                " emits of this batch wait there and are missed if the stream grows by more than it keeps (" +
                units::grouped(options_.stream_length_max) + ")";
      return Halt::stopped;
    }
    note_slowness();
    sender_.make_way(milliseconds(0));
    if (signals_.wait(-1, static_cast<int>(look_again.count())) == Signals::Woken::signal) {
      return Halt::signal;
    }
  }
}

}  // namespace socketio::cli
