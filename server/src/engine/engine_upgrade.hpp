#pragma once

#include <memory>

#include <socketio/common/bytes.hpp>

#include "http/deadline_queue.hpp"
#include "websocket/websocket_connection.hpp"

namespace socketio::server {

class EngineSession;
struct EngineShared;

/// Upgrade of a polling session to a WebSocket: the client probes the WebSocket, stops polling, and sends the upgrade packet.
/// Any other event closes only the WebSocket.
///
/// Source: docs/wire_server.md, "Upgrade from polling".
class EngineUpgrade final : private WebSocketListener {
 public:
  EngineUpgrade(EngineShared& shared, EngineSession& session, std::unique_ptr<WebSocketConnection> candidate);
  /// Closes the WebSocket unless the session has taken it over.
  ~EngineUpgrade() override;

  /// Starts reading on the WebSocket. May destroy this.
  void start();

  /// Entry of an upgrade in the shared deadline queues.
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
