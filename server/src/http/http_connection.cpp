#include "http_connection.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <string>
#include <utility>
#include <vector>

#include "http_raw.hpp"
#include "http_server.hpp"
#include "http_text.hpp"

namespace socketio::server {
namespace {

/// Limit up to which the rest of an unwanted body is read and skipped, to keep the connection; with more, the connection is
/// closed.
constexpr std::uint64_t skipped_body_bytes_max = 64 * 1024;
constexpr std::string_view close_lines = "Connection: close\r\n";
constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

HttpConnection::HttpConnection(HttpServer::Impl& server, net::ServerStream stream)
    : server_(server), stream_(std::move(stream)) {
  stream_.set_listener(this);
  stream_.read(true);
}

HttpConnection::~HttpConnection() = default;

// ---- receiving -------------------------------------------------------------------------------------------------------------

void HttpConnection::on_bytes(Bytes bytes) {
  fresh_ = false;
  if (input_.empty()) {
    unparsed_ = bytes;
  } else {
    input_.append(bytes);
    unparsed_ = input_.bytes();
  }
  advance();
}

void HttpConnection::go_on_with(Buffer input) {
  if (!input.empty()) {
    input_ = std::move(input);
    fresh_ = false;
    server_.resume_later(*this);
  }
}

void HttpConnection::resume() {
  if (phase_ == Phase::leaving) {
    leave();
  } else if (!closed() && !advancing_) {
    unparsed_ = input_.bytes();
    advance();
  }
}

void HttpConnection::advance() {
  constexpr int steps_per_turn = 64;  // then other connections get their turn
  advancing_ = true;
  int steps = 0;
  while (!closed() && !has_output() && steps < steps_per_turn && step()) {
    ++steps;
  }
  advancing_ = false;
  yielding_ = !closed() && steps == steps_per_turn;
  if (yielding_) {
    server_.resume_later(*this);
  }
  if (!closed()) {
    keep_unparsed();
    settle();
  }
}

/// Takes one step; false when it has to wait.
bool HttpConnection::step() {
  switch (phase_) {
    case Phase::head: return !unparsed_.empty() && !waits_for_parked_ && take_head();
    case Phase::body:
    case Phase::skipping: return take_body();
    case Phase::handling:
      if (unparsed_.empty() || !may_park()) {
        return false;
      }
      park();
      return true;
    case Phase::leaving:
    case Phase::ending:
    case Phase::closed: break;
  }
  return false;
}

bool HttpConnection::may_park() const noexcept {
  return parked_ == nullptr && exchange_ != nullptr && exchange_->parsed.method == "GET" && !exchange_->parsed.upgrade &&
         keep_alive_ && parser_.complete();
}

void HttpConnection::park() {
  parked_ = std::move(exchange_);
  phase_ = Phase::head;
}

bool HttpConnection::take_head() {
  if (scanner_.size() == 0) {
    const auto begin =
        std::find_if(unparsed_.begin(), unparsed_.end(), [](std::uint8_t byte) { return byte != '\r' && byte != '\n'; });
    unparsed_ = unparsed_.subspan(static_cast<std::size_t>(begin - unparsed_.begin()));
  }
  const std::size_t bytes_max = server_.options.header_bytes_max;
  const auto status = scanner_.scan(unparsed_.first(std::min(unparsed_.size(), bytes_max)));
  const bool is_odd =
      status == HeadScanner::Status::malformed || (status == HeadScanner::Status::incomplete && unparsed_.size() >= bytes_max);
  if (parked_ && (is_odd || held_.size() > bytes_max)) {
    return wait_for_parked();
  }
  if (status == HeadScanner::Status::malformed) {
    refuse(400, server_.counters.bad_requests);
    return false;
  }
  if (status == HeadScanner::Status::incomplete) {
    if (unparsed_.size() >= bytes_max) {
      refuse(scanner_.in_request_line() ? 414 : 431, server_.counters.too_large);
    }
    return false;
  }
  const Bytes whole = unparsed_;
  const auto wait = [this, whole] {
    unparsed_ = whole;
    return wait_for_parked();
  };
  const Bytes head = unparsed_.first(scanner_.size());
  unparsed_ = unparsed_.subspan(head.size());
  scanner_.restart();
  auto exchange = std::make_shared<ConnectionExchange>(server_.loop, *this);
  const auto parsed = parser_.parse_head(head, server_.options.headers_max, exchange->parsed);
  if (parked_ && (parsed != RequestParser::Head::good || exchange->parsed.upgrade || parser_.expects_continue())) {
    return wait();
  }
  switch (parsed) {
    case RequestParser::Head::good:
      if (const auto loop = server_.elsewhere(exchange->parsed)) {
        if (parked_) {
          return wait();
        }
        unparsed_ = whole;
        destination_ = static_cast<std::uint8_t>(*loop);
        phase_ = Phase::leaving;
        server_.resume_later(*this);
        return false;
      }
      hand_out(std::move(exchange));
      return true;
    case RequestParser::Head::malformed: refuse(400, server_.counters.bad_requests); break;
    case RequestParser::Head::too_many_headers: refuse(431, server_.counters.too_large); break;
    case RequestParser::Head::unknown_expectation: refuse(417, server_.counters.bad_requests); break;
  }
  return false;
}

bool HttpConnection::wait_for_parked() {
  scanner_.restart();
  waits_for_parked_ = true;
  return false;
}

void HttpConnection::hand_out(std::shared_ptr<ConnectionExchange> exchange) {
  ++server_.counters.requests;
  exchange->parsed.address = stream_.peer_address();
  exchange->parsed.secure = !server_.options.certificate_file.empty();
  head_only_ = exchange->parsed.method == "HEAD";
  keep_alive_ = parser_.keep_alive();
  continue_owed_ = parser_.expects_continue() && !parser_.complete();
  phase_ = Phase::handling;
  server_.set_deadline(*this, Deadline::none);
  exchange_ = exchange;
  server_.handler(exchange);
}

bool HttpConnection::take_body() {
  const bool wanted = phase_ == Phase::body;
  const std::uint64_t bytes_max = wanted ? body_bytes_max_ : parser_.body_bytes() + skipped_body_bytes_max;
  std::size_t used = 0;
  const auto status = parser_.parse_body(unparsed_, bytes_max, wanted ? &body_ : nullptr, used);
  unparsed_ = unparsed_.subspan(used);
  switch (status) {
    case RequestParser::Body::incomplete: return false;
    case RequestParser::Body::complete:
      if (wanted) {
        tell_body(true, false);
      } else {
        phase_ = Phase::head;
      }
      return true;
    case RequestParser::Body::too_large:
      ++server_.counters.too_large;
      if (wanted) {
        keep_alive_ = false;
        tell_body(false, true);
        return true;
      }
      die();
      return false;
    case RequestParser::Body::malformed: refuse(400, server_.counters.bad_requests); break;
  }
  return false;
}

void HttpConnection::tell_body(bool complete, bool too_large) {
  phase_ = Phase::handling;
  const auto exchange = exchange_;  // it may be answered meanwhile
  const Buffer body = std::move(body_);
  const auto done = std::exchange(exchange->body_read, nullptr);
  done(complete ? body.bytes() : Bytes(), complete, too_large);
}

/// Moves the connection to another loop, at the end of the turn, when no function of the stream is running. No request is in
/// progress: the other loop parses it again.
void HttpConnection::leave() {
  HttpArrival arrival{stream_.release(), std::move(input_)};
  arrival.stream.count_for(destination_);
  die();
  server_.sharing.send(destination_, std::move(arrival));
}

/// Keeps the bytes that cannot be parsed now.
void HttpConnection::keep_unparsed() {
  if (input_.empty()) {
    input_.append(unparsed_);
  } else {
    input_.discard_front(input_.size() - unparsed_.size());
  }
  unparsed_ = {};
  if (input_.empty()) {
    input_.clear_and_shrink(0);
  }
}

/// Updates the deadline, and whether to read more, after any change.
void HttpConnection::settle() {
  if (server_.closing) {
    close_if_idle();
  }
  if (closed()) {
    return;
  }
  if (const Deadline next = next_deadline(); next != deadline) {
    server_.set_deadline(*this, next);
  }
  const bool waiting =
      phase_ == Phase::handling || phase_ == Phase::leaving || phase_ == Phase::ending || parked_ || yielding_ || has_output();
  stream_.read(!waiting || input_.size() <= server_.options.header_bytes_max);
}

Deadline HttpConnection::next_deadline() const noexcept {
  if (has_output()) {
    return Deadline::output;
  }
  switch (phase_) {
    case Phase::body:
    case Phase::skipping: return Deadline::body;
    case Phase::head:
      if (parked_ != nullptr) {
        return Deadline::none;
      }
      break;
    case Phase::leaving:
    case Phase::handling:
    case Phase::ending:
    case Phase::closed: return Deadline::none;
  }
  if (!input_.empty()) {
    return Deadline::head;
  }
  return fresh_ ? Deadline::first_byte : Deadline::idle;
}

// ---- sending ---------------------------------------------------------------------------------------------------------------

void HttpConnection::read_body(std::size_t bytes_max) {
  phase_ = Phase::body;
  body_bytes_max_ = bytes_max;
  if (continue_owed_ && parser_.content_length() <= bytes_max) {
    continue_owed_ = false;
    const Bytes head = as_bytes(continue_head);
    send(std::span(&head, 1));
  }
  if (!advancing_) {
    server_.resume_later(*this);
  }
}

void HttpConnection::respond(const ConnectionExchange& from, int status, const Headers& headers, Bytes body,
                             std::shared_ptr<const std::string> owner) {
  if (is_parked(from)) {
    respond_parked(status, headers, body);
    return;
  }
  const auto exchange = std::exchange(exchange_, nullptr);
  const bool skip = !parser_.complete() && may_skip_body();
  const bool keep = keep_alive_ && !server_.closing && (parser_.complete() || skip);
  Buffer& head = server_.scratch;
  head.clear();
  append_head(head, {status, &headers, body.size(), keep ? std::string_view(server_.keep_alive_lines) : close_lines});
  const bool bodiless = head_only_ || is_bodiless(status);
  const std::array<Bytes, 2> parts{head.bytes(), bodiless ? Bytes() : body};
  if (parked_ != nullptr) {
    phase_ = !keep ? Phase::ending : skip ? Phase::skipping : Phase::head;
    body_.clear_and_shrink(0);
    held_.append(parts[0]);
    held_.append(parts[1]);
    if (!advancing_) {
      server_.resume_later(*this);
    }
    return;
  }
  answered_ = exchange;
  exchange->sending = this;
  if (bodiless) {
    owner = nullptr;
  }
  if (!keep) {
    finish_with(parts, std::move(owner));
    return;
  }
  phase_ = skip ? Phase::skipping : Phase::head;
  body_.clear_and_shrink(0);
  send(parts, std::move(owner));
  if (!advancing_) {
    server_.resume_later(*this);
  }
}

/// Sends the response to the parked GET, and the held responses after it.
void HttpConnection::respond_parked(int status, const Headers& headers, Bytes body) {
  answered_ = std::move(parked_);
  answered_->sending = this;
  const Buffer held = std::exchange(held_, Buffer());
  const bool keep = !server_.closing || phase_ != Phase::head || !held.empty() || !input_.empty();
  Buffer& head = server_.scratch;
  head.clear();
  append_head(head, {status, &headers, body.size(), keep ? std::string_view(server_.keep_alive_lines) : close_lines});
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

bool HttpConnection::may_skip_body() const noexcept {
  return !continue_owed_ && !parser_.chunked() && parser_.content_length() - parser_.body_bytes() <= skipped_body_bytes_max;
}

std::unique_ptr<RawConnection> HttpConnection::take_over(std::string_view head) {
  const auto exchange = std::exchange(exchange_, nullptr);
  const Bytes part = as_bytes(head);
  send(std::span(&part, 1));
  auto raw = make_raw_connection(server_.loop, std::move(stream_), std::move(output_), advancing_ ? unparsed_ : input_.bytes());
  die();
  return raw;
}

void HttpConnection::respond_raw_and_close(std::string_view bytes) {
  const auto exchange = std::exchange(exchange_, nullptr);
  const Bytes part = as_bytes(bytes);
  finish_with(std::span(&part, 1));
}

void HttpConnection::send(std::span<const Bytes> parts, std::shared_ptr<const std::string> owner) {
  std::size_t sent = has_output() ? 0 : stream_.try_write(parts);
  for (std::size_t index = 0; index < parts.size(); ++index) {
    const std::size_t skipped = std::min(sent, parts[index].size());
    sent -= skipped;
    if (owner != nullptr && index + 1 == parts.size()) {
      shared_output_ = {std::move(owner), skipped};
    } else {
      output_.append(parts[index].subspan(skipped));
    }
  }
  if (has_output()) {
    stream_.want_writable();
  } else {
    sent_all();
  }
}

void HttpConnection::on_writable() {
  const std::array<Bytes, 2> rest{output_.bytes(), shared_output_.rest()};
  const std::size_t sent = stream_.try_write(rest);
  const std::size_t first = std::min(sent, output_.size());
  output_.discard_front(first);
  shared_output_.offset += sent - first;
  if (has_output()) {
    stream_.want_writable();
    if (sent != 0) {
      server_.set_deadline(*this, Deadline::output);
    }
    return;
  }
  sent_all();
  phase_ == Phase::ending ? finish() : resume();
}

/// Called when nothing is left to send, or the connection is closed.
void HttpConnection::sent_all() {
  output_.clear_and_shrink(0);
  shared_output_ = {};
  if (const auto exchange = std::exchange(answered_, nullptr)) {
    exchange->sending = nullptr;
    if (const auto told = std::exchange(exchange->sent, nullptr)) {
      told();
    }
  }
}

void HttpConnection::finish_with(std::span<const Bytes> parts, std::shared_ptr<const std::string> owner) {
  send(parts, std::move(owner));
  if (!has_output()) {
    finish();
    return;
  }
  phase_ = Phase::ending;
  if (!advancing_) {
    settle();
  }
}

void HttpConnection::finish() {
  stream_.finish(output_.bytes(), std::move(shared_output_));
  die();
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
  append_head(head, {status, &headers, text.size(), close_lines});
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
  if (error.kind == net::StreamError::Kind::ended && has_output() && !exchange_ && !parked_ &&
      !(answered_ && answered_->sent)) {  // a response with `sent` must not be sent in the background
    finish();                             // the client may have closed its sending side only
  } else {
    abort();
  }
}

void HttpConnection::abort() {
  const std::array<std::shared_ptr<ConnectionExchange>, 2> waiting{std::move(parked_), std::move(exchange_)};
  die();
  for (const auto& exchange : waiting) {
    if (exchange) {
      exchange->abandon();
    }
  }
}

void HttpConnection::drop() {
  for (const auto& exchange : {parked_, exchange_}) {
    if (exchange) {
      exchange->connection = nullptr;
    }
  }
  if (answered_) {
    answered_->sent = nullptr;
  }
  die();
}

void HttpConnection::close_if_idle() {
  if (phase_ == Phase::head && input_.empty() && !has_output() && parked_ == nullptr) {
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
