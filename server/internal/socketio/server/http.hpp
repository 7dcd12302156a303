#pragma once

// For the server's own layers; not installed.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/net/listener.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/http_options.hpp>
#include <socketio/server/http_request.hpp>
#include <socketio/server/http_routes.hpp>

// HTTP/1.1 for a server of Engine.IO: requests with bounded heads and bodies, responses that may be sent later, keep-alive, and
// connections that become WebSockets.
namespace socketio::server {

using Headers = HttpHeaders;
using socketio::HttpRequest;

/// Listener of a connection that no longer uses HTTP, with raw bytes in both directions. See HttpExchange::take_over(). Called
/// from the loop, never from inside a call to the connection, and may destroy it.
class RawListener {
 public:
  virtual ~RawListener() = default;
  virtual void on_bytes(Bytes bytes) = 0;
  /// The system accepts bytes again, and has accepted everything given to write() so far.
  virtual void on_drained() = 0;
  /// The connection is closed; the last call. `error`: it was reset or failed, not closed normally.
  virtual void on_lost(bool error) = 0;
};
class RawConnection {
 public:
  virtual ~RawConnection() = default;  ///< closes at once
  /// Nothing is read before there is a listener. Bytes that arrived right after the request are passed to it first.
  virtual void set_listener(RawListener* listener) noexcept = 0;
  /// Writes any number of parts in one gathered write. Returns how many bytes the system accepted now; the caller keeps the
  /// rest until on_drained(), which it requests by want_drained().
  virtual std::size_t write(std::span<const Bytes> parts) = 0;
  /// Requests on_drained() for when the system accepts bytes again.
  virtual void want_drained() = 0;
  /// Turns reading on or off; on at first. While it is off, a close by the peer is detected only when a write fails.
  virtual void read(bool on) = 0;
  /// Closes after the written bytes have been sent; the listener is not called any more. The connection may be destroyed right
  /// after.
  virtual void finish() = 0;
};

/// One request and its response. Exists until the response is made and its owner has released it.
class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
 public:
  virtual ~HttpExchange() = default;
  [[nodiscard]] virtual const HttpRequest& request() const noexcept = 0;
  /// For those who handle it, before it is passed on.
  [[nodiscard]] virtual HttpRequest& editable_request() noexcept = 0;
  /// Headers for the response, whoever makes it: a header of the same name in the response replaces one, except for Set-Cookie
  /// and Vary. respond() adds them; a head for take_over() does not have them.
  [[nodiscard]] virtual Headers& added_headers() noexcept = 0;
  /// Reads the body, which may be empty. `done(body, complete, too_large)` is called once, never before this returns: complete
  /// is false when the client disconnected or was too slow, or the body exceeds `bytes_max` (then too_large is true and nothing
  /// more is read). At most once per exchange. A body that is not requested is skipped.
  virtual void read_body(std::size_t bytes_max, std::function<void(Bytes body, bool complete, bool too_large)> done) = 0;
  /// Reads the body in pieces as they arrive, instead of read_body(). `piece` is called like its `done`, and before that any
  /// number of times with BodyState::more; not any more after a response.
  virtual void read_pieces(std::size_t bytes_max, OnBodyPiece piece) = 0;
  /// Responds. Exactly once, now or later; `Content-Length` and the headers about the connection are added. Does nothing when
  /// the client has disconnected.
  virtual void respond(int status, const Headers& headers, Bytes body) = 0;
  /// Responds with a body that many responses share: it is not copied for a client that does not read.
  virtual void respond_shared(int status, const Headers& headers, std::shared_ptr<const std::string> body) = 0;
  /// Bytes of the response that the system has not accepted yet.
  [[nodiscard]] virtual std::size_t unsent_bytes() const noexcept = 0;
  /// After respond(), when there are unsent_bytes(): calls `sent` once when there are none any more, also because the client
  /// has disconnected. Not called when the HttpServer is destroyed.
  virtual void on_sent(std::function<void()> sent) = 0;
  /// Calls `abandoned` when the client disconnects before the response; after read_body()'s `done`, if that is pending. Not
  /// called when the HttpServer is destroyed.
  virtual void on_abandoned(std::function<void()> abandoned) = 0;
  /// Responds to an upgrade request with `head` (a full status line and headers) and takes the connection away from HTTP. Null
  /// when the client has disconnected.
  virtual std::unique_ptr<RawConnection> take_over(std::string_view head) = 0;
  /// Responds with raw bytes and closes the connection (refused upgrades).
  virtual void respond_raw_and_close(std::string_view bytes) = 0;
};
using HttpHandler = std::function<void(const std::shared_ptr<HttpExchange>&)>;

/// A connection from another loop's HttpServer, with the bytes of its next request that were read there.
struct HttpArrival {
  net::LooseStream stream;
  Buffer input;
};

/// Sharing of connections between HttpServers on several loops, of which one listens: it gives each new connection to the loop
/// with the fewest, and a connection moves when its next request belongs to another loop.
struct HttpSharing {
  std::shared_ptr<net::OpenCounts> counts;
  std::size_t loop = 0;  ///< this server's
  /// Returns the loop that a request belongs to.
  std::function<std::size_t(const HttpRequest&)> loop_of;
  /// Passes a connection to HttpServer::adopt() of another loop.
  std::function<void(std::size_t loop, HttpArrival)> send;
};

/// Listens for HTTP, or HTTPS with a certificate. Every limit of HttpOptions is enforced and counted here; a client that
/// exceeds one gets a short text and its connection is closed: 400 (not HTTP, or forbidden by it), 408, 414, 417, 431;
/// connections above the limit get 503 if there is time. The handler responds with 413, see read_body(). Requests of one
/// connection are passed to the handler one after the other, each after the response to the one before; but after a GET with a
/// late response, later requests are handled, and their responses wait. Connections that were taken over outlive it. Must not
/// be destroyed by its own handler.
class HttpServer {
 public:
  /// `sharing`  empty: everything runs on this loop.
  HttpServer(Loop& loop, HttpOptions options, HttpHandler handler, HttpSharing sharing = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Returns the reason for a failure ("port 3000 is in use"), or empty text. Port 0 selects a free one; see port(). May be
  /// called several times (127.0.0.1 and ::1).
  [[nodiscard]] std::string listen(const std::string& host, std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::size_t connection_count() const noexcept;
  /// Also from other threads.
  [[nodiscard]] HttpCounters counters() const noexcept;
  void adopt(HttpArrival arrival);
  /// Accepts no new connections; closes idle ones at once, busy ones after their response, all after `deadline_ms`, including
  /// those that were taken over. `done` is called once, when none is left; not when this is destroyed before.
  void close(std::uint64_t deadline_ms, std::function<void()> done);
  /// After close(), and its `done`: may listen again.
  void reopen() noexcept;
  /// After close(): calls `empty` when no connection is left, also if none was left before.
  void when_empty(std::function<void()> empty);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace socketio::server
