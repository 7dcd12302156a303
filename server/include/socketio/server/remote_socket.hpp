#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/server/handshake.hpp>

namespace socketio {

class BroadcastOperator;
namespace server {
class NamespaceCore;
}

/// A socket on any server, as it was when it was fetched. A value: copy it, keep it. Operations reach the socket on its server;
/// once it has disconnected, they do nothing.
class SOCKETIO_API RemoteSocket {
 public:
  RemoteSocket(std::shared_ptr<server::NamespaceCore> core, Bytes packed);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::vector<std::string>& rooms() const noexcept { return rooms_; }
  [[nodiscard]] Handshake handshake() const { return Handshake::unpack(handshake_); }
  /// The value that the application has set with set_data().
  [[nodiscard]] Value data() const noexcept { return Value(data_); }

  /// Operator for this socket: emits to it, makes it join, leave, disconnect: `socket.target().emit(...)`,
  /// `.sockets_join(...)`. Also with timeout() and emit_with_ack().
  [[nodiscard]] BroadcastOperator target() const;
  template <typename... Args>
  void emit(const Args&... event_and_args) const;
  void join(const Room& room) const;
  void join(std::span<const Room> rooms) const;
  void join(std::initializer_list<Room> rooms) const;
  void leave(const Room& room) const;
  void leave(std::span<const Room> rooms) const;
  void leave(std::initializer_list<Room> rooms) const;
  void disconnect(bool close = false) const;

 private:
  std::shared_ptr<server::NamespaceCore> core_;
  std::string id_;
  std::vector<std::string> rooms_;
  std::vector<std::uint8_t> handshake_;
  std::vector<std::uint8_t> data_;
};

/// Result of fetch_sockets().
struct FetchedSocketList {
  std::vector<RemoteSocket> sockets;
  std::size_t servers_missing = 0;  ///< servers that did not respond in time: their sockets are not in the list

  [[nodiscard]] bool complete() const noexcept { return servers_missing == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return sockets.size(); }
  [[nodiscard]] auto begin() const noexcept { return sockets.begin(); }
  [[nodiscard]] auto end() const noexcept { return sockets.end(); }
};

}  // namespace socketio
