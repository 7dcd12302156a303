#include "http_connection.hpp"

#include <utility>

#include "http_server.hpp"

namespace socketio::server {

HttpConnection::HttpConnection(HttpServer::Impl& server, net::ServerStream stream, Buffer input)
    : server_(server), stream_(std::move(stream)) {
  stream_.set_listener(this);
  stream_.read(true);
  if (!input.empty()) {
    input_.put(std::move(input));
    fresh_ = false;
    server_.resume_later(*this);
  }
}

HttpConnection::~HttpConnection() = default;

// ---- receiving -------------------------------------------------------------------------------------------------------------

void HttpConnection::on_bytes(Bytes bytes) {
  fresh_ = false;
  input_.begin(bytes);
  advance();
}

void HttpConnection::resume() {
  if (phase_ == Phase::leaving) {
    leave();
  } else if (phase_ != Phase::closed && !advancing_) {
    input_.begin();
    advance();
  }
}

void HttpConnection::advance() {
  constexpr int steps_per_turn = 64;  // then other connections get their turn
  advancing_ = true;
  int steps = 0;
  while (phase_ != Phase::closed && output_.empty() && steps < steps_per_turn && step()) {
    ++steps;
  }
  advancing_ = false;
  yielding_ = phase_ != Phase::closed && steps == steps_per_turn;
  if (yielding_) {
    server_.resume_later(*this);
  }
  if (phase_ != Phase::closed) {
    input_.keep();
    settle();
  }
}

/// Takes one step; false when it has to wait.
bool HttpConnection::step() {
  switch (phase_) {
    case Phase::head: return !input_.unparsed().empty() && !waits_for_parked_ && take_head();
    case Phase::body:
    case Phase::skipping: return take_body();
    case Phase::handling: {
      const bool may_park = parked_ == nullptr && exchange_ != nullptr && exchange_->parsed.method == "GET" &&
                            !exchange_->parsed.upgrade && keep_alive_ && input_.parser().complete();
      if (input_.unparsed().empty() || !may_park) {
        return false;
      }
      parked_ = std::move(exchange_);
      parked_->parked = true;
      phase_ = Phase::head;
      return true;
    }
    case Phase::leaving:
    case Phase::ending:
    case Phase::closed: break;
  }
  return false;
}

bool HttpConnection::take_head() {
  const std::size_t bytes_max = server_.options.header_bytes_max;
  const auto wait_for_parked = [this] {
    input_.rescan();
    waits_for_parked_ = true;
    return false;
  };
  const auto scanned = input_.scan(bytes_max);
  const bool is_odd = scanned != RequestInput::Head::complete && scanned != RequestInput::Head::incomplete;
  if (parked_ && (is_odd || held_.size() > bytes_max)) {
    return wait_for_parked();
  }
  switch (scanned) {
    case RequestInput::Head::incomplete: return false;
    case RequestInput::Head::malformed: refuse(400, server_.counters.bad_requests); return false;
    case RequestInput::Head::line_too_long: refuse(414, server_.counters.too_large); return false;
    case RequestInput::Head::too_large: refuse(431, server_.counters.too_large); return false;
    case RequestInput::Head::complete: break;
  }
  auto exchange = std::make_shared<ConnectionExchange>(server_.loop, *this);
  const auto parsed = input_.parse(server_.options.headers_max, exchange->parsed);
  if (parked_ && (parsed != RequestParser::Head::good || exchange->parsed.upgrade || input_.parser().expects_continue())) {
    input_.unparse();
    return wait_for_parked();
  }
  switch (parsed) {
    case RequestParser::Head::good:
      if (const auto loop = server_.elsewhere(exchange->parsed)) {
        input_.unparse();
        if (parked_) {
          return wait_for_parked();
        }
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

void HttpConnection::hand_out(std::shared_ptr<ConnectionExchange> exchange) {
  ++server_.counters.requests;
  HttpRequest& request = exchange->parsed;
  request.address = stream_.peer_address();
  request.secure = !server_.options.certificate_file.empty();
  if (server_.proxies.any()) {
    server_.proxies.apply(request, stream_.is_proxied() ? 1 : 0);
  }
  head_only_ = request.method == "HEAD";
  keep_alive_ = input_.parser().keep_alive();
  continue_owed_ = input_.parser().expects_continue() && !input_.parser().complete();
  phase_ = Phase::handling;
  server_.set_deadline(*this, Deadline::none);
  exchange_ = exchange;
  server_.handler(exchange);
}

bool HttpConnection::take_body() {
  const bool wanted = phase_ == Phase::body;
  const auto status = input_.take_body(wanted);
  if (status == RequestParser::Body::malformed) {
    refuse(400, server_.counters.bad_requests);
    return false;
  }
  if (status == RequestParser::Body::too_large) {
    ++server_.counters.too_large;
    if (!wanted) {
      die();
      return false;
    }
    keep_alive_ = false;
  }
  if (!wanted) {
    phase_ = status == RequestParser::Body::complete ? Phase::head : phase_;
    return status == RequestParser::Body::complete;
  }
  const auto exchange = exchange_;  // there may be a response meanwhile
  if (status == RequestParser::Body::incomplete) {
    if (exchange->body_piece && !input_.body().empty()) {
      const Buffer piece = std::move(input_.body());
      exchange->tell(piece.bytes(), BodyState::more);
    }
    return false;
  }
  phase_ = Phase::handling;
  const Buffer body = std::move(input_.body());
  const bool complete = status == RequestParser::Body::complete;
  exchange->tell(complete ? body.bytes() : Bytes(), complete ? BodyState::complete : BodyState::too_large);
  return true;
}

/// Moves the connection to another loop, at the end of the turn, when no function of the stream is running. No request is in
/// progress: the other loop parses it again.
void HttpConnection::leave() {
  HttpArrival arrival{stream_.release(), input_.take()};
  arrival.stream.count_for(destination_);
  die();
  server_.sharing.send(destination_, std::move(arrival));
}

/// Updates the deadline, and whether to read more, after any change.
void HttpConnection::settle() {
  if (server_.closing) {
    close_if_idle();
  }
  const auto next = [this] {
    switch (phase_) {
      case Phase::body:
      case Phase::skipping: return Deadline::body;
      case Phase::head:
        if (parked_ != nullptr) {
          return Deadline::none;
        }
        return !input_.kept().empty() ? Deadline::head : fresh_ ? Deadline::first_byte : Deadline::idle;
      case Phase::leaving:
      case Phase::handling:
      case Phase::ending:
      case Phase::closed: break;
    }
    return Deadline::none;
  };
  if (phase_ == Phase::closed) {
    return;
  }
  if (const Deadline wanted = output_.empty() ? next() : Deadline::output; wanted != deadline) {
    server_.set_deadline(*this, wanted);
  }
  const bool waiting = phase_ == Phase::handling || phase_ == Phase::leaving || phase_ == Phase::ending || parked_ ||
                       yielding_ || !output_.empty();
  stream_.read(!waiting || input_.kept().size() <= server_.options.header_bytes_max);
}

}  // namespace socketio::server
