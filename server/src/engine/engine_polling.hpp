#pragma once

#include <memory>
#include <optional>
#include <string>

#include <socketio/protocol/engineio_packet.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/http.hpp>

#include "engine_answers.hpp"
#include "engine_request.hpp"
#include "websocket/frame_queue.hpp"

namespace socketio::server {

/// Receives the packets and events of long polling. May discard the transport.
class PollingListener {
 public:
  virtual ~PollingListener() = default;
  /// Borrowed until return.
  virtual void on_polling_packet(const engineio_packet::Packet& packet) = 0;
  /// A GET is pending, and the response before it is sent completely.
  virtual void on_polling_writable() = 0;
  /// The client has sent a body above the limit; on_polling_failed() follows.
  virtual void on_too_large() = 0;
  /// The client broke a rule, or disconnected during a request.
  virtual void on_polling_failed(CloseReason reason) = 0;
  /// After finish(): the client has received the close.
  virtual void on_polling_finished() = 0;
};

/// The packets that every session needs, encoded once.
struct EngineFrames {
  FrameRef close = FrameRef::packet("1");
  FrameRef ping = FrameRef::packet("2");
  FrameRef pong = FrameRef::packet("3");
  FrameRef probe_answer = FrameRef::packet("3probe");
  FrameRef noop = FrameRef::packet("6");
};

/// Long polling of one session: at most one GET that waits for packets, and one POST that is being read.
///
/// Source: docs/wire_server.md, "Long polling".
class PollingTransport : public std::enable_shared_from_this<PollingTransport> {
 public:
  struct Context {  ///< objects that outlive the transport
    const EngineOptions& options;
    const EngineAnswers& answers;
    const EngineFrames& frames;
  };
  /// `base64`: for clients of revision 3 that accept no binary.
  PollingTransport(const Context& context, PollingListener& listener, int revision, bool base64)
      : context_(context), listener_(&listener), revision_(revision), base64_(base64) {}

  /// Responds to the first request of the session `id` with `open` alone.
  void open(HttpExchange& exchange, const EngineQuery& query, const FrameRef& open, std::string_view id);
  /// Handles a later request: GET, POST, or a method that is refused.
  void handle(HttpExchange& exchange, const EngineQuery& query);

  /// True while the listener receives the packets of a body.
  [[nodiscard]] bool more_follows() const noexcept { return reading_; }

  void queue(FrameRef frame) { queue_.push(std::move(frame)); }
  /// Queued bytes, including those of the last response that the system has not accepted.
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return queue_.size_bytes() + unsent_bytes(); }
  [[nodiscard]] FrameQueue::Mark mark() const;
  [[nodiscard]] bool writable() const noexcept { return get_ != nullptr && sending_ == nullptr && !finishing_; }
  /// Responds to the pending GET, if something is queued.
  void flush();
  /// Responds to the pending GET in any case, so that the client can stop polling.
  void release_client();

  /// Returns the queued frames, and closes like discard().
  [[nodiscard]] FrameQueue hand_over();
  /// Closes at once: a pending GET gets `last`, a POST that is being read is refused. The listener is not called any more.
  void discard(const FrameRef& last);
  /// Closes in order. Queued packets are sent with a GET of their own, then `1` with the next one: a client handles `1` before
  /// the messages in front of it in the same body. True when `1` is sent.
  [[nodiscard]] bool finish();

 private:
  void handle_get(HttpExchange& exchange, const EngineQuery& query);
  void handle_post(HttpExchange& exchange, const EngineQuery& query);
  /// Continues after a GET has arrived, or the response before it is sent completely.
  void go_on();
  [[nodiscard]] std::size_t unsent_bytes() const noexcept { return sending_ ? sending_->unsent_bytes() : 0; }
  void on_body(HttpExchange& exchange, Bytes body, bool octets);
  template <typename Reader>
  void read_packets(Reader reader);
  void fail(CloseReason reason);
  void answer_last();
  void answer(HttpExchange& exchange, const std::optional<std::string>& jsonp, std::string_view opened);

  Context context_;
  PollingListener* listener_;  // null once discarded
  std::shared_ptr<HttpExchange> get_;
  std::shared_ptr<HttpExchange> sending_;  // has its response, which is not sent completely
  std::optional<std::string> get_jsonp_;
  FrameQueue queue_;
  int revision_;
  bool base64_;
  bool posting_ = false;
  bool reading_ = false;
  bool finishing_ = false;
};

}  // namespace socketio::server
