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
#include <socketio/server/frame.hpp>
#include <socketio/server/http.hpp>
#include <socketio/server/options.hpp>

// Engine.IO: one session per client over long polling, WebSocket, or first the one and then the other.
//
// Source: docs/wire_server.md, "Engine.IO: requests" and the sections after it; golden bytes in tests/golden/engineio-*.json.
namespace socketio::server {

/// Why a session ended, as applications hear it.
enum class CloseReason : std::uint8_t {
  client_namespace_disconnect,
  server_namespace_disconnect,
  server_shutting_down,
  ping_timeout,
  transport_close,
  transport_error,
  parse_error,
  forced_close,
  queue_full,  ///< a client that does not read: ours alone, told as "transport error"
};
[[nodiscard]] std::string_view text_of(CloseReason reason) noexcept;

/// The first HTTP request of a session: what handshakes show.
struct RequestInfo {
  /// Lower-case names, in order of their first coming. Repeated ones are one here, as in Node: joined by ", " (cookies by ";
  /// "), but of those that may come only once (host, content-type, user-agent...) the first. Only set-cookie may come twice.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string url;                                         ///< path and query
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded; last value wins
  std::string address;
  bool xdomain = false;
  bool secure = false;
};

/// A RequestInfo in one piece of memory.
class PackedRequest;

/// Hears what happens to one session. Called on the loop; may close the session; is told on_closed() last, exactly once, and
/// not called afterwards.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  /// One Engine.IO message; borrowed until return.
  virtual void on_message(Bytes data, bool binary) = 0;
  /// The client has sent a message or a body above max_http_buffer_size; on_closed() follows.
  virtual void on_too_large() {}
  virtual void on_closed(CloseReason reason) = 0;
};

/// One client's session. Owned by the EngineServer; valid from on_session() until its listener heard on_closed().
class Session {
 public:
  virtual ~Session() = default;
  /// The secret session id.
  [[nodiscard]] virtual std::string_view id() const noexcept = 0;
  /// 4, or 3 with allow_eio3.
  [[nodiscard]] virtual int revision() const noexcept = 0;
  /// The transport that carries messages now.
  [[nodiscard]] virtual EngineTransport transport() const noexcept = 0;
  /// Made anew by each call: sessions keep their request packed, as there are many of them. Hold the value while it is used.
  [[nodiscard]] virtual RequestInfo request() const = 0;
  /// For those who outlive the session.
  [[nodiscard]] virtual const PackedRequest& packed_request() const noexcept = 0;
  virtual void set_listener(SessionListener* listener) noexcept = 0;
  /// During SessionListener::on_message(): the client has sent more, or part of it, together with this message.
  [[nodiscard]] virtual bool more_follows() const noexcept { return false; }

  /// Queues a message; it is written at the end of the loop's turn, together with others. A volatile one is dropped unless the
  /// transport is writable at this moment (returns false, and counts it). A message beyond the queue limit is dropped (returns
  /// false) and the session ends with the turn: never inside this call, so a broadcast may walk over its sockets. False, too,
  /// once the session has ended.
  virtual bool send(const FrameRef& frame, bool is_volatile = false) = 0;
  /// Ends the session: what is queued is handed to the transport first (not waited for), then the transport closes; over long
  /// polling with a later GET than the one that gets the messages. The listener hears on_closed(reason) before this returns.
  virtual void close(CloseReason reason) = 0;
};

/// Which of a server's loops this is: session ids tell, so that other loops know whose a request is.
struct LoopPlace {
  std::size_t loop = 0;
  std::size_t loops = 1;
};

/// Answers the requests of one path: handshakes, polls, posts, WebSocket upgrades.
class EngineServer {
 public:
  /// `on_session`  called for each new session before anything else happens on it; sets the session's listener.
  /// `random`      for session ids; outlives the server. Null: the system's.
  EngineServer(Loop& loop, EngineOptions options, std::function<void(Session&)> on_session, Random* random = nullptr,
               LoopPlace place = {});
  /// Cuts all connections. Listeners hear nothing of it: call close_all() before for an orderly end. Not to be destroyed from
  /// within a call of its own (to a listener, to on_session): post it.
  ~EngineServer();
  EngineServer(const EngineServer&) = delete;
  EngineServer& operator=(const EngineServer&) = delete;

  /// For HttpServer: true when the URL belongs to this server's path; it then answers, now or later.
  bool handle(HttpExchange& exchange);

  // Also from other threads.
  [[nodiscard]] std::size_t session_count() const noexcept;
  [[nodiscard]] EngineCounters counters() const noexcept;
  /// Ends all sessions with `server shutting down`, each as Session::close() does: what is queued goes first. There will be no
  /// new sessions (503).
  void close_all();
  /// After close_all(): takes new sessions again.
  void reopen() noexcept;
  /// After close_all(): whether each client over long polling has come for what it was sent.
  [[nodiscard]] bool is_drained() const noexcept;
  /// Calls `drained` once, at the end of a turn, when that is so.
  void when_drained(std::function<void()> drained);
  /// Forgets clients that have not come for it.
  void stop_draining();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace socketio::server
