// Connection-state recovery: sessions stored in Redis, and the events that their clients have missed.
//
// Source: docs/wire.md, "Connection-state recovery".
#include <algorithm>
#include <array>
#include <utility>

#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/value.hpp>

#include "streams_adapter.hpp"

namespace socketio::adapter {
namespace {

constexpr std::size_t socket_id_size = 20;
constexpr std::size_t page_size = 1'000;
constexpr std::size_t pages_max = 100;

void pack_session(Buffer& out, const SavedSession& session) {
  pack::map_header(out, 4);
  pack::text(out, "sid");
  pack::text(out, session.sid);
  pack::text(out, "pid");
  pack::text(out, session.pid);
  pack::text(out, "rooms");
  pack::array_header(out, static_cast<std::uint32_t>(session.rooms.size()));
  for (const std::string& room : session.rooms) {
    pack::text(out, room);
  }
  pack::text(out, "data");
  out.append(session.data.bytes());
}

/// Decodes a session. Nothing in it is trusted, because any program may have written it.
std::optional<SavedSession> unpack_session(std::string_view text, std::string_view pid) {
  Buffer packed;
  if (!base64::decode(packed, text) || !check_items(packed.bytes(), 1, limits::depth_max / 2).ok()) {
    return std::nullopt;
  }
  const Value map(packed.bytes());
  SavedSession session;
  session.sid = map.member("sid").as<std::string>().value_or("");
  session.pid = map.member("pid").as<std::string>().value_or("");
  const Arguments rooms = Arguments::of_array(map.member("rooms").packed());
  if (session.sid.size() != socket_id_size || session.pid != pid || rooms.size() > limits::rooms_max) {
    return std::nullopt;
  }
  for (const Value room : rooms) {
    session.rooms.push_back(room.as<std::string>().value_or(room.json()));
  }
  const Value data = map.member("data");
  if (data.packed().empty()) {
    pack::map_header(session.data, 0);
  } else {
    session.data.append(data.packed());
  }
  return session;
}

bool holds(const RoomList& rooms, const std::vector<std::string>& names) {
  return std::any_of(rooms.begin(), rooms.end(),
                     [&names](std::string_view room) { return std::find(names.begin(), names.end(), room) != names.end(); });
}

}  // namespace

void StreamsAdapter::save(SavedSession session) {
  if (!keeps_packets()) {
    return;
  }
  ++link_.counters.sessions_saved;
  Buffer packed;
  pack_session(packed, session);
  Buffer text;
  Buffer scratch;
  base64::encode(text, event_data::publishable(packed.bytes(), scratch));
  const std::string key = hub_->options().session_key_prefix + session.pid;
  const std::string duration = std::to_string(in_ms(link_.host.recovery().max_disconnection));
  const std::array<std::string_view, 5> words{"SET", key, text.text(), "PX", duration};
  link_.bus->command(words, [this, alive = link_.alive](const redis::CommandResult& result) {
    if (*alive && result.outcome != redis::Outcome::ok) {
      ++link_.counters.entries_failed;
    }
  });
}

/// Replies of Redis for a client that reconnects. In a Redis Cluster the session and the stream are on different nodes, whose
/// replies arrive in any order.
struct StreamsAdapter::Recovery {
  std::optional<SavedSession> session;
  bool offset_is_there = false;
  int answers_missing = 2;
  Scheduler::TimerId timer = 0;
  std::function<void(std::optional<SavedSession>)> done;
};

void StreamsAdapter::take_recovery_answer(const std::shared_ptr<Recovery>& recovery) {
  if (--recovery->answers_missing != 0) {
    return;
  }
  end_recovery(recovery);
}

/// Passes on the session; none when the session or the offset was not found, or not in time.
void StreamsAdapter::end_recovery(const std::shared_ptr<Recovery>& recovery) {
  recoveries_.erase(recovery);
  link_.host.scheduler().cancel(recovery->timer);
  if (!recovery->session || !recovery->offset_is_there) {
    recovery->session.reset();
    ++link_.counters.recoveries_failed;
  }
  recovery->done(std::move(recovery->session));
}

/// Removes the session from Redis, so that it is used once. Leaves it there when the offset is not a valid id.
void StreamsAdapter::recover(std::string_view pid, std::string_view offset,
                             std::function<void(std::optional<SavedSession>)> done) {
  if (!keeps_packets() || !parse_stream_id(offset)) {
    ++link_.counters.recoveries_failed;
    done(std::nullopt);
    return;
  }
  const std::string key = hub_->options().session_key_prefix + std::string(pid);
  const auto ignore = [](const redis::CommandResult&) {};
  const auto recovery = std::make_shared<Recovery>();
  recovery->done = std::move(done);
  recoveries_.insert(recovery);
  recovery->timer =
      link_.host.scheduler().call_after(hub_->options().recovery_wait_max, [this, recovery] { end_recovery(recovery); });
  Bus& bus = *link_.bus;
  bus.command(std::array<std::string_view, 1>{"MULTI"}, ignore);
  bus.command(std::array<std::string_view, 2>{"GET", key}, ignore);
  bus.command(std::array<std::string_view, 2>{"DEL", key}, ignore);
  bus.command(std::array<std::string_view, 1>{"EXEC"},
              [this, alive = link_.alive, recovery, pid = std::string(pid)](const redis::CommandResult& result) {
                if (!*alive || !recoveries_.contains(recovery)) {
                  return;
                }
                if (result.outcome == redis::Outcome::ok && result.reply.elements.size() == 2) {
                  recovery->session = unpack_session(result.reply.elements[0].text, pid);
                }
                take_recovery_answer(recovery);
              });
  const std::string at(offset);
  bus.command(std::array<std::string_view, 4>{"XRANGE", stream_, at, at},
              [this, alive = link_.alive, recovery](const redis::CommandResult& result) {
                if (!*alive || !recoveries_.contains(recovery)) {
                  return;
                }
                recovery->offset_is_there = result.outcome == redis::Outcome::ok && !result.reply.elements.empty();
                take_recovery_answer(recovery);
              });
}

/// The events that one client has missed, page by page.
struct StreamsAdapter::Replay {
  std::string sid;
  std::vector<std::string> rooms;
  StreamId last;  ///< the last entry that was examined
  MissedPackets missed;
  std::size_t bytes = 0;
  std::size_t pages = 0;
  Scheduler::TimerId timer = 0;
  std::function<void(std::optional<MissedPackets>)> done;
};

void StreamsAdapter::catch_up(const SavedSession& session, std::string_view offset,
                              std::function<void(std::optional<MissedPackets>)> done) {
  const auto from = parse_stream_id(offset);
  if (!from || !keeps_packets()) {
    done(std::nullopt);
    return;
  }
  const auto replay = std::make_shared<Replay>();
  replay->sid = session.sid;
  replay->rooms = session.rooms;
  replay->last = *from;
  replay->done = std::move(done);
  replays_.insert(replay);
  replay->timer =
      link_.host.scheduler().call_after(hub_->options().recovery_wait_max, [this, replay] { end_replay(replay, false); });
  next_replay_page(replay);
}

void StreamsAdapter::next_replay_page(const std::shared_ptr<Replay>& replay) {
  const std::string from = text_of(next_after(replay->last));
  const std::string size = std::to_string(page_size);
  link_.bus->command(std::array<std::string_view, 6>{"XRANGE", stream_, from, "+", "COUNT", size},
                      [this, alive = link_.alive, replay](const redis::CommandResult& result) {
                        if (*alive && replays_.contains(replay)) {
                          take_replay_page(replay, result);
                        }
                      });
}

void StreamsAdapter::take_replay_page(const std::shared_ptr<Replay>& replay, const redis::CommandResult& result) {
  if (result.outcome != redis::Outcome::ok) {
    end_replay(replay, false);
    return;
  }
  for (const redis::Reply& entry : result.reply.elements) {
    const auto id = entry.elements.size() == 2 ? parse_stream_id(entry.elements[0].text) : std::nullopt;
    if (!id) {
      continue;
    }
    replay->last = *id;
    take_replay_entry(*replay, entry.elements[0].text, entry_of(entry.elements[1].elements));
  }
  const StreamsOptions& options = hub_->options();
  if (replay->missed.size() > options.replay_events_max || replay->bytes > options.replay_bytes_max ||
      ++replay->pages > pages_max) {
    end_replay(replay, false);
    return;
  }
  // Entries that the reader has handled meanwhile were not delivered to this socket, which is not there yet: they must be
  // replayed, too.
  const auto reader_at = parse_stream_id(hub_->position(stream_));
  const bool more = result.reply.elements.size() == page_size || (reader_at && *reader_at > replay->last);
  if (more) {
    next_replay_page(replay);
    return;
  }
  recovered_.push_back({replay->sid, replay->last});
  end_replay(replay, true);
}

void StreamsAdapter::end_replay(const std::shared_ptr<Replay>& replay, bool recovered) {
  replays_.erase(replay);
  link_.host.scheduler().cancel(replay->timer);
  ++(recovered ? link_.counters.sessions_recovered : link_.counters.recoveries_failed);
  replay->done(recovered ? std::optional(std::move(replay->missed)) : std::nullopt);
}

/// Ends pending recoveries: clients whose session or missed events Redis has not returned yet are not recovered.
void StreamsAdapter::give_up_recoveries() {
  while (!recoveries_.empty()) {
    end_recovery(std::shared_ptr(*recoveries_.begin()));  // a copy: it is erased there
  }
  while (!replays_.empty()) {
    end_replay(std::shared_ptr(*replays_.begin()), false);
  }
}

/// Also replays the events of this server. Volatile events, and those that ask for an ack, are not replayed.
void StreamsAdapter::take_replay_entry(Replay& replay, std::string_view id, const fleet::Entry& entry) {
  fleet::Message message;
  const auto received = link_.dialect->decode_entry(entry, {.nsp = link_.host.nsp()}, message);
  const selector::View& target = message.target;
  if (received != fleet::Received::message || message.kind != fleet::Message::Kind::emit || message.ack_id ||
      message.request_id || target.flags.has(Flag::is_volatile)) {
    return;
  }
  if ((target.rooms.empty() || holds(target.rooms, replay.rooms)) && !holds(target.except, replay.rooms)) {
    event_data::append_argument(replay.missed.emplace_back(), message.event, id);
    replay.bytes += replay.missed.back().size();
  }
}

}  // namespace socketio::adapter
