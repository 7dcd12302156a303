#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/server/http.hpp>

// The other side of Engine.IO's requests, without sockets: a test makes a request, hands it to the server, and looks at what
// was answered.
namespace fake {

using socketio::Bytes;
using socketio::server::Headers;
using socketio::server::HttpExchange;
using socketio::server::HttpRequest;
using socketio::server::RawConnection;
using socketio::server::RawListener;

/// What both ends of a connection know. Outlives the server's end.
struct Wire {
  RawListener* listener = nullptr;
  std::string written;                                              ///< by the server
  std::size_t taken_max = std::numeric_limits<std::size_t>::max();  ///< how much more the system takes
  int write_count = 0;
  bool wants_drained = false;
  bool is_read = true;
  bool finished = false;   ///< the server ended it
  bool destroyed = false;  ///< and forgot it

  /// The system takes more again.
  void drain(std::size_t taken_more = std::numeric_limits<std::size_t>::max());
  void receive(std::string_view bytes);
  void lose(bool error);
};

class Exchange final : public HttpExchange {
 public:
  Exchange(std::string method, std::string url, Headers headers, bool upgrade = false);

  struct Answer {
    int status = 0;
    Headers headers;
    std::string body;
    [[nodiscard]] std::string header(std::string_view name) const;  ///< all of that name, joined by "|"
  };
  [[nodiscard]] bool answered() const noexcept { return answer_.has_value(); }
  /// Precondition: answered().
  [[nodiscard]] const Answer& answer() const { return *answer_; }
  [[nodiscard]] int status() const { return answer_ ? answer_->status : 0; }
  [[nodiscard]] std::string body() const { return answer_ ? answer_->body : "(no answer)"; }
  /// Of a body that is read in pieces. False once there is an answer.
  bool give_piece(std::string_view piece, socketio::BodyState state = socketio::BodyState::more);
  /// Of a refused upgrade.
  [[nodiscard]] const std::string& raw() const noexcept { return raw_; }
  /// Of an accepted one: its head, and the connection.
  [[nodiscard]] const std::string& head() const noexcept { return head_; }
  [[nodiscard]] const std::shared_ptr<Wire>& wire() const noexcept { return wire_; }

  /// What the system does not take of the answer, until take_all().
  std::size_t unsent = 0;
  void take_all();
  /// The client goes away.
  void abandon();
  [[nodiscard]] bool wants_body() const noexcept { return static_cast<bool>(body_done_); }
  void give_body(std::string_view body);
  void give_up_body();

  // HttpExchange
  [[nodiscard]] const HttpRequest& request() const noexcept override { return request_; }
  [[nodiscard]] HttpRequest& editable_request() noexcept override { return request_; }
  [[nodiscard]] Headers& added_headers() noexcept override { return added_; }
  void read_pieces(std::size_t bytes_max, socketio::OnBodyPiece piece) override;
  void read_body(std::size_t bytes_max, std::function<void(Bytes, bool, bool)> done) override;
  void respond(int status, const Headers& headers, Bytes body) override;
  void respond_shared(int status, const Headers& headers, std::shared_ptr<const std::string> body) override {
    respond(status, headers, socketio::as_bytes(*body));
  }
  [[nodiscard]] std::size_t unsent_bytes() const noexcept override { return answered() ? unsent : 0; }
  void on_sent(std::function<void()> sent) override { sent_ = std::move(sent); }
  void on_abandoned(std::function<void()> abandoned) override { abandoned_ = std::move(abandoned); }
  std::unique_ptr<RawConnection> take_over(std::string_view head) override;
  void respond_raw_and_close(std::string_view bytes) override { raw_ = bytes; }

 private:
  HttpRequest request_;
  Headers added_;
  std::optional<Answer> answer_;
  std::string raw_;
  std::string head_;
  std::shared_ptr<Wire> wire_;
  std::size_t body_bytes_max_ = 0;
  std::function<void(Bytes, bool, bool)> body_done_;
  socketio::OnBodyPiece body_piece_;
  std::function<void()> abandoned_;
  std::function<void()> sent_;
};

std::shared_ptr<Exchange> request(std::string method, std::string url, Headers headers = {});
/// A WebSocket's first request.
std::shared_ptr<Exchange> upgrade_request(std::string url, Headers headers = {});

}  // namespace fake
