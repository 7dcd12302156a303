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
#include "frame_queue.hpp"

namespace socketio::server {

/// Hears what comes by long polling. May discard the transport.
class PollingListener {
 public:
  virtual ~PollingListener() = default;
  /// Borrowed until return.
  virtual void on_polling_packet(const engineio_packet::Packet& packet) = 0;
  /// A GET waits, and the client has taken the answer before it.
  virtual void on_polling_writable() = 0;
  /// The client has sent more at once than it may; on_polling_failed() follows.
  virtual void on_too_large() = 0;
  /// The client broke a rule, or went away in the midst of a request.
  virtual void on_polling_failed(CloseReason reason) = 0;
  /// After finish(): the client knows that it is over.
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

/// One session's requests: at most one GET that waits for packets, and one POST that is being read.
///
/// Source: docs/wire_server.md, "Long polling".
class PollingTransport : public std::enable_shared_from_this<PollingTransport> {
 public:
  struct Context {  ///< what outlives it
    const EngineOptions& options;
    const EngineAnswers& answers;
    const EngineFrames& frames;
  };
  /// `base64`: for clients of revision 3 that take no binary.
  PollingTransport(const Context& context, PollingListener& listener, int revision, bool base64)
      : context_(context), listener_(&listener), revision_(revision), base64_(base64) {}

  /// Answers the session's first request with `open` alone.
  void open(HttpExchange& exchange, const EngineQuery& query, const FrameRef& open, std::string_view cookie);
  /// A later request: GET, POST, or a method that is refused.
  void handle(HttpExchange& exchange, const EngineQuery& query);

  /// While the listener is given the packets of a body.
  [[nodiscard]] bool more_follows() const noexcept { return reading_; }

  void queue(FrameRef frame) { queue_.push(std::move(frame)); }
  /// With what the system has not taken of the last answer.
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return queue_.size_bytes() + unsent_bytes(); }
  [[nodiscard]] FrameQueue::Mark mark() const;
  [[nodiscard]] bool writable() const noexcept { return get_ != nullptr && sending_ == nullptr && !finishing_; }
  /// Answers the GET that waits, if something is queued.
  void flush();
  /// Answers the GET that waits in any case, so that the client can stop polling.
  void release_client();

  /// Hands over what is queued, and ends as discard() does.
  [[nodiscard]] FrameQueue hand_over();
  /// Ends at once: a GET that waits gets `last`, a POST that is being read is refused. The listener hears nothing any more.
  void discard(const FrameRef& last);
  /// Ends. What is queued goes with a GET of its own, then `1` with the next one: a client handles `1` before the messages that
  /// stand in front of it in the same body. True when it is done.
  [[nodiscard]] bool finish();

 private:
  void handle_get(HttpExchange& exchange, const EngineQuery& query);
  void handle_post(HttpExchange& exchange, const EngineQuery& query);
  /// A GET has come, or the client has taken the answer before it.
  void go_on();
  [[nodiscard]] std::size_t unsent_bytes() const noexcept { return sending_ ? sending_->unsent_bytes() : 0; }
  void on_body(HttpExchange& exchange, Bytes body, bool octets);
  template <typename Reader>
  void read_packets(Reader reader);
  void fail(CloseReason reason);
  void answer_last();
  void answer(HttpExchange& exchange, const std::optional<std::string>& jsonp, std::string_view cookie);

  Context context_;
  PollingListener* listener_;  // null once discarded
  std::shared_ptr<HttpExchange> get_;
  std::shared_ptr<HttpExchange> sending_;  // has been answered, and the client does not take it all
  std::optional<std::string> get_jsonp_;
  FrameQueue queue_;
  int revision_;
  bool base64_;
  bool posting_ = false;
  bool reading_ = false;
  bool finishing_ = false;
};

}  // namespace socketio::server
