#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <socketio/protocol/engineio_packet.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/http.hpp>
#include <socketio/server/id.hpp>

#include "http/deadline_queue.hpp"
#include "engine_polling.hpp"
#include "engine_request.hpp"
#include "session_id.hpp"
#include "websocket/websocket_connection.hpp"

namespace socketio::server {

class EngineUpgrade;
struct EngineShared;

/// Session of one client: a transport, the state that both transports have in common, and perhaps an upgrade in progress. There
/// are many sessions: rarely needed members are behind pointers.
///
/// As a QueuedDeadline it waits for its heartbeat, or once it is closed for its last GET.
class EngineSession final : public Session, public QueuedDeadline, private WebSocketListener, private PollingListener {
 public:
  EngineSession(EngineShared& shared, SessionId id, const EngineQuery& query, const HttpRequest& request);
  ~EngineSession() override;

  // Session
  [[nodiscard]] std::string_view id() const noexcept override { return id_.text(); }
  [[nodiscard]] int revision() const noexcept override { return revision_; }
  [[nodiscard]] EngineTransport transport() const noexcept override {
    return websocket_ ? EngineTransport::websocket : EngineTransport::polling;
  }
  [[nodiscard]] RequestInfo request() const override { return request_.unpack(); }
  [[nodiscard]] const PackedRequest& packed_request() const noexcept override { return request_; }
  void set_listener(SessionListener* listener) noexcept override { listener_ = listener; }
  bool send(const FrameRef& frame, bool is_volatile) override;
  void close(CloseReason reason) override { end(reason, Ending::in_order); }

  // the first transport
  void open(HttpExchange& exchange, const EngineQuery& query);
  void open(std::unique_ptr<WebSocketConnection> websocket);
  /// Starts reading on the first transport, once the listener is set.
  void start();

  // requests that name this session
  void handle_polling(HttpExchange& exchange, const EngineQuery& query);
  void begin_upgrade(std::unique_ptr<WebSocketConnection> candidate);
  [[nodiscard]] bool is_polling() const noexcept { return polling_ != nullptr; }
  /// True when the session has ended; it may exist until the turn ends.
  [[nodiscard]] bool has_ended() const noexcept { return state_ == State::ended; }

  // called by the upgrade
  void switch_to(std::unique_ptr<WebSocketConnection> websocket);
  void abandon_upgrade();
  void release_polling();

  /// State of a session above its queue limit: the client's progress at the last check.
  struct Slow : QueuedDeadline {
    explicit Slow(EngineSession& owner) noexcept : session(owner) {}
    EngineSession& session;
    FrameQueue::Mark mark;
  };

  // called by the shared queues
  void on_progress_due();
  void flush();
  void on_ping_due();
  void on_pong_due();
  void on_last_get_due();
  /// Does nothing unless it waits for a last GET.
  void stop_lingering();

 private:
  enum class State : std::uint8_t {
    open,
    lingering,  ///< closed, but the client is not notified yet: its next GET does that
    ended,
  };
  enum class Ending : std::uint8_t {
    in_order,  ///< queued messages are sent first
    at_once,
    by_client,  ///< the client closed it, and needs no notification
  };

  [[nodiscard]] bool more_follows() const noexcept override;
  void on_websocket_message(Bytes data, bool binary) override;
  void on_websocket_ended(bool error) override;
  void on_polling_packet(const engineio_packet::Packet& packet) override;
  void on_polling_writable() override;
  void on_polling_failed(CloseReason reason) override;
  void on_polling_finished() override;
  void on_too_large() override;  ///< of both listeners

  void start_heartbeat();
  void extend_pong_wait();
  void take(const engineio_packet::Packet& packet);
  void queue(FrameRef frame);
  void flush_later();
  [[nodiscard]] bool writable() const noexcept;
  [[nodiscard]] std::size_t queued_bytes() const noexcept;
  [[nodiscard]] FrameQueue::Mark mark() const { return websocket_ ? websocket_->mark() : polling_->mark(); }
  void flush_transport() { websocket_ ? websocket_->flush() : polling_->flush(); }
  [[nodiscard]] bool has_room_for(std::size_t bytes);
  void end(CloseReason reason, Ending ending);
  void end_transport(Ending ending);

  EngineShared& shared_;
  SessionListener* listener_ = nullptr;
  std::unique_ptr<WebSocketConnection> websocket_;
  std::shared_ptr<PollingTransport> polling_;
  std::unique_ptr<EngineUpgrade> upgrade_;
  std::unique_ptr<Slow> slow_;
  PackedRequest request_;
  SessionId id_;
  State state_ = State::open;
  std::uint8_t revision_;
  bool base64_;
  bool flush_requested_ = false;
  bool queue_full_ = false;
  bool pong_wait_extended_ = false;
};

/// Decodes a WebSocket message. `scratch` as with engineio_packet::decode().
[[nodiscard]] Result<engineio_packet::Packet> decode_websocket_message(Bytes data, bool binary, int revision, Buffer& scratch);

}  // namespace socketio::server
