#include <socketio/adapter/in_memory.hpp>

#include <algorithm>
#include <utility>

#include <socketio/adapter/shard_results.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/event_data.hpp>


#include "pending_requests.hpp"

namespace socketio::adapter {
namespace {

/// Time that packets are kept longer than sessions: a socket of another thread is saved a moment after its disconnect.
constexpr std::uint64_t packet_extra_ms = 1'000;

constexpr std::string_view offset_digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

std::string in_base_64(std::uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), offset_digits[value % 64]);
    value /= 64;
  } while (value != 0);
  return digits;
}

std::optional<std::uint64_t> from_base_64(std::string_view digits) {
  constexpr std::size_t digits_max = 10;  // 60 bits
  if (digits.empty() || digits.size() > digits_max) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char digit : digits) {
    const std::size_t place = offset_digits.find(digit);
    if (place == std::string_view::npos) {
      return std::nullopt;
    }
    value = value * 64 + place;
  }
  return value;
}


bool name_one_of(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  return std::any_of(names.begin(), names.end(), [&others](const std::string& name) {
    return std::find(others.begin(), others.end(), name) != others.end();
  });
}

std::vector<std::string> names_of(std::span<const Room> rooms) {
  std::vector<std::string> names;
  names.reserve(rooms.size());
  for (const Room& room : rooms) {
    names.push_back(room.name());
  }
  return names;
}

std::size_t size_of(const std::vector<std::string>& names) {
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    bytes += name.size();
  }
  return bytes;
}

}  // namespace

InMemoryAdapter::InMemoryAdapter(Host& host) : host_(host), recovery_(host.recovery()) {}

InMemoryAdapter::~InMemoryAdapter() { InMemoryAdapter::close(); }

// ---- operations ------------------------------------------------------------------------------------------------------------

void InMemoryAdapter::apply(const Operation& operation) {
  if (operation.kind == Operation::Kind::server_side) {
    return;  // there is no other server
  }
  ShardOperation here = ShardOperation::of(operation);
  std::shared_ptr<const Buffer> kept;  // keeps the packet alive when it is dropped during its delivery
  if (operation.kind == Operation::Kind::emit) {
    ++counters_.broadcasts;
    if (is_kept(operation.target)) {
      kept = keep(operation.target, operation.data);
      here.data = kept->bytes();
    }
  }
  for (Shard* const shard : host_.shards()) {
    shard->apply(here);
  }
}

void InMemoryAdapter::broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) {
  ++counters_.broadcasts;
  Flags flags = target.flags;
  if (!flags.timeout_ms()) {
    flags.set_timeout_ms(ack_timeout_ms);
  }
  const auto request = std::make_shared<PendingRequest>(
      host_.scheduler(), RequestKind::acks, [done = std::move(done)](PendingRequest& ended) { done(ended.take_acks()); },
      std::move(arrived));
  std::erase_if(pending_, [](const auto& waiting) { return waiting.expired(); });
  pending_.push_back(request);
  request->start(*flags.timeout_ms());
  const std::uint64_t id = host_.next_ack_id();
  const auto shards = host_.shards();
  for (Shard* const shard : shards) {
    shard->deliver_with_ack(selection_of(target), data, flags, id, request);
  }
  request->expect(shards.size());
}

void InMemoryAdapter::fetch(const Target& target, FetchDone done) {
  const auto end = [done = std::move(done)](PendingRequest& ended) { done({std::move(ended.sockets)}); };
  std::make_shared<PendingRequest>(host_.scheduler(), RequestKind::local, end)
      ->collect_sockets(host_.shards(), selection_of(target));
}

void InMemoryAdapter::all_rooms(std::function<void(std::vector<std::string>)> done) {
  const auto end = [done = std::move(done)](PendingRequest& ended) {
    sort_and_unify(ended.rooms);
    done(std::move(ended.rooms));
  };
  std::make_shared<PendingRequest>(host_.scheduler(), RequestKind::local, end)->collect_rooms(host_.shards());
}

void InMemoryAdapter::server_count(std::function<void(std::size_t)> done) { done(1); }
void InMemoryAdapter::server_side_emit_with_ack(Bytes, ServerAnswersDone done) { done({}); }

void InMemoryAdapter::close() {
  for (const auto& waiting : std::exchange(pending_, {})) {
    if (const auto request = waiting.lock()) {
      request->end(true);
    }
  }
  host_.scheduler().cancel(std::exchange(cleaning_, 0));
}

// ---- recovery --------------------------------------------------------------------------------------------------------------

/// A flag "volatile", whatever its value, makes an event volatile: it is not kept.
bool InMemoryAdapter::is_kept(const Target& target) const noexcept {
  return recovery_.enabled && !target.flags.has(Flag::is_volatile);
}

std::shared_ptr<const Buffer> InMemoryAdapter::keep(const Target& target, Bytes data) {
  const Offset offset = next_offset();
  const auto marked = std::make_shared<Buffer>();
  event_data::append_argument(*marked, data, text_of(offset));
  StoredPacket packet{offset,
                      host_.scheduler().now_ms() + in_ms(recovery_.max_disconnection) + packet_extra_ms,
                      marked,
                      names_of(target.rooms),
                      names_of(target.except),
                      0};
  packet.size_bytes = marked->size() + size_of(packet.rooms) + size_of(packet.except);
  packet_bytes_ += packet.size_bytes;
  packets_.push_back(std::move(packet));
  while (packets_.size() > 1 && (packets_.size() > recovery_.packets_max || packet_bytes_ > recovery_.packet_bytes_max)) {
    ++counters_.packets_dropped;
    drop_oldest_packet();
  }
  clean_later();
  return marked;
}

InMemoryAdapter::Offset InMemoryAdapter::next_offset() {
  // Offsets never repeat, even when the system's clock is set back.
  const auto now_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(host_.scheduler().wall_ms(), 0));
  last_offset_ = now_ms > last_offset_.first ? Offset{now_ms, 0} : Offset{last_offset_.first, last_offset_.second + 1};
  return last_offset_;
}

/// The first packet of a millisecond has no second part; the second one's is 0.
std::string InMemoryAdapter::text_of(const Offset& offset) {
  return in_base_64(offset.first) + (offset.second == 0 ? "" : "." + in_base_64(offset.second - 1));
}

std::optional<InMemoryAdapter::Offset> InMemoryAdapter::parse_offset(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto milliseconds = from_base_64(text.substr(0, point));
  const auto place = point == std::string_view::npos ? std::optional<std::uint64_t>(0) : from_base_64(text.substr(point + 1));
  if (!milliseconds || !place) {
    return std::nullopt;
  }
  return Offset{*milliseconds, point == std::string_view::npos ? 0 : *place + 1};
}

void InMemoryAdapter::save(SavedSession session) {
  if (!recovery_.enabled || recovery_.sessions_max == 0) {
    return;
  }
  ++counters_.sessions_saved;
  drop_expired();
  sessions_.erase(session.pid);
  while (sessions_.size() >= recovery_.sessions_max) {
    drop_oldest_session();
  }
  const std::uint64_t due_ms = host_.scheduler().now_ms() + in_ms(recovery_.max_disconnection);
  session_order_.emplace_back(due_ms, session.pid);
  std::string pid = session.pid;
  sessions_.emplace(std::move(pid), StoredSession{std::move(session), due_ms, last_offset_});
  clean_later();
}

std::optional<InMemoryAdapter::PacketPlace> InMemoryAdapter::first_missed(const std::string& pid,
                                                                          std::string_view offset) const {
  const auto wanted = parse_offset(offset);
  if (!wanted) {
    return std::nullopt;
  }
  const auto place = std::lower_bound(packets_.begin(), packets_.end(), *wanted,
                                      [](const StoredPacket& packet, const Offset& key) { return packet.offset < key; });
  if (place != packets_.end() && place->offset == *wanted) {
    return place + 1;
  }
  // A client that received no event for a long time names a packet that has expired. Later packets were not for this client
  // until it lost its connection; those since then are all kept, unless some were dropped because of the limits.
  const auto found = sessions_.find(pid);
  const bool is_last_seen =
      found != sessions_.end() && found->second.session.offset == offset && last_dropped_ <= found->second.saved_at;
  return is_last_seen ? std::optional(place) : std::nullopt;
}

void InMemoryAdapter::recover(std::string_view pid, std::string_view offset,
                              std::function<void(std::optional<SavedSession>)> done) {
  drop_expired();
  const auto found = sessions_.find(std::string(pid));
  if (found == sessions_.end() || !first_missed(found->first, offset)) {
    ++counters_.recoveries_failed;
    done(std::nullopt);
    return;
  }
  const SavedSession& saved = found->second.session;
  SavedSession copy{saved.sid, saved.pid, saved.rooms, {}, saved.offset};
  copy.data.append(saved.data.bytes());
  done(std::move(copy));
}

void InMemoryAdapter::catch_up(const SavedSession& session, std::string_view offset,
                               std::function<void(std::optional<MissedPackets>)> done) {
  drop_expired();
  const auto first = first_missed(session.pid, offset);
  if (!first) {
    ++counters_.recoveries_failed;
    done(std::nullopt);
    return;
  }
  MissedPackets missed;
  for (auto packet = *first; packet != packets_.end(); ++packet) {
    if ((packet->rooms.empty() || name_one_of(packet->rooms, session.rooms)) && !name_one_of(packet->except, session.rooms)) {
      missed.emplace_back().append(packet->data->bytes());
    }
  }
  ++counters_.sessions_recovered;
  done(std::move(missed));
}

void InMemoryAdapter::drop_oldest_packet() {
  packet_bytes_ -= packets_.front().size_bytes;
  last_dropped_ = packets_.front().offset;
  packets_.pop_front();
}

void InMemoryAdapter::drop_oldest_session() {
  // A session that was saved again expires later, and has another entry further back in this list.
  const auto& [due_ms, pid] = session_order_.front();
  const auto found = sessions_.find(pid);
  if (found != sessions_.end() && found->second.due_ms <= due_ms) {
    sessions_.erase(found);
  }
  session_order_.pop_front();
}

void InMemoryAdapter::drop_expired() {
  const std::uint64_t now_ms = host_.scheduler().now_ms();
  while (!packets_.empty() && packets_.front().due_ms <= now_ms) {
    drop_oldest_packet();
  }
  while (!session_order_.empty() && session_order_.front().first <= now_ms) {
    drop_oldest_session();
  }
}

void InMemoryAdapter::clean_later() {
  if (cleaning_ == 0) {
    constexpr std::chrono::milliseconds once_a_minute = std::chrono::minutes(1);
    cleaning_ = host_.scheduler().call_after(once_a_minute, [this] {
      cleaning_ = 0;
      drop_expired();
      if (!packets_.empty() || !sessions_.empty()) {
        clean_later();
      }
    });
  }
}

}  // namespace socketio::adapter
