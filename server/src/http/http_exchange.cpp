#include <cassert>
#include <utility>

#include "http_connection.hpp"

namespace socketio::server {

void ConnectionExchange::read_body(std::size_t bytes_max, std::function<void(Bytes, bool, bool)> done) {
  assert(!body_read && "a body is read once");
  if (connection == nullptr) {
    loop.post([done = std::move(done)] { done({}, false, false); });
    return;
  }
  if (parked) {  // a GET, whose body is empty
    loop.post([done = std::move(done)] { done({}, true, false); });
    return;
  }
  body_read = std::move(done);
  connection->read_body(bytes_max);
}

void ConnectionExchange::read_pieces(std::size_t bytes_max, OnBodyPiece piece) {
  assert(!body_read && !body_piece && "a body is read once");
  if (connection == nullptr || parked) {
    const auto state = connection == nullptr ? BodyState::lost : BodyState::complete;
    loop.post([piece = std::move(piece), state] { piece({}, state); });
    return;
  }
  body_piece = std::move(piece);
  connection->read_body(bytes_max);
}

void ConnectionExchange::tell(Bytes body, BodyState state) {
  if (const auto done = std::exchange(body_read, nullptr)) {
    done(body, state == BodyState::complete, state == BodyState::too_large);
  } else if (auto piece = std::exchange(body_piece, nullptr)) {
    piece(body, state);
    if (state == BodyState::more && connection != nullptr) {  // there is no response yet
      body_piece = std::move(piece);
    }
  }
}

void ConnectionExchange::respond(int status, const Headers& headers, Bytes body) {
  if (connection != nullptr) {
    body_piece = nullptr;
    std::exchange(connection, nullptr)->respond(*this, status, headers, body);
  }
}

void ConnectionExchange::respond_shared(int status, const Headers& headers, std::shared_ptr<const std::string> body) {
  if (connection != nullptr) {
    const Bytes bytes = as_bytes(*body);
    std::exchange(connection, nullptr)->respond(*this, status, headers, bytes, std::move(body));
  }
}

std::size_t ConnectionExchange::unsent_bytes() const noexcept { return sending != nullptr ? sending->size() : 0; }

void ConnectionExchange::on_abandoned(std::function<void()> function) {
  if (is_abandoned) {
    loop.post(std::move(function));
  } else {
    abandoned = std::move(function);
  }
}

std::unique_ptr<RawConnection> ConnectionExchange::take_over(std::string_view head) {
  assert(parsed.upgrade && "only upgrades can be taken over");
  return connection == nullptr ? nullptr : std::exchange(connection, nullptr)->take_over(head);
}

void ConnectionExchange::respond_raw_and_close(std::string_view bytes) {
  if (connection != nullptr) {
    std::exchange(connection, nullptr)->respond_raw_and_close(bytes);
  }
}

void ConnectionExchange::abandon() {
  connection = nullptr;
  is_abandoned = true;
  tell({}, BodyState::lost);
  if (const auto told = std::exchange(abandoned, nullptr)) {
    told();
  }
}

void ConnectionExchange::drop() {
  connection = nullptr;
  body_read = nullptr;
  body_piece = nullptr;
  abandoned = nullptr;
}

}  // namespace socketio::server
