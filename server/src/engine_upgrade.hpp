#pragma once

#include <memory>

#include <socketio/common/bytes.hpp>

#include "deadline_queue.hpp"
#include "websocket_connection.hpp"

namespace socketio::server {

class EngineSession;
struct EngineShared;

/// A WebSocket that wants to become the transport of a polling session: the client probes it, stops polling, and says so.
/// Whatever else happens ends the WebSocket alone.
///
/// Source: docs/wire_server.md, "Upgrade from polling".
class EngineUpgrade final : private WebSocketListener {
 public:
  EngineUpgrade(EngineShared& shared, EngineSession& session, std::unique_ptr<WebSocketConnection> candidate);
  /// Closes the WebSocket unless it was taken.
  ~EngineUpgrade() override;

  /// Lets the WebSocket be read. This may be destroyed by it.
  void start();

  /// How the shared deadline queues find the upgrade again.
  struct Waiting : QueuedDeadline {
    explicit Waiting(EngineUpgrade& owner) noexcept : upgrade(owner) {}
    EngineUpgrade& upgrade;
  };
  void on_timeout();
  void on_release_due();

 private:
  void on_websocket_message(Bytes data, bool binary) override;
  void on_too_large() override;
  void on_websocket_ended(bool error) override;

  EngineShared& shared_;
  EngineSession& session_;
  std::unique_ptr<WebSocketConnection> candidate_;
  Waiting timeout_{*this};
  Waiting release_{*this};
};

}  // namespace socketio::server
