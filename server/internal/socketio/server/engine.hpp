#pragma once

// For the server's own layers; not installed.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/common/random.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/decision.hpp>
#include <socketio/server/engine_options.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/http.hpp>

// Engine.IO: one session per client over long polling, over WebSocket, or over long polling and then WebSocket.
//
// Source: docs/wire_server.md, "Engine.IO: requests" and the sections after it; golden bytes in tests/golden/engineio-*.json.
namespace socketio::server {

/// Reason why a session ended, as reported to applications.
enum class CloseReason : std::uint8_t {
  client_namespace_disconnect,
  server_namespace_disconnect,
  server_shutting_down,
  ping_timeout,
  transport_close,
  transport_error,
  parse_error,
  forced_close,
  queue_full,  ///< a client that does not read: not in the reference, reported as "transport error"
};
[[nodiscard]] std::string_view text_of(CloseReason reason) noexcept;

/// Data of the first HTTP request of a session, for handshakes.
struct RequestInfo {
  /// Lower-case names, in the order of their first occurrence. Repeated headers are merged as in Node: joined by ", " (cookies
  /// by "; "); of those that may occur only once (host, content-type, user-agent...) the first is kept. Only set-cookie may
  /// occur twice.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string url;                                         ///< path and query
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded; last value wins
  std::string address;
  bool xdomain = false;
  bool secure = false;
};

/// A RequestInfo in one block of memory.
class PackedRequest;

/// Receives the events of one session. Called on the loop; may close the session. on_closed() is the last call, and made
/// exactly once.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  /// One Engine.IO message; borrowed until return.
  virtual void on_message(Bytes data, bool binary) = 0;
  /// The client has sent a message or a body above max_http_buffer_size; on_closed() follows.
  virtual void on_too_large() {}
  virtual void on_closed(CloseReason reason) = 0;
};

/// One client's session. Owned by the EngineServer; valid from on_session() until its listener has received on_closed().
class Session {
 public:
  virtual ~Session() = default;
  /// The secret session id.
  [[nodiscard]] virtual std::string_view id() const noexcept = 0;
  /// 4, or 3 with allow_eio3.
  [[nodiscard]] virtual int revision() const noexcept = 0;
  /// The transport that carries messages now.
  [[nodiscard]] virtual EngineTransport transport() const noexcept = 0;
  /// Created by each call: sessions keep their request packed, as there are many of them. Hold the value while it is used.
  [[nodiscard]] virtual RequestInfo request() const = 0;
  /// The request, for users that outlive the session.
  [[nodiscard]] virtual const PackedRequest& packed_request() const noexcept = 0;
  virtual void set_listener(SessionListener* listener) noexcept = 0;
  /// During SessionListener::on_message(): the client has sent more, or part of it, together with this message.
  [[nodiscard]] virtual bool more_follows() const noexcept { return false; }

  /// Queues a message; it is written at the end of the loop's turn, together with others. A volatile one is dropped unless the
  /// transport is writable at this moment (returns false, and counts it). A message beyond the queue limit is dropped (returns
  /// false) and the session is closed at the end of the turn: never inside this call, so a broadcast may iterate over its
  /// sockets. False, too, once the session has ended.
  virtual bool send(const FrameRef& frame, bool is_volatile = false) = 0;
  /// Closes the session: passes queued messages to the transport first (without waiting), then closes the transport; over long
  /// polling with a later GET than the one that gets the messages. Calls the listener's on_closed(reason) before this returns.
  virtual void close(CloseReason reason) = 0;
};

/// Index of a loop among those of a server: session ids contain it, so that each loop can find the loop of a request's session.
struct LoopNumber {
  std::size_t loop = 0;
  std::size_t loops = 1;
};

/// Handles the requests of one path: handshakes, polls, posts, WebSocket upgrades.
class EngineServer {
 public:
  /// `on_session`  called for each new session before anything else happens on it; sets the session's listener.
  /// `random`      for session ids; outlives the server. Null: the system's.
  EngineServer(Loop& loop, EngineOptions options, std::function<void(Session&)> on_session, Random* random = nullptr,
               LoopNumber loop_number = {});
  /// Closes all connections at once, without calling listeners: call close_all() before for an orderly close. Must not be
  /// destroyed from within one of its own calls (to a listener, to on_session): post the destruction.
  ~EngineServer();
  EngineServer(const EngineServer&) = delete;
  EngineServer& operator=(const EngineServer&) = delete;

  /// For HttpServer: returns true when the URL belongs to this server's path; it then responds, now or later.
  bool handle(HttpExchange& exchange);
  /// Responds to a CORS preflight of this server's path; handle() does that, too. False when the request is none.
  bool preflight(HttpExchange& exchange) const;
  /// Refuses a request of this server's path because a hook has refused it. False when it belongs to another path.
  bool refuse_by_hook(HttpExchange& exchange);

  // Also from other threads.
  [[nodiscard]] std::size_t session_count() const noexcept;
  [[nodiscard]] EngineCounters counters() const noexcept;
  /// Closes all sessions with `server shutting down`, each like Session::close(): queued messages are sent first. New sessions
  /// are refused (503).
  void close_all();
  /// After close_all(): accepts new sessions again.
  void reopen() noexcept;
  /// After close_all(): true when each client over long polling has fetched its messages.
  [[nodiscard]] bool is_drained() const noexcept;
  /// Calls `drained` once, at the end of a turn, when is_drained() is true.
  void when_drained(std::function<void()> drained);
  /// Drops clients that have not fetched their messages.
  void stop_draining();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace socketio::server
