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
#include <socketio/protocol/flags.hpp>

namespace socketio::adapter {

/// Hears what the clients of a broadcast answer.
class SOCKETIO_API AckListener {
 public:
  virtual ~AckListener();
  /// Once: so many clients were asked. Where they are on several loops, answers may come before.
  virtual void on_clients(std::size_t count) = 0;
  /// One client's answer, a msgpack array of its arguments; borrowed until return.
  virtual void on_ack(Bytes arguments) = 0;
};

/// Sockets put into words, for those who fetch them: maps {id, handshake, rooms, data}.
struct Sockets {
  std::size_t count = 0;
  Buffer packed;  ///< msgpack: the maps one behind the other. JSON: the objects with commas between them
};
enum class Form : std::uint8_t { msgpack, json };

/// What is kept of a socket whose connection was lost, so that its client can go on where it was.
struct SavedSession {
  std::string sid;
  std::string pid;
  std::vector<std::string> rooms;
  Buffer data;              ///< msgpack
  std::string offset = {};  ///< of the last event that was sent to it; empty when there was none, or nobody knows
};
/// Each [event, args..., offset], oldest first.
using MissedPackets = std::vector<Buffer>;

/// The sockets of one namespace, as the adapter sees them: those on one loop, or on several that act as one. The adapter asks
/// each shard it is given. Answers come by callback: during the call where all sockets are on the caller's loop, later where
/// they are not. What is asked of one shard happens in the order of the calls.
///
/// Bytes and lists are borrowed until return.
class SOCKETIO_API Shard {
 public:
  virtual ~Shard();
  /// `data`  [event, args...]: well formed, its name not reserved.
  virtual void deliver(const Selection& selection, Bytes data, const Flags& flags) = 0;
  /// Asks the clients for an ack with this id, and forgets them after flags.timeout_ms().
  virtual void deliver_with_ack(const Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                                std::shared_ptr<AckListener> listener) = 0;
  virtual void join(const Selection& selection, const RoomNames& rooms) = 0;
  virtual void leave(const Selection& selection, const RoomNames& rooms) = 0;
  virtual void disconnect(const Selection& selection, bool close) = 0;
  virtual void fetch(const Selection& selection, Form form, std::function<void(Sockets)> done) = 0;
  /// Each room that somebody is in; those of the sockets' ids among them.
  virtual void rooms(std::function<void(std::vector<std::string>)> done) = 0;
  /// Hears when rooms begin and end to have members here; null for nobody. Outlives the shard, or is taken away.
  virtual void set_observer(RoomObserver* observer) = 0;
  /// Somebody here is in the room. Asked before a message is decoded: answered at once, from any loop.
  [[nodiscard]] virtual bool has_room(std::string_view room) const = 0;
};

}  // namespace socketio::adapter
