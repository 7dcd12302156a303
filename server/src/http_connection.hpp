#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/net/intrusive_list.hpp>
#include <socketio/net/listener.hpp>
#include <socketio/server/http.hpp>

#include "http_head.hpp"
#include "http_parser.hpp"

namespace socketio::server {

class HttpConnection;

/// What may run out for a connection. Each has a time of its own, so that the connections that wait for one stand in the order
/// of their deadlines.
enum class Deadline : std::uint8_t {
  none,        ///< a request is being handled
  first_byte,  ///< of a new connection
  head,
  body,
  idle,    ///< between two requests
  output,  ///< the client takes nothing of an answer
};
inline constexpr std::size_t deadline_count = 6;

/// One request on its way through a handler.
class ConnectionExchange final : public HttpExchange {
 public:
  ConnectionExchange(Loop& on, HttpConnection& from) noexcept : loop(on), connection(&from) {}
  [[nodiscard]] const HttpRequest& request() const noexcept override { return parsed; }
  void read_body(std::size_t bytes_max, std::function<void(Bytes, bool, bool)> done) override;
  void respond(int status, const Headers& headers, Bytes body) override;
  void respond_shared(int status, const Headers& headers, std::shared_ptr<const std::string> body) override;
  [[nodiscard]] std::size_t unsent_bytes() const noexcept override;
  void on_sent(std::function<void()> function) override { sent = std::move(function); }
  void on_abandoned(std::function<void()> function) override;
  std::unique_ptr<RawConnection> take_over(std::string_view head) override;
  void respond_raw_and_close(std::string_view bytes) override;

  /// The client has gone: tells it.
  void abandon();

  Loop& loop;
  HttpConnection* connection;         ///< null once answered, or the client has gone
  HttpConnection* sending = nullptr;  ///< while it is answered, but not all of it sent
  std::function<void()> sent;
  HttpRequest parsed;
  std::function<void(Bytes, bool, bool)> body_read;
  std::function<void()> abandoned;
  bool is_abandoned = false;
};

/// A connection that speaks HTTP: one request after the other, each answered before the next one is looked at. But a GET may be
/// answered late (long polling): what the client has sent behind it is handled meanwhile, and those answers wait for the GET's.
class HttpConnection final : public net::StreamListener, public net::ListNode<HttpConnection> {
 public:
  HttpConnection(HttpServer::Impl& server, net::ServerStream stream);
  ~HttpConnection() override;

  void on_connected() override {}
  void on_bytes(Bytes bytes) override;
  void on_writable() override;
  void on_lost(const net::StreamError& error) override;

  // For its exchange.
  void read_body(std::size_t bytes_max);
  [[nodiscard]] bool is_parked(const ConnectionExchange& exchange) const noexcept { return parked_.get() == &exchange; }
  void respond(const ConnectionExchange& from, int status, const Headers& headers, Bytes body,
               std::shared_ptr<const std::string> owner = nullptr);
  [[nodiscard]] std::size_t unsent_bytes() const noexcept { return output_.size() + shared_output_.rest().size(); }
  std::unique_ptr<RawConnection> take_over(std::string_view head);
  void respond_raw_and_close(std::string_view bytes);

  // For its server.
  /// What another loop has read of the next request.
  void go_on_with(Buffer input);
  void resume();
  void time_out();
  /// Ends now if no request is under way.
  void close_if_idle();
  /// Ends now. Who handles a request is told.
  void abort();
  /// Ends now. Nobody is told.
  void drop();
  [[nodiscard]] bool closed() const noexcept { return phase_ == Phase::closed; }
  Deadline deadline = Deadline::none;  ///< the server's list that it is in
  std::uint64_t deadline_ms = 0;
  bool resumes_later = false;  ///< in the server's list for that

 private:
  enum class Phase : std::uint8_t {
    head,      ///< of the next request
    leaving,   ///< for the loop that the next request belongs to
    handling,  ///< by the handler
    body,      ///< which the handler asked for
    skipping,  ///< the rest of a body that nobody asked for
    ending,    ///< the last answer is not sent yet
    closed,
  };

  void advance();
  bool step();
  [[nodiscard]] bool may_park() const noexcept;
  void park();
  /// Leaves what comes next for later; returns false.
  bool wait_for_parked();
  void respond_parked(int status, const Headers& headers, Bytes body);
  bool take_head();
  bool take_body();
  void hand_out(std::shared_ptr<ConnectionExchange> exchange);
  void tell_body(bool complete, bool too_large);
  void leave();
  void keep_unparsed();
  void settle();
  [[nodiscard]] bool may_skip_body() const noexcept;
  [[nodiscard]] Deadline next_deadline() const noexcept;
  /// `owner` has the last part.
  void send(std::span<const Bytes> parts, std::shared_ptr<const std::string> owner = nullptr);
  /// Sends `parts` and ends.
  void finish_with(std::span<const Bytes> parts, std::shared_ptr<const std::string> owner = nullptr);
  void finish();
  [[nodiscard]] bool has_output() const noexcept { return unsent_bytes() != 0; }
  void sent_all();
  void refuse(int status, Counter& counter);
  void die();

  HttpServer::Impl& server_;
  net::ServerStream stream_;
  std::shared_ptr<ConnectionExchange> exchange_;  ///< being handled
  std::shared_ptr<ConnectionExchange> parked_;    ///< an earlier GET that has not been answered
  Buffer held_;                                   ///< answers to what came behind that
  Buffer input_;                                  ///< came, and was not looked at
  Bytes unparsed_;                                ///< the same during advance(), here or in the loop's read buffer
  Buffer output_;                                 ///< of answers: what the system has not taken
  net::SharedText shared_output_;                 ///< what comes after it
  std::shared_ptr<ConnectionExchange> answered_;  ///< with that
  Buffer body_;
  std::size_t body_bytes_max_ = 0;
  RequestParser parser_;
  HeadScanner scanner_;
  Phase phase_ = Phase::head;
  std::uint8_t destination_ = 0;  ///< where it is leaving for
  bool advancing_ = false;
  bool waits_for_parked_ = false;  ///< what comes next cannot be handled before that is answered
  bool yielding_ = false;          ///< there may be more to look at in the next turn
  bool fresh_ = true;              ///< nothing has come yet
  bool keep_alive_ = false;
  bool head_only_ = false;  ///< the request is HEAD
  bool continue_owed_ = false;
};

}  // namespace socketio::server
