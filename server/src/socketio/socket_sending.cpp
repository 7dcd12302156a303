#include "socket_sending.hpp"

#include <limits>
#include <memory>
#include <utility>

#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/target.hpp>

namespace socketio::server::socket_sending {
namespace {

/// Passes the event through the adapter, which keeps it for recovery. Sockets on other loops post it to the first one.
void emit_through_adapter(SocketCore& socket, Bytes data, const Flags& flags) {
  const auto emit = [nsp = &socket.nsp(), target = Target{.rooms = {Room(socket.id())}, .flags = flags}](Bytes event) {
    nsp->adapter().apply(Operation::emit(target, event));
  };
  SocketShard& shard = socket.shard();
  if (shard.is_first()) {
    emit(data);
    return;
  }
  LoopContext& home = *shard.home();
  ++home.emits_under_way;
  const auto backlog = home.server.first_backlog;
  const std::size_t bytes = posting_bytes + data.size();
  backlog->add(bytes);  // waits while the first loop's backlog is full
  socket.nsp().loop().post([self = socket.nsp().shared_from_this(), &shard, emit, backlog, bytes,
                            event = std::vector<std::uint8_t>(data.begin(), data.end())] {
    backlog->done(bytes);
    if (self->is_open()) {
      emit(event);
      shard.loop().post([self, &shard] {
        if (LoopContext* const there = shard.home()) {
          --there->emits_under_way;
        }
      });
    }
  });
}

/// True when the connection was lost, and the client may still recover the session.
bool is_awaited(const SocketCore& socket) {
  const SocketRecovery* const recovery = socket.recovery.get();
  return socket.home() != nullptr && recovery != nullptr && socket.shard().loop().now_ms() < recovery->recoverable_until_ms;
}

/// Calls `done` later, for an event that was not sent.
void refuse(SocketCore& socket, AckStatus status, OnAck done) {
  // Other loops do not run any more when the namespace has ended.
  Loop& loop = socket.home() != nullptr ? socket.shard().loop() : socket.nsp().loop();
  loop.post([self = socket.shared_from_this(), done = std::move(done), status] {
    self->shard().guard("ack", self->id(), [&] { done({status, {}}); });
  });
}

}  // namespace

bool emit(SocketCore& socket, Bytes data, const Flags& flags) {
  socket.check_thread();
  event_data::require(data, is_reserved_client_event);
  if (!socket.may_send() && !is_awaited(socket)) {
    return false;
  }
  if (socket.nsp().keeps_packets()) {
    emit_through_adapter(socket, data, flags);
    return true;
  }
  LoopContext& home = *socket.home();
  const FrameRef frame = home.writer.event(socket.nsp().name(), data, std::nullopt, flags.compress().value_or(true));
  if (!frame) {
    ++home.counters.unsendable;
    return false;
  }
  const bool sent = socket.send(frame, flags.is_volatile());
  socket.notify_outgoing(data);
  return sent;
}

void emit_with_ack(SocketCore& socket, Bytes data, const Flags& flags, OnAck done) {
  socket.check_thread();
  event_data::require(data, is_reserved_client_event);
  LoopContext* const home = socket.home();
  if (home == nullptr || !socket.is_connected()) {
    refuse(socket, AckStatus::disconnected, std::move(done));
    return;
  }
  const std::uint64_t id = socket.nsp().next_ack_id();
  const FrameRef frame =
      home->writer.event(socket.nsp().name(), data, static_cast<std::int64_t>(id), flags.compress().value_or(true));
  if (!frame) {
    ++home->counters.unsendable;
    refuse(socket, AckStatus::refused, std::move(done));
    return;
  }
  PendingAcks::Entry entry{id, std::numeric_limits<std::uint64_t>::max(), 0, {}};
  if (const auto timeout_ms = flags.timeout_ms()) {
    entry.timer = home->loop.call_after(std::chrono::milliseconds(*timeout_ms), [weak = socket.weak_from_this(), id] {
      PendingAcks::Entry late;
      const auto self = weak.lock();
      if (self != nullptr && self->acks().take(id, late)) {
        ++self->home()->counters.acks_timed_out;
        late.answered(AckStatus::timed_out, {});
      }
    });
  }
  const Loop::TimerId timer = entry.timer;
  entry.answered = [&socket, done](AckStatus status, Bytes array) {
    socket.shard().guard("ack", socket.id(), [&] { done({status, Arguments::of_array(array)}); });
  };
  if (ask(socket, frame, std::move(entry))) {
    socket.notify_outgoing(data);
  } else {
    home->loop.cancel(timer);
    refuse(socket, AckStatus::refused, std::move(done));
  }
}

bool ask(SocketCore& socket, const FrameRef& frame, PendingAcks::Entry entry) {
  LoopContext& home = *socket.home();
  PendingAcks& acks = socket.acks();
  acks.drop_overdue(home.loop.now_ms());
  if (acks.size() >= home.server.options.pending_acks_per_socket_max) {
    ++home.counters.acks_refused;
    return false;
  }
  acks.add(std::move(entry));
  socket.send(frame);
  return true;
}

void on_ack(SocketCore& socket, const socketio_packet::Packet& packet) {
  PendingAcks::Entry entry;
  if (!packet.id || *packet.id < 0 || !socket.acks().take(static_cast<std::uint64_t>(*packet.id), entry)) {
    ++socket.home()->counters.acks_unknown;
    return;
  }
  socket.shard().loop().cancel(entry.timer);
  const auto self = socket.shared_from_this();
  entry.answered(AckStatus::ok, packet.data);
}

}  // namespace socketio::server::socket_sending
