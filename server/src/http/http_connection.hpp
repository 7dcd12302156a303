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

#include "http_input.hpp"
#include "http_output.hpp"

namespace socketio::server {

class HttpConnection;

/// Kind of a connection's timeout. Each has its own duration, so that the connections waiting for one are in the order of their
/// deadlines.
enum class Deadline : std::uint8_t {
  none,        ///< a request is being handled
  first_byte,  ///< of a new connection
  head,
  body,
  idle,    ///< between two requests
  output,  ///< the client reads nothing of a response
};
inline constexpr std::size_t deadline_count = 6;

/// One request that is passed to a handler.
class ConnectionExchange final : public HttpExchange {
 public:
  ConnectionExchange(Loop& on, HttpConnection& from) noexcept : loop(on), connection(&from) {}
  [[nodiscard]] const HttpRequest& request() const noexcept override { return parsed; }
  [[nodiscard]] HttpRequest& editable_request() noexcept override { return parsed; }
  [[nodiscard]] Headers& added_headers() noexcept override { return added; }
  void read_pieces(std::size_t bytes_max, OnBodyPiece piece) override;
  void read_body(std::size_t bytes_max, std::function<void(Bytes, bool, bool)> done) override;
  void respond(int status, const Headers& headers, Bytes body) override;
  void respond_shared(int status, const Headers& headers, std::shared_ptr<const std::string> body) override;
  [[nodiscard]] std::size_t unsent_bytes() const noexcept override;
  void on_sent(std::function<void()> function) override { sent = std::move(function); }
  void on_abandoned(std::function<void()> function) override;
  std::unique_ptr<RawConnection> take_over(std::string_view head) override;
  void respond_raw_and_close(std::string_view bytes) override;

  /// Notifies the handler that the client has disconnected.
  void abandon();
  /// The HttpServer ends: nobody is notified.
  void drop();
  /// Passes on `body`, and what becomes of the rest of it.
  void tell(Bytes body, BodyState state);

  Loop& loop;
  HttpConnection* connection;               ///< null after the response, or when the client has disconnected
  const ResponseOutput* sending = nullptr;  ///< while its response is not sent completely
  bool parked = false;                      ///< the connection handles later requests meanwhile
  std::function<void()> sent;
  HttpRequest parsed;
  Headers added;  ///< for the response
  std::function<void(Bytes, bool, bool)> body_read;
  OnBodyPiece body_piece;  ///< instead of body_read
  std::function<void()> abandoned;
  bool is_abandoned = false;
};

/// An HTTP connection: one request after the other, each handled after the response to the one before. But a GET may get its
/// response late (long polling): later requests are handled meanwhile, and their responses wait for the GET's.
class HttpConnection final : public net::StreamListener, public net::ListNode<HttpConnection> {
 public:
  /// `input`  bytes of its next request that another loop has read.
  HttpConnection(HttpServer::Impl& server, net::ServerStream stream, Buffer input = {});
  ~HttpConnection() override;

  void on_connected() override {}
  void on_bytes(Bytes bytes) override;
  void on_writable() override;
  void on_lost(const net::StreamError& error) override;

  // For its exchange.
  void read_body(std::size_t bytes_max);
  void respond(ConnectionExchange& from, int status, const Headers& headers, Bytes body,
               std::shared_ptr<const std::string> owner = nullptr);
  std::unique_ptr<RawConnection> take_over(std::string_view head);
  void respond_raw_and_close(std::string_view bytes);

  // For its server.
  void resume();
  void time_out();
  /// Closes now if no request is in progress.
  void close_if_idle();
  enum class Notify : std::uint8_t { handlers, nobody };
  /// Closes now.
  void abort(Notify notify = Notify::handlers);
  Deadline deadline = Deadline::none;  ///< the server's list that it is in
  std::uint64_t deadline_ms = 0;
  bool resumes_later = false;  ///< in the server's list of connections to resume

 private:
  enum class Phase : std::uint8_t {
    head,      ///< reading the head of the next request
    leaving,   ///< moving to the loop that the next request belongs to
    handling,  ///< waiting for the response of the handler
    body,      ///< reading a body that the handler requested
    skipping,  ///< reading the rest of a body that was not requested
    ending,    ///< the last response is not sent completely
    closed,
  };

  void advance();
  bool step();
  void respond_parked(int status, const Headers& headers, Bytes body);
  bool take_head();
  bool take_body();
  void hand_out(std::shared_ptr<ConnectionExchange> exchange);
  void leave();
  void settle();
  /// `owner` owns the last part.
  void send(std::span<const Bytes> parts, std::shared_ptr<const std::string> owner = nullptr);
  /// Sends `parts` and closes.
  void finish_with(std::span<const Bytes> parts, std::shared_ptr<const std::string> owner = nullptr);
  void sent_all();
  void refuse(int status, Counter& counter);
  void die();

  HttpServer::Impl& server_;
  net::ServerStream stream_;
  std::shared_ptr<ConnectionExchange> exchange_;  ///< being handled
  std::shared_ptr<ConnectionExchange> parked_;    ///< an earlier GET without a response yet
  Buffer held_;                                   ///< responses to the requests after the parked GET
  RequestInput input_;
  ResponseOutput output_;
  std::shared_ptr<ConnectionExchange> answered_;  ///< exchange whose response is being sent
  Phase phase_ = Phase::head;
  std::uint8_t destination_ = 0;  ///< loop that it is moving to
  bool advancing_ = false;
  bool waits_for_parked_ = false;  ///< the next request cannot be handled before the parked GET has its response
  bool yielding_ = false;          ///< there may be more to parse in the next turn
  bool fresh_ = true;              ///< nothing has been received yet
  bool keep_alive_ = false;
  bool head_only_ = false;  ///< the request is HEAD
  bool continue_owed_ = false;
};

}  // namespace socketio::server
