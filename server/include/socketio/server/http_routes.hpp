#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/server/http_request.hpp>

namespace socketio {

namespace server {
class CallTicket;
class ServerCore;
}  // namespace server

/// Responds to one HTTP request. A small handle, which may be copied, kept, and used on any thread, one at a time; the first
/// response counts, later ones do nothing. Nothing is sent when the client has disconnected. The client receives 503 when there
/// is no response after HttpOptions::answer_timeout, and 500 when the last copy is destroyed without one.
class SOCKETIO_API HttpResponse {
 public:
  explicit HttpResponse(std::shared_ptr<server::CallTicket> ticket) noexcept;

  void send(int status, std::string_view body = {}, std::string_view content_type = "text/plain; charset=utf-8") const;
  /// With any headers. Those about the connection and the length (Connection, Content-Length ...) are the server's, and left
  /// out. Throws Error(bad_arguments) for a status outside 200 to 599, and for a name or value that HTTP forbids.
  void respond(int status, HttpHeaders headers, std::string_view body = {}) const;
  /// False once there is a response, the time is over, or the client has disconnected.
  [[nodiscard]] bool wanted() const noexcept;
  [[nodiscard]] const HttpRequest& request() const noexcept;

 private:
  std::shared_ptr<server::CallTicket> ticket_;
};

/// Continues a request that a hook was called for: HttpRoutes::use(). A handle like HttpResponse.
class SOCKETIO_API HttpNext {
 public:
  explicit HttpNext(std::shared_ptr<server::CallTicket> ticket);

  /// Continues with the next hook, and then the request.
  void operator()() const;
  /// Adds a header to the response, whoever makes it, also to that of a WebSocket; call it before continuing. A header of the
  /// same name in the response replaces it, except for Set-Cookie and Vary. Throws Error(bad_arguments) as respond() does.
  void add_header(std::string_view name, std::string_view value) const;
  /// Ends the request with this response.
  void respond(int status, HttpHeaders headers, std::string_view body = {}) const;
  /// Ends the request with 400; one of Engine.IO with the code 3, "Bad request", as next(error) in JavaScript.
  void fail() const;
  [[nodiscard]] bool wanted() const noexcept;
  [[nodiscard]] const HttpRequest& request() const noexcept;

 private:
  std::shared_ptr<server::CallTicket> ticket_;
  std::shared_ptr<HttpHeaders> headers_;
};

/// State of a body that is read in pieces.
enum class BodyState : std::uint8_t {
  more,       ///< this piece, and more follows
  complete,   ///< this piece is the last one; it may be empty
  too_large,  ///< no more is read; the client receives 413 unless there is a response
  lost,       ///< the client has disconnected, or was too slow; nobody receives a response
};

using RouteHandler = std::function<void(const HttpRequest& request, HttpResponse response)>;
/// Takes a piece of a body, borrowed until return. The last call has another state than BodyState::more.
using OnBodyPiece = std::function<void(Bytes piece, BodyState state)>;
/// Returns the function that takes the body; an empty one when there is a response already.
using PiecesHandler = std::function<OnBodyPiece(const HttpRequest& request, HttpResponse response)>;
using HttpHook = std::function<void(const HttpRequest& request, HttpNext next)>;

/// HTTP on the server's port, for an application's own requests:
///
///   io.http().get("/healthz", [](const HttpRequest&, HttpResponse response) { response.send(200, "ok\n"); });
///   io.http().get("/users/:id", [](const HttpRequest& request, HttpResponse response) {
///     response.send(200, request.param("id"));
///   });
///
/// A path consists of segments: text, compared after decoding; `:name`, any segment; at the end `*name`, all further segments.
/// A parameter never contains "..", also not encoded, so that it may be part of a file's name. Routes are tried in the order of
/// their registration, after Engine.IO's path and before `static_folder`. A GET route also responds to HEAD. A path that has
/// routes of other methods only gets 405; what has no route and is no file gets 404.
///
/// A small handle, for the thread of the server's loop. With several threads, handlers run on the thread that has the
/// connection, at the same time. Exceptions of handlers are caught and reported to ServerOptions::on_problem; the client
/// receives 500.
class SOCKETIO_API HttpRoutes {
 public:
  explicit HttpRoutes(std::shared_ptr<server::ServerCore> core) noexcept;

  /// Throws Error(bad_option) for a path that is not possible.
  void get(std::string_view path, RouteHandler handler) const;
  /// Calls the handler when the whole body has arrived; see HttpRequest::body. A larger one than HttpOptions::body_bytes_max
  /// gets 413.
  void post(std::string_view path, RouteHandler handler) const;
  /// For any method. `body_bytes_max`  0: HttpOptions::body_bytes_max.
  void on(std::string_view method, std::string_view path, RouteHandler handler, std::size_t body_bytes_max = 0) const;
  /// For a body that is not kept in memory: the handler is called with the head alone, and returns the function that takes the
  /// body. HttpOptions::body_timeout and answer_timeout begin with the head.
  void on_pieces(std::string_view method, std::string_view path, PiecesHandler handler, std::size_t body_bytes_max) const;

  /// Calls `hook` for every request on this port: those of Engine.IO (`engine.use()` of the official server), routes and files.
  /// Hooks run in the order of registration, after a CORS preflight was answered and before anything else is checked.
  void use(HttpHook hook) const;

 private:
  std::shared_ptr<server::ServerCore> core_;
};

}  // namespace socketio
