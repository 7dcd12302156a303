#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <socketio/protocol/engineio_packet.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/http.hpp>

#include "engine_polling.hpp"
#include "engine_request.hpp"
#include "websocket/websocket_connection.hpp"

namespace socketio::server {

struct EngineShared;

/// Receives the packets and events of a session's transport. May end it.
class TransportListener {
 public:
  /// Borrowed until return.
  virtual void on_packet(const engineio_packet::Packet& packet) = 0;
  /// The client has sent more than max_http_buffer_size; on_transport_ended() follows.
  virtual void on_too_large() = 0;
  /// There are queued packets, and the client waits for them.
  virtual void on_writable() = 0;
  /// The client has closed the transport (`by_client`), has disconnected or broken a rule.
  virtual void on_transport_ended(CloseReason reason, bool by_client) = 0;
  /// After end() has returned false: the client has received the close.
  virtual void on_finished() = 0;

 protected:
  ~TransportListener() = default;
};

/// The transports of one session: long polling, a WebSocket, or one after the other.
class SessionTransports final : private WebSocketListener, private PollingListener {
 public:
  enum class Ending : std::uint8_t {
    in_order,  ///< queued messages are sent first
    at_once,
    by_client,  ///< the client closed it, and needs no notification
  };

  SessionTransports(EngineShared& shared, TransportListener& listener, const EngineQuery& query);

  [[nodiscard]] int revision() const noexcept { return revision_; }
  [[nodiscard]] bool is_websocket() const noexcept { return websocket_ != nullptr; }
  [[nodiscard]] bool is_polling() const noexcept { return polling_ != nullptr; }

  // the first transport
  void open(HttpExchange& exchange, const EngineQuery& query, std::string_view sid);
  /// Reads nothing before start().
  void open(std::unique_ptr<WebSocketConnection> websocket, std::string_view sid);
  void start();

  // requests of a polling session
  void handle(HttpExchange& exchange, const EngineQuery& query);
  /// Lets a client that wants to upgrade stop polling.
  void release_client();
  /// Continues on a WebSocket, with the queued packets.
  void switch_to(std::unique_ptr<WebSocketConnection> websocket);

  void queue(FrameRef frame);
  void flush() { websocket_ ? websocket_->flush() : polling_->flush(); }
  [[nodiscard]] bool writable() const noexcept { return websocket_ ? websocket_->writable() : polling_->writable(); }
  [[nodiscard]] std::size_t queued_bytes() const noexcept {
    return websocket_ ? websocket_->queued_bytes() : polling_->queued_bytes();
  }
  [[nodiscard]] FrameQueue::Mark mark() const { return websocket_ ? websocket_->mark() : polling_->mark(); }
  [[nodiscard]] bool more_follows() const noexcept {
    return websocket_ ? websocket_->more_follows() : polling_ && polling_->more_follows();
  }

  /// False when a polling client receives the close with its next GET.
  [[nodiscard]] bool end(Ending ending);
  /// After end() has returned false: waits no longer.
  void discard() { polling_.reset(); }

 private:
  void on_websocket_message(Bytes data, bool binary) override;
  void on_websocket_ended(bool error) override;
  void on_polling_packet(const engineio_packet::Packet& packet) override;
  void on_polling_writable() override;
  void on_polling_failed(CloseReason reason) override { listener_.on_transport_ended(reason, false); }
  void on_polling_finished() override { listener_.on_finished(); }
  void on_too_large() override { listener_.on_too_large(); }  ///< of both

  EngineShared& shared_;
  TransportListener& listener_;
  std::unique_ptr<WebSocketConnection> websocket_;
  std::shared_ptr<PollingTransport> polling_;
  std::uint8_t revision_;
  bool base64_;
};

/// Decodes a WebSocket message. `scratch` as with engineio_packet::decode().
[[nodiscard]] Result<engineio_packet::Packet> decode_websocket_message(Bytes data, bool binary, int revision, Buffer& scratch);

}  // namespace socketio::server
