#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/protocol/websocket_frame.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/http.hpp>

#include "http/deadline_queue.hpp"
#include "frame_queue.hpp"

// WebSocket connections: RFC 6455 on a connection that HTTP has handed over.
namespace socketio::server {

class WebSocketConnection;

/// Receives the messages and events of a WebSocket. May close it.
class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;
  /// Borrowed until return.
  virtual void on_websocket_message(Bytes data, bool binary) = 0;
  /// The client has sent a message above the limit; on_websocket_ended() follows.
  virtual void on_too_large() = 0;
  /// The client closed it, or has disconnected. `error`: it broke the protocol, or does not read its pongs. The last call; the
  /// connection is of no more use, but must still be given to WebSocketHost::close().
  virtual void on_websocket_ended(bool error) = 0;
};

/// State that the WebSockets of a server share; owns those that are closing.
class WebSocketHost {
 public:
  struct Options {
    std::size_t message_bytes_max = 0;
    std::size_t queue_bytes_max = 0;
    std::uint64_t closing_timeout_ms = 30'000;  ///< for the client's close frame
    std::size_t closing_bytes_max = 1 << 20;    ///< most bytes read until then
    std::size_t compression_threshold = 0;
    // Limits of what is handled of one connection before others get their turn.
    std::size_t turn_bytes_max = 1 << 20;  ///< inflated
    std::uint64_t turn_ms_max = 5;
  };

  WebSocketHost(Loop& loop, const Options& options);
  ~WebSocketHost();

  [[nodiscard]] const Options& options() const noexcept { return options_; }

  /// Closes a connection as the standard requires: sends the queue and a close frame, waits for the client's close frame or the
  /// timeout, and closes. Its listener is not called any more. `drop_queue`: the queue is not sent.
  void close(std::unique_ptr<WebSocketConnection> connection, bool drop_queue = false);

 private:
  friend class WebSocketConnection;
  struct Closing : QueuedDeadline {
    std::unique_ptr<WebSocketConnection> connection;
    std::size_t input_bytes = 0;
  };
  /// Counts the bytes received on a connection that is closing. False when the client has sent so much that its close frame is
  /// no longer awaited.
  [[nodiscard]] bool may_send(const WebSocketConnection& connection, std::size_t bytes);
  void bury(WebSocketConnection& connection);
  /// Calls resume() at the end of the next turn.
  void resume_later(WebSocketConnection& connection);
  void end_turn();

  Loop& loop_;
  Options options_;
  DeadlineQueue closing_due_;
  net::TurnEnd turn_end_;
  std::vector<WebSocketConnection*> resuming_;
  std::unordered_map<const WebSocketConnection*, Closing> closing_;
  std::vector<std::unique_ptr<WebSocketConnection>> dead_;  // until the turn ends: their functions may be running
  FrameRef empty_close_;
  Buffer input_;  // a copy of the input: parsers unmask in place
};

/// One WebSocket. Its owner gives it to WebSocketHost::close(), and never destroys it while it is in use.
class WebSocketConnection final : private RawListener {
 public:
  /// Nothing is read before start().
  /// `compression`: permessage-deflate was agreed on.
  WebSocketConnection(WebSocketHost& host, std::unique_ptr<RawConnection> raw, int revision, bool compression);
  ~WebSocketConnection() override;

  void set_listener(WebSocketListener* listener) noexcept { listener_ = listener; }
  void start();
  /// For clients of Engine.IO 3 that accept no binary frames.
  void set_base64(bool base64) noexcept { base64_ = base64; }

  /// True while the listener receives a message and there are more bytes that arrived with it.
  [[nodiscard]] bool more_follows() const noexcept { return more_follows_; }

  void queue(FrameRef frame) { queue_.push(std::move(frame)); }
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return queue_.size_bytes(); }
  [[nodiscard]] FrameQueue::Mark mark() const { return queue_.mark(); }
  /// False while the system does not accept the bytes written before.
  [[nodiscard]] bool writable() const noexcept { return !blocked_ && state_ == State::open; }
  /// Writes the queue, as far as the system accepts it; the rest when it accepts more.
  void flush();

 private:
  friend class WebSocketHost;
  enum class State : std::uint8_t {
    open,
    ended,    ///< the client closed it, or broke the protocol; the listener has been notified
    closing,  ///< a close frame is queued or sent, the client's is awaited
    dead,     ///< closed, and about to be destroyed
  };

  void on_bytes(Bytes bytes) override;
  void on_drained() override;
  void on_lost(bool error) override;

  void read(std::span<std::uint8_t> input);
  /// Continues with input that could not be handled in one turn.
  void resume();
  /// Handles a message. Returns its size in bytes, inflated.
  std::size_t take(const websocket_frame::Message& message);
  std::size_t take_compressed(const websocket_frame::Message& message);
  void end(FrameRef close, bool error);
  void fail(websocket_frame::CloseCode code);
  void begin_closing(bool drop_queue);
  void finish_if_done();
  void die();
  [[nodiscard]] Bytes form_of(const Frame& frame) const;
  std::size_t gather(std::span<Bytes> parts) const;
  void advance(std::span<const Bytes> parts, std::size_t taken);

  WebSocketHost& host_;
  std::unique_ptr<RawConnection> raw_;
  WebSocketListener* listener_ = nullptr;
  websocket_frame::Parser parser_;
  FrameQueue queue_;
  std::unique_ptr<Buffer> unread_;  ///< received, and waits for another turn
  State state_ = State::open;
  bool blocked_ = false;
  bool more_follows_ = false;
  bool close_received_ = false;  ///< or the client's input is no longer parsed
  bool lost_ = false;
  bool started_ = false;
  bool revision3_ = false;
  bool base64_ = false;
  bool compression_ = false;
};

}  // namespace socketio::server
