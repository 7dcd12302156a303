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
#include <socketio/server/options.hpp>

// HTTP/1.1 for a server of Engine.IO: requests with bounded heads and bodies, answers that may come later, keep-alive, and
// connections that turn into WebSockets.
namespace socketio::server {

using Headers = std::vector<std::pair<std::string, std::string>>;  ///< lower-case names, in the order of arrival

struct HttpRequest {
  HttpRequest() = default;
  HttpRequest(const HttpRequest&) = delete;
  HttpRequest& operator=(const HttpRequest&) = delete;

  std::string method;      ///< "GET"
  std::string url;         ///< as sent: path and query
  std::string_view path;   ///< of url; begins with "/", or is empty (`OPTIONS *`)
  std::string_view query;  ///< of url, after the "?"; encoded
  Headers headers;
  std::string address;  ///< of the peer
  bool secure = false;
  bool upgrade = false;  ///< asks for a WebSocket (GET, Connection: upgrade, Upgrade: websocket, no body)
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;  ///< the first; or empty
};

/// A connection that is no longer HTTP: raw bytes both ways. See HttpExchange::take_over(). Called from the loop, never from
/// inside a call to the connection, and may destroy it.
class RawListener {
 public:
  virtual ~RawListener() = default;
  virtual void on_bytes(Bytes bytes) = 0;
  /// The system takes bytes again, and everything given to write() so far has been taken.
  virtual void on_drained() = 0;
  /// The last call. `error`: reset or the like, not an ordinary end.
  virtual void on_lost(bool error) = 0;
};
class RawConnection {
 public:
  virtual ~RawConnection() = default;  ///< closes at once
  /// Nothing is read before there is a listener. What came right after the request is told first.
  virtual void set_listener(RawListener* listener) noexcept = 0;
  /// One gathered write of any number of parts. Returns how many bytes the system took now; the rest is the caller's to keep
  /// until on_drained(), which has to be asked for.
  virtual std::size_t write(std::span<const Bytes> parts) = 0;
  /// Asks for on_drained() once the system takes bytes again.
  virtual void want_drained() = 0;
  /// On at first. While it is off, the other side's end is noticed only when a write fails.
  virtual void read(bool on) = 0;
  /// Ends after what was written has been sent; the listener is not called any more. The connection may be destroyed right
  /// after.
  virtual void finish() = 0;
};

/// One request and its answer. Lives until it has been answered and its owner let go of it.
class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
 public:
  virtual ~HttpExchange() = default;
  [[nodiscard]] virtual const HttpRequest& request() const noexcept = 0;
  /// Reads the body, which may be empty. `done(body, complete, too_large)` is called once, never before this returns: complete
  /// is false when the client gave up or was too slow, or the body exceeds `bytes_max` (then too_large is true and nothing more
  /// is read). At most once per exchange. A body that is not asked for is skipped.
  virtual void read_body(std::size_t bytes_max, std::function<void(Bytes body, bool complete, bool too_large)> done) = 0;
  /// Answers. Exactly once, now or later; `Content-Length` and the headers about the connection are added. Does nothing when
  /// the client has gone.
  virtual void respond(int status, const Headers& headers, Bytes body) = 0;
  /// The same with a body that many answers share: it is not copied for a client that does not read.
  virtual void respond_shared(int status, const Headers& headers, std::shared_ptr<const std::string> body) = 0;
  /// What the system has not taken of the answer.
  [[nodiscard]] virtual std::size_t unsent_bytes() const noexcept = 0;
  /// After respond(), when there are unsent_bytes(): called once when there are none any more, also because the client has
  /// gone. Not called when the HttpServer is destroyed.
  virtual void on_sent(std::function<void()> sent) = 0;
  /// Called when the client goes away before it was answered; after read_body()'s `done`, if that is under way. Not called when
  /// the HttpServer is destroyed.
  virtual void on_abandoned(std::function<void()> abandoned) = 0;
  /// Answers an upgrade request with `head` (a full status line and headers) and takes the connection away from HTTP. Null when
  /// the client has gone.
  virtual std::unique_ptr<RawConnection> take_over(std::string_view head) = 0;
  /// Answers with raw bytes and closes the connection (refused upgrades).
  virtual void respond_raw_and_close(std::string_view bytes) = 0;
};
using HttpHandler = std::function<void(const std::shared_ptr<HttpExchange>&)>;

/// A connection that comes from another loop's HttpServer, with what has been read of its next request.
struct HttpArrival {
  net::LooseStream stream;
  Buffer input;
};

/// For servers on several loops, each with an HttpServer, of which one listens: it gives each new connection to the emptiest
/// loop, and a connection moves when its next request belongs to another one.
struct HttpSharing {
  std::shared_ptr<net::OpenCounts> counts;
  std::size_t loop = 0;  ///< this server's
  /// The loop that a request belongs to.
  std::function<std::size_t(const HttpRequest&)> loop_of;
  /// Takes a connection to HttpServer::adopt() of another loop.
  std::function<void(std::size_t loop, HttpArrival)> send;
};

/// Listens and speaks HTTP, or HTTPS with a certificate. Every limit of HttpOptions is enforced here, counted, and answered
/// with a short text and the end of the connection: 400 (not HTTP, or forbidden by it), 408, 414, 417, 431; connections above
/// the limit get 503 if there is time. 413 is the handler's, see read_body(). Requests of one connection are handed out one
/// after the other, each when the one before was answered; but behind a GET that is answered late, others go on, and their
/// answers wait. Connections that were taken over outlive it. Not to be destroyed by its own handler.
class HttpServer {
 public:
  /// `sharing`  none: all is done on this loop.
  HttpServer(Loop& loop, HttpOptions options, HttpHandler handler, HttpSharing sharing = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Returns why it failed ("port 3000 is in use"), or empty text. Port 0 finds a free one; see port(). May be called several
  /// times (127.0.0.1 and ::1).
  [[nodiscard]] std::string listen(const std::string& host, std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::size_t connection_count() const noexcept;
  /// Also from other threads.
  [[nodiscard]] HttpCounters counters() const noexcept;
  void adopt(HttpArrival arrival);
  /// Takes no new connections; idle ones are closed, busy ones after their answer, all after `deadline_ms`, with those that
  /// were taken over. `done` is called once, when none is left; not when this is destroyed before.
  void close(std::uint64_t deadline_ms, std::function<void()> done);
  /// After close(), and its `done`: may listen again.
  void reopen() noexcept;
  /// After close(): calls `empty` when no connection is left, once more if there were none before.
  void when_empty(std::function<void()> empty);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace socketio::server
