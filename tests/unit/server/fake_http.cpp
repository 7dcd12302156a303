#include "fake_http.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

namespace fake {
namespace {

class Raw final : public RawConnection {
 public:
  explicit Raw(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~Raw() override {
    wire_->listener = nullptr;
    wire_->destroyed = true;
  }
  void set_listener(RawListener* listener) noexcept override { wire_->listener = listener; }
  std::size_t write(std::span<const Bytes> parts) override {
    REQUIRE_FALSE(wire_->finished);
    ++wire_->write_count;
    std::size_t taken = 0;
    for (const Bytes part : parts) {
      const std::size_t size = std::min(part.size(), wire_->taken_max);
      wire_->written.append(socketio::as_text(part.first(size)));
      wire_->taken_max -= size;
      taken += size;
      if (size < part.size()) {
        break;
      }
    }
    return taken;
  }
  void want_drained() override { wire_->wants_drained = true; }
  void read(bool on) override { wire_->is_read = on; }
  void finish() override { wire_->finished = true; }

 private:
  std::shared_ptr<Wire> wire_;
};

}  // namespace

void Wire::drain(std::size_t taken_more) {
  taken_max = taken_more;
  if (std::exchange(wants_drained, false) && listener != nullptr) {
    listener->on_drained();
  }
}

void Wire::receive(std::string_view bytes) {
  if (listener != nullptr && !finished && is_read) {
    listener->on_bytes(socketio::as_bytes(bytes));
  }
}

void Wire::lose(bool error) {
  if (listener != nullptr && !finished) {
    std::exchange(listener, nullptr)->on_lost(error);
  }
}

std::string Exchange::Answer::header(std::string_view name) const {
  std::string joined;
  for (const auto& [known, value] : headers) {
    if (known == name) {
      joined.append(joined.empty() ? "" : "|").append(value);
    }
  }
  return joined;
}

Exchange::Exchange(std::string method, std::string url_text, Headers headers, bool upgrade) {
  request_.method = std::move(method);
  request_.url = std::move(url_text);
  request_.headers = std::move(headers);
  request_.address = "192.0.2.7";
  request_.upgrade = upgrade;
  const std::string_view url = request_.url;
  const std::size_t mark = std::min(url.find('?'), url.size());
  request_.path = url.substr(0, mark);
  request_.query = url.substr(std::min(mark + 1, url.size()));
}

void Exchange::abandon() {
  if (const auto abandoned = std::exchange(abandoned_, nullptr); abandoned && !answered()) {
    abandoned();
  }
}

void Exchange::take_all() {
  unsent = 0;
  if (const auto sent = std::exchange(sent_, nullptr)) {
    sent();
  }
}

void Exchange::read_body(std::size_t bytes_max, std::function<void(Bytes, bool, bool)> done) {
  body_bytes_max_ = bytes_max;
  body_done_ = std::move(done);
}

void Exchange::give_body(std::string_view body) {
  REQUIRE(wants_body());
  const bool too_large = body.size() > body_bytes_max_;
  std::exchange(body_done_, nullptr)(too_large ? Bytes() : socketio::as_bytes(body), !too_large, too_large);
}

void Exchange::give_up_body() {
  REQUIRE(wants_body());
  std::exchange(body_done_, nullptr)({}, false, false);
}

void Exchange::read_pieces(std::size_t bytes_max, socketio::OnBodyPiece piece) {
  body_bytes_max_ = bytes_max;
  body_piece_ = std::move(piece);
}

bool Exchange::give_piece(std::string_view piece, socketio::BodyState state) {
  const auto take = body_piece_;
  if (take) {
    take(socketio::as_bytes(piece), state);
  }
  return take != nullptr;
}

void Exchange::respond(int status, const Headers& headers, Bytes body) {
  REQUIRE_FALSE(answered());
  body_piece_ = nullptr;
  answer_ = Answer{status, headers, std::string(socketio::as_text(body))};
}

std::unique_ptr<RawConnection> Exchange::take_over(std::string_view head) {
  head_ = head;
  wire_ = std::make_shared<Wire>();
  return std::make_unique<Raw>(wire_);
}

std::shared_ptr<Exchange> request(std::string method, std::string url, Headers headers) {
  return std::make_shared<Exchange>(std::move(method), std::move(url), std::move(headers));
}

std::shared_ptr<Exchange> upgrade_request(std::string url, Headers headers) {
  headers.emplace_back("connection", "Upgrade");
  headers.emplace_back("upgrade", "websocket");
  headers.emplace_back("sec-websocket-version", "13");
  headers.emplace_back("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
  return std::make_shared<Exchange>("GET", std::move(url), std::move(headers), true);
}

}  // namespace fake
