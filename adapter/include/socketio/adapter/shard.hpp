#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/room_observer.hpp>
#include <socketio/adapter/selection.hpp>
#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/fleet/operation.hpp>
#include <socketio/protocol/flags.hpp>

namespace socketio::adapter {

/// Receives the acks of a broadcast.
class SOCKETIO_API AckListener {
 public:
  virtual ~AckListener();
  /// Called once with the number of clients asked. When their sockets are on several loops, acks may arrive before.
  virtual void on_clients(std::size_t count) = 0;
  /// One client's ack, a msgpack array of its arguments; borrowed until return.
  virtual void on_ack(Bytes arguments) = 0;
};

/// Encoded sockets for fetch requests: maps {id, handshake, rooms, data}.
struct Sockets {
  std::size_t count = 0;
  Buffer packed;  ///< msgpack: the maps in sequence. JSON: the objects with commas between them
};
enum class Form : std::uint8_t { msgpack, json };

/// Session of a socket whose connection was lost, kept so that its client can recover.
struct SavedSession {
  std::string sid;
  std::string pid;
  std::vector<std::string> rooms;
  Buffer data;              ///< msgpack
  std::string offset = {};  ///< of the last event that was sent to it; empty when there was none, or it is not known
};
/// Each [event, args..., offset], oldest first.
using MissedPackets = std::vector<Buffer>;

/// An operation on the sockets of a shard. Borrows everything.
struct ShardOperation {
  Operation::Kind kind = Operation::Kind::emit;  ///< not server_side
  Selection selection = {};
  Bytes data = {};       ///< emit: [event, args...], well formed, its name not reserved
  Flags flags = {};      ///< emit
  RoomNames rooms = {};  ///< join, leave
  bool close = false;    ///< disconnect

  static ShardOperation of(const Operation& operation) noexcept {
    const auto& [kind, target, data, rooms, close] = operation;
    return {kind, selection_of(target), data, target.flags, rooms, close};
  }
};

/// Interface to the sockets of one namespace: those on one loop, or on several loops that act as one. The adapter calls each
/// shard it is given. Results are passed to callbacks: during the call when all sockets are on the caller's loop, later when
/// they are not. Calls to one shard take effect in their order.
///
/// Bytes and lists are borrowed until return.
class SOCKETIO_API Shard {
 public:
  virtual ~Shard();
  virtual void apply(const ShardOperation& operation) = 0;
  /// Delivers an event that asks for an ack with this id; drops acks that arrive after flags.timeout_ms().
  virtual void deliver_with_ack(const Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                                std::shared_ptr<AckListener> listener) = 0;
  virtual void fetch(const Selection& selection, Form form, std::function<void(Sockets)> done) = 0;
  /// Lists each room that has a socket, including those of the sockets' ids.
  virtual void rooms(std::function<void(std::vector<std::string>)> done) = 0;
  /// Sets the observer of rooms that become occupied or empty; null for none. It outlives the shard, or is replaced by null.
  virtual void set_observer(RoomObserver* observer) = 0;
  /// True when a socket of this shard is in the room. Called before a message is decoded: returns at once, on any loop.
  [[nodiscard]] virtual bool has_room(std::string_view room) const = 0;
};

}  // namespace socketio::adapter
