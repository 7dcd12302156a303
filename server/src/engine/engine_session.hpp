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
#include "engine_request.hpp"
#include "engine_transports.hpp"
#include "session_id.hpp"

namespace socketio::server {

class EngineUpgrade;

/// Session of one client: its transports, heartbeat and limits, and perhaps an upgrade in progress. There are many sessions:
/// rarely needed members are behind pointers.
///
/// As a QueuedDeadline it waits for its heartbeat, or once it is closed for its last GET.
class EngineSession final : public Session, public QueuedDeadline, private TransportListener {
 public:
  EngineSession(EngineShared& shared, SessionId id, const EngineQuery& query, const HttpRequest& request);
  ~EngineSession() override;

  // Session
  [[nodiscard]] std::string_view id() const noexcept override { return id_.text(); }
  [[nodiscard]] int revision() const noexcept override { return transports.revision(); }
  [[nodiscard]] EngineTransport transport() const noexcept override {
    return transports.is_websocket() ? EngineTransport::websocket : EngineTransport::polling;
  }
  [[nodiscard]] RequestInfo request() const override { return request_.unpack(); }
  [[nodiscard]] const PackedRequest& packed_request() const noexcept override { return request_; }
  void set_listener(SessionListener* listener) noexcept override { listener_ = listener; }
  [[nodiscard]] bool more_follows() const noexcept override { return transports.more_follows(); }
  bool send(const FrameRef& frame, bool is_volatile) override;
  void close(CloseReason reason) override { end(reason, Ending::in_order); }

  /// True when the session has ended; it may exist until the turn ends.
  [[nodiscard]] bool has_ended() const noexcept { return state_ == State::ended; }
  void begin_upgrade(std::unique_ptr<WebSocketConnection> candidate);

  // called by the upgrade
  void switch_to(std::unique_ptr<WebSocketConnection> websocket);
  void abandon_upgrade();

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
  /// Ends a closed session whose client has not received that. Does nothing unless it waits for a last GET.
  void on_finished() override;

  SessionTransports transports;

 private:
  using Ending = SessionTransports::Ending;
  enum class State : std::uint8_t {
    open,
    lingering,  ///< closed, but the client is not notified yet: its next GET does that
    ended,
  };

  void on_packet(const engineio_packet::Packet& packet) override;
  void on_too_large() override;
  void on_writable() override;
  void on_transport_ended(CloseReason reason, bool by_client) override;

  void start_heartbeat();
  [[nodiscard]] bool has_room_for(std::size_t bytes);
  void end(CloseReason reason, Ending ending);

  EngineShared& shared_;
  SessionListener* listener_ = nullptr;
  std::unique_ptr<EngineUpgrade> upgrade_;
  std::unique_ptr<Slow> slow_;
  PackedRequest request_;
  SessionId id_;
  State state_ = State::open;
  bool flush_requested_ = false;
  bool queue_full_ = false;
  bool pong_wait_extended_ = false;
};

}  // namespace socketio::server
