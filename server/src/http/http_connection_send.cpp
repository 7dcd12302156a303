// A connection's responses, and its end.

#include <array>
#include <cassert>
#include <string>
#include <utility>

#include "http_connection.hpp"
#include "http_raw.hpp"
#include "http_server.hpp"
#include "http_text.hpp"

namespace socketio::server {
namespace {

constexpr std::string_view close_lines = "Connection: close\r\n";
constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

// ---- sending ---------------------------------------------------------------------------------------------------------------

void HttpConnection::read_body(std::size_t bytes_max) {
  phase_ = Phase::body;
  input_.want_body(bytes_max);
  if (continue_owed_ && input_.parser().content_length() <= bytes_max) {
    continue_owed_ = false;
    const Bytes head = as_bytes(continue_head);
    send(std::span(&head, 1));
  }
  if (!advancing_) {
    server_.resume_later(*this);
  }
}

void HttpConnection::respond(ConnectionExchange& from, int status, const Headers& headers, Bytes body,
                             std::shared_ptr<const std::string> owner) {
  if (from.parked) {
    respond_parked(status, headers, body);
    return;
  }
  const auto exchange = std::exchange(exchange_, nullptr);
  const bool complete = input_.parser().complete();
  const bool skip = !complete && !continue_owed_ && input_.may_skip_body();
  const bool keep = keep_alive_ && !server_.closing && (complete || skip);
  Buffer& head = server_.scratch;
  head.clear();
  append_head(head,
              {status, &headers, &from.added, body.size(), keep ? std::string_view(server_.keep_alive_lines) : close_lines});
  const bool bodiless = head_only_ || is_bodiless(status);
  const std::array<Bytes, 2> parts{head.bytes(), bodiless ? Bytes() : body};
  if (parked_ != nullptr) {
    phase_ = !keep ? Phase::ending : skip ? Phase::skipping : Phase::head;
    input_.body().clear_and_shrink(0);
    held_.append(parts[0]);
    held_.append(parts[1]);
    if (!advancing_) {
      server_.resume_later(*this);
    }
    return;
  }
  answered_ = exchange;
  exchange->sending = &output_;
  if (bodiless) {
    owner = nullptr;
  }
  if (!keep) {
    finish_with(parts, std::move(owner));
    return;
  }
  phase_ = skip ? Phase::skipping : Phase::head;
  input_.body().clear_and_shrink(0);
  send(parts, std::move(owner));
  if (!advancing_) {
    server_.resume_later(*this);
  }
}

/// Sends the response to the parked GET, and the held responses after it.
void HttpConnection::respond_parked(int status, const Headers& headers, Bytes body) {
  answered_ = std::move(parked_);
  answered_->sending = &output_;
  const Buffer held = std::exchange(held_, Buffer());
  const bool keep = !server_.closing || phase_ != Phase::head || !held.empty() || !input_.kept().empty();
  Buffer& head = server_.scratch;
  head.clear();
  append_head(head, {status, &headers, &answered_->added, body.size(),
                     keep ? std::string_view(server_.keep_alive_lines) : close_lines});
  const std::array<Bytes, 3> parts{head.bytes(), is_bodiless(status) ? Bytes() : body, held.bytes()};
  waits_for_parked_ = false;
  if (!keep || phase_ == Phase::ending) {
    finish_with(parts);
    return;
  }
  send(parts);
  if (!advancing_) {
    server_.resume_later(*this);
  }
}

std::unique_ptr<RawConnection> HttpConnection::take_over(std::string_view head) {
  const auto exchange = std::exchange(exchange_, nullptr);
  const Bytes part = as_bytes(head);
  send(std::span(&part, 1));
  auto raw = make_raw_connection(server_.loop, std::move(stream_), output_.take(),
                                 advancing_ ? input_.unparsed() : input_.kept().bytes());
  die();
  return raw;
}

void HttpConnection::respond_raw_and_close(std::string_view bytes) {
  const auto exchange = std::exchange(exchange_, nullptr);
  const Bytes part = as_bytes(bytes);
  finish_with(std::span(&part, 1));
}

void HttpConnection::send(std::span<const Bytes> parts, std::shared_ptr<const std::string> owner) {
  output_.write(stream_, parts, std::move(owner));
  if (output_.empty()) {
    sent_all();
  }
}

void HttpConnection::on_writable() {
  const std::size_t sent = output_.write_more(stream_);
  if (!output_.empty()) {
    if (sent != 0) {
      server_.set_deadline(*this, Deadline::output);
    }
    return;
  }
  sent_all();
  phase_ == Phase::ending ? finish_with({}) : resume();
}

/// Called when nothing is left to send, or the connection is closed.
void HttpConnection::sent_all() {
  output_.clear();
  if (const auto exchange = std::exchange(answered_, nullptr)) {
    exchange->sending = nullptr;
    if (const auto told = std::exchange(exchange->sent, nullptr)) {
      told();
    }
  }
}

void HttpConnection::finish_with(std::span<const Bytes> parts, std::shared_ptr<const std::string> owner) {
  send(parts, std::move(owner));
  if (output_.empty()) {
    output_.finish(stream_);
    die();
    return;
  }
  phase_ = Phase::ending;
  if (!advancing_) {
    settle();
  }
}

// ---- closing ---------------------------------------------------------------------------------------------------------------

void HttpConnection::refuse(int status, Counter& counter) {
  ++counter;
  if (parked_ != nullptr) {  // the response would be taken for that to the parked GET
    abort();
    return;
  }
  const auto exchange = std::exchange(exchange_, nullptr);
  const Headers headers{{"Content-Type", "text/plain"}};
  const std::string_view text = status_text(status);
  Buffer head;
  append_head(head, {status, &headers, nullptr, text.size(), close_lines});
  finish_with(std::array<Bytes, 2>{head.bytes(), as_bytes(text)});
  if (exchange) {
    exchange->abandon();
  }
}

void HttpConnection::time_out() {
  if (deadline != Deadline::idle && deadline != Deadline::first_byte) {
    ++server_.counters.timeouts;
  }
  Counter counted;
  if (deadline == Deadline::head || (deadline == Deadline::body && phase_ == Phase::body)) {
    refuse(408, counted);
  } else {
    die();
  }
}

void HttpConnection::on_lost(const net::StreamError& error) {
  if (error.kind == net::StreamError::Kind::ended && !output_.empty() && !exchange_ && !parked_ &&
      !(answered_ && answered_->sent)) {  // a response with `sent` must not be sent in the background
    output_.finish(stream_);              // the client may have closed its sending side only
    die();
  } else {
    abort();
  }
}

void HttpConnection::abort(Notify notify) {
  const std::array<std::shared_ptr<ConnectionExchange>, 2> waiting{std::move(parked_), std::move(exchange_)};
  if (notify == Notify::nobody && answered_) {
    answered_->sent = nullptr;
  }
  die();
  for (const auto& exchange : waiting) {
    if (exchange) {
      notify == Notify::nobody ? exchange->drop() : exchange->abandon();
    }
  }
}

void HttpConnection::close_if_idle() {
  if (phase_ == Phase::head && input_.kept().empty() && output_.empty() && parked_ == nullptr) {
    die();
  }
}

/// Closes the connection; the socket too, unless the stream was moved out before.
void HttpConnection::die() {
  phase_ = Phase::closed;
  exchange_ = parked_ = nullptr;
  stream_ = net::ServerStream();
  server_.bury(*this);
  sent_all();
}

}  // namespace socketio::server
