#include "websocket_connection.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include <socketio/net/timer.hpp>
#include <socketio/protocol/utf8.hpp>

#include "websocket_deflate.hpp"

namespace socketio::server {

using websocket_frame::CloseCode;
using websocket_frame::Message;
using websocket_frame::Opcode;

// ---- the host --------------------------------------------------------------------------------------------------------------

WebSocketHost::WebSocketHost(Loop& loop, const Options& options)
    : loop_(loop),
      options_(options),
      closing_due_(loop, options.closing_timeout_ms,
                   [](QueuedDeadline& deadline) { static_cast<Closing&>(deadline).connection->die(); }),
      turn_end_(loop, [this] { end_turn(); }),
      empty_close_(FrameRef::websocket_close(CloseCode::none)) {}

WebSocketHost::~WebSocketHost() = default;

void WebSocketHost::close(std::unique_ptr<WebSocketConnection> connection, bool drop_queue) {
  Closing& closing = closing_[connection.get()];
  closing.connection = std::move(connection);
  closing_due_.start(closing);
  closing.connection->begin_closing(drop_queue);
}

void WebSocketHost::resume_later(WebSocketConnection& connection) {
  resuming_.push_back(&connection);
  turn_end_.request();
}

void WebSocketHost::end_turn() {
  for (WebSocketConnection* const connection : std::exchange(resuming_, {})) {
    connection->resume();
  }
  dead_.clear();
}

bool WebSocketHost::may_send(const WebSocketConnection& connection, std::size_t bytes) {
  const auto found = closing_.find(&connection);
  return found == closing_.end() || (found->second.input_bytes += bytes) <= options_.closing_bytes_max;
}

void WebSocketHost::bury(WebSocketConnection& connection) {
  const auto found = closing_.find(&connection);
  assert(found != closing_.end());
  dead_.push_back(std::move(found->second.connection));
  closing_.erase(found);
  turn_end_.request();
}

// ---- a connection: its life ------------------------------------------------------------------------------------------------

WebSocketConnection::WebSocketConnection(WebSocketHost& host, std::unique_ptr<RawConnection> raw, int revision,
                                         bool compression)
    : host_(host),
      raw_(std::move(raw)),
      parser_({host.options().message_bytes_max, compression}),
      revision3_(revision == 3),
      compression_(compression) {}

WebSocketConnection::~WebSocketConnection() {
  if (unread_ != nullptr) {
    std::erase(host_.resuming_, this);
  }
}

void WebSocketConnection::start() {
  if (!started_) {
    started_ = true;
    raw_->set_listener(this);
  }
}

/// Ends the WebSocket because of the client: sends the close frame that the standard requires, and notifies the owner, who
/// passes the connection to WebSocketHost::close().
void WebSocketConnection::end(FrameRef close, bool error) {
  close_received_ = true;
  if (error) {
    raw_->read(false);
  }
  if (!lost_ && state_ == State::open) {
    queue_.drop_unstarted();
    queue_.push(std::move(close));
    flush();
  }
  if (state_ == State::closing) {
    finish_if_done();
    return;
  }
  state_ = State::ended;
  if (listener_ != nullptr) {
    std::exchange(listener_, nullptr)->on_websocket_ended(error);
  }
}

void WebSocketConnection::fail(CloseCode code) {
  if (code == CloseCode::too_large && listener_ != nullptr) {
    listener_->on_too_large();
  }
  end(FrameRef::websocket_close(code), true);
}

void WebSocketConnection::begin_closing(bool drop_queue) {
  listener_ = nullptr;
  if (state_ == State::open) {
    if (drop_queue) {
      queue_.drop_unstarted();
    }
    queue_.push(host_.empty_close_);
  }
  state_ = State::closing;
  start();
  flush();
  finish_if_done();
}

void WebSocketConnection::finish_if_done() {
  if (state_ != State::closing) {
    return;
  }
  if (lost_) {
    die();
  } else if (close_received_ && queue_.empty()) {
    raw_->finish();
    die();
  }
}

void WebSocketConnection::die() {
  state_ = State::dead;
  host_.bury(*this);
}

void WebSocketConnection::on_lost(bool) {
  lost_ = true;
  queue_.clear();
  if (state_ == State::open) {
    end({}, false);
  } else {
    finish_if_done();
  }
}

// ---- reading ---------------------------------------------------------------------------------------------------------------

void WebSocketConnection::on_bytes(Bytes bytes) {
  if (close_received_ || state_ == State::dead) {
    return;
  }
  if (state_ == State::closing && !host_.may_send(*this, bytes.size())) {
    end({}, true);
    return;
  }
  if (unread_ != nullptr) {
    unread_->append(bytes);
    return;
  }
  Buffer input = std::move(host_.input_);
  input.clear();
  input.append(bytes);
  read({input.data(), input.size()});
  host_.input_ = std::move(input);
}

namespace {

/// Remaining work for a connection in this turn. The time is checked only when there are many messages.
class TurnBudget {
 public:
  TurnBudget(Loop& loop, const WebSocketHost::Options& options) noexcept
      : loop_(loop), bytes_left_(options.turn_bytes_max), ms_max_(options.turn_ms_max) {}
  void spend(std::size_t bytes) noexcept {
    bytes_left_ -= std::min(bytes_left_, bytes);
    ++messages_;
  }
  [[nodiscard]] bool is_spent() noexcept {
    constexpr std::size_t messages_per_look = 16;
    if (bytes_left_ == 0) {
      return true;
    }
    if (messages_ < messages_per_look) [[likely]] {
      return false;
    }
    messages_ = 0;
    const std::uint64_t now = net::fresh_now_ms(loop_);
    begin_ms_ = begin_ms_ == 0 ? now : begin_ms_;
    return now - begin_ms_ >= ms_max_;
  }

 private:
  Loop& loop_;
  std::size_t bytes_left_;
  std::uint64_t ms_max_;
  std::uint64_t begin_ms_ = 0;
  std::size_t messages_ = 0;
};

}  // namespace

void WebSocketConnection::resume() {
  const auto input = std::move(unread_);
  if (close_received_ || state_ == State::dead) {
    return;
  }
  read({input->data(), input->size()});
  if (unread_ == nullptr && !close_received_ && state_ != State::dead) {
    raw_->read(true);
  }
}

void WebSocketConnection::read(std::span<std::uint8_t> input) {
  Message message;
  TurnBudget budget(host_.loop_, host_.options());
  while (!close_received_ && state_ != State::dead) {
    if (budget.is_spent() && !input.empty()) {
      unread_ = std::make_unique<Buffer>();
      unread_->append(Bytes(input));
      raw_->read(false);
      host_.resume_later(*this);
      return;
    }
    const auto status = parser_.next(input, message);
    more_follows_ = !input.empty();
    if (status == websocket_frame::Status::more) {
      break;
    }
    if (status == websocket_frame::Status::failed) {
      fail(parser_.close_code());
    } else {
      budget.spend(take(message));
    }
  }
}

std::size_t WebSocketConnection::take(const Message& message) {
  switch (message.opcode) {
    case Opcode::close: end(FrameRef::websocket_close(message.code), false); break;
    case Opcode::ping:
      if (state_ == State::open) {
        queue_.push(FrameRef::websocket_control(Opcode::pong, message.payload));
        flush();
        if (queue_.size_bytes() > host_.options().queue_bytes_max) {
          fail(CloseCode::policy);
        }
      }
      break;
    case Opcode::text:
    case Opcode::binary:
      if (message.compressed) {
        return take_compressed(message);
      }
      if (state_ == State::open && listener_ != nullptr) {
        listener_->on_websocket_message(message.payload, message.opcode == Opcode::binary);
      }
      break;
    case Opcode::pong:
    case Opcode::continuation: break;
  }
  return message.payload.size();
}

std::size_t WebSocketConnection::take_compressed(const Message& message) {
  Buffer plain;
  const auto status = websocket_deflate::decompress(plain, message.payload, host_.options().message_bytes_max);
  if (status == websocket_deflate::Status::too_large) {
    fail(CloseCode::too_large);
  } else if (status != websocket_deflate::Status::ok || (message.opcode == Opcode::text && !utf8::valid(plain.text()))) {
    fail(CloseCode::bad_utf8);  // the code for content that does not match its type
  } else {
    take({message.opcode, false, plain.bytes(), CloseCode::none});
  }
  return plain.size();
}

// ---- writing ---------------------------------------------------------------------------------------------------------------

Bytes WebSocketConnection::form_of(const Frame& frame) const {
  if (revision3_) {
    return frame.websocket_revision3(base64_);
  }
  return compression_ ? frame.websocket_deflated(host_.options().compression_threshold) : frame.websocket();
}

std::size_t WebSocketConnection::gather(std::span<Bytes> parts) const {
  std::size_t count = 0;
  std::size_t skipped = queue_.front_written();
  for (const FrameRef& frame : queue_.frames()) {
    if (count == parts.size()) {
      break;
    }
    parts[count++] = form_of(*frame).subspan(std::exchange(skipped, 0));
  }
  return count;
}

void WebSocketConnection::advance(std::span<const Bytes> parts, std::size_t taken) {
  std::size_t whole = 0;
  while (whole < parts.size() && taken >= parts[whole].size()) {
    taken -= parts[whole++].size();
  }
  queue_.pop(whole, whole == 0 ? queue_.front_written() + taken : taken);
}

void WebSocketConnection::flush() {
  while (!blocked_ && !lost_ && !queue_.empty()) {
    std::array<Bytes, 64> room;
    const std::span<const Bytes> parts = std::span(room).first(gather(room));
    std::size_t size = 0;
    for (const Bytes part : parts) {
      size += part.size();
    }
    const std::size_t taken = raw_->write(parts);
    advance(parts, taken);
    if (taken < size) {
      blocked_ = true;
      raw_->want_drained();
    }
  }
}

void WebSocketConnection::on_drained() {
  blocked_ = false;
  flush();
  finish_if_done();
}

}  // namespace socketio::server
