#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>

namespace socketio {

namespace server {
class EngineLink;
}

/// A connection of bare Engine.IO, without Socket.IO above it; see Server::serve_engine(). A small handle that does not keep
/// the connection open; for the thread of the server's loop.
class SOCKETIO_API EngineSocket {
 public:
  explicit EngineSocket(std::shared_ptr<server::EngineLink> link) noexcept;

  /// The secret session id.
  [[nodiscard]] std::string_view id() const noexcept;
  /// Sends a message. False once the connection is closed, or when its queue is full because the client does not read.
  bool send(std::string_view text) const;
  bool send_binary(Bytes data) const;
  void close() const;
  void on_message(std::function<void(Bytes data, bool binary)> listener) const;
  void on_close(std::function<void(std::string_view reason)> listener) const;

 private:
  std::shared_ptr<server::EngineLink> link_;
};

}  // namespace socketio
