#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <socketio/protocol/engineio_packet.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/http.hpp>
#include <socketio/server/id.hpp>

#include "deadline_queue.hpp"
#include "engine_polling.hpp"
#include "engine_request.hpp"
#include "websocket_connection.hpp"

namespace socketio::server {

class EngineUpgrade;
struct EngineShared;

/// One client: a transport, what both transports have in common, and perhaps a second transport that wants to be the first.
/// There are many sessions: what is not needed all the time is behind a pointer.
///
/// As a QueuedDeadline it waits for its heartbeat, or after its end for its last GET.
class EngineSession final : public Session, public QueuedDeadline, private WebSocketListener, private PollingListener {
 public:
  EngineSession(EngineShared& shared, const Id& id, const EngineQuery& query, const HttpRequest& request);
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
  void open(HttpExchange& exchange, const EngineQuery& query, bool with_cookie);
  void open(std::unique_ptr<WebSocketConnection> websocket);
  /// Lets the first transport read, once the listener is there.
  void start();

  // requests that name this session
  void handle_polling(HttpExchange& exchange, const EngineQuery& query);
  void begin_upgrade(std::unique_ptr<WebSocketConnection> candidate);
  [[nodiscard]] bool is_polling() const noexcept { return polling_ != nullptr; }
  /// Over, but perhaps not forgotten before the turn ends.
  [[nodiscard]] bool has_ended() const noexcept { return state_ == State::ended; }

  // of the upgrade
  void switch_to(std::unique_ptr<WebSocketConnection> websocket);
  void abandon_upgrade();
  void release_polling();

  /// Above the queue's limit: how far the client had come when that was looked at last.
  struct Slow : QueuedDeadline {
    explicit Slow(EngineSession& owner) noexcept : session(owner) {}
    EngineSession& session;
    FrameQueue::Mark mark;
  };

  // of the shared queues
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
    lingering,  ///< ended, but the client is still to be told, by its next GET
    ended,
  };
  enum class Ending : std::uint8_t {
    in_order,  ///< what is queued goes first
    at_once,
    by_client,  ///< the client said so: nobody need tell it
  };

  [[nodiscard]] bool more_follows() const noexcept override;
  void on_websocket_message(Bytes data, bool binary) override;
  void on_websocket_ended(bool error) override;
  void on_polling_packet(const engineio_packet::Packet& packet) override;
  void on_polling_writable() override;
  void on_polling_failed(CloseReason reason) override;
  void on_polling_finished() override;
  void on_too_large() override;  ///< of both

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
  Id id_;
  State state_ = State::open;
  std::uint8_t revision_;
  bool base64_;
  bool flush_requested_ = false;
  bool queue_full_ = false;
  bool pong_wait_extended_ = false;
};

/// Reads what a WebSocket carries. `scratch` as with engineio_packet::decode().
[[nodiscard]] Result<engineio_packet::Packet> decode_websocket_message(Bytes data, bool binary, int revision, Buffer& scratch);

}  // namespace socketio::server
