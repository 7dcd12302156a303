#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/net/intrusive_list.hpp>
#include <socketio/net/listener.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/server/http.hpp>

#include "http_connection.hpp"
#include "trusted_proxies.hpp"

namespace socketio::server {

/// State that the connections of a server share: the listener, the deadlines, the counters.
struct HttpServer::Impl {
  Impl(Loop& on, HttpOptions given, HttpHandler function, HttpSharing shared);
  ~Impl();

  std::string listen(const std::string& host, std::uint16_t port);
  void accepted(net::ServerStream stream);
  void adopt(HttpArrival arrival);
  /// The loop that the request belongs to, if it is not this one.
  [[nodiscard]] std::optional<std::size_t> elsewhere(const HttpRequest& request) const;
  void close(std::uint64_t deadline_ms, std::function<void()> done);

  /// Puts `connection` at the end of the list for `kind`, also when it is in it already.
  void set_deadline(HttpConnection& connection, Deadline kind);
  void check_deadlines();
  /// Parses input that has arrived already, at the end of the turn.
  void resume_later(HttpConnection& connection);
  /// Destroys a closed connection at the end of the turn: its own functions may be running.
  void bury(HttpConnection& connection);
  void end_turn();
  void for_each(const std::function<void(HttpConnection&)>& function);
  [[nodiscard]] std::uint32_t duration_ms(Deadline kind) const noexcept;

  Loop& loop;
  HttpOptions options;
  HttpHandler handler;
  HttpSharing sharing;
  const TrustedProxies proxies;
  HttpCounters counters;
  std::string keep_alive_lines;                                       ///< for responses after which the connection stays open
  std::array<net::List<HttpConnection>, deadline_count> connections;  ///< by Deadline
  net::List<HttpConnection> buried;
  std::vector<HttpConnection*> resuming;
  Buffer scratch;  ///< for the head of a response
  std::uint64_t timer_due_ms = 0;
  bool closing = false;
  bool cut = false;  ///< the close deadline has passed, and the remaining connections were closed
  net::Timer deadline_timer;
  net::Timer close_timer;
  net::TurnEnd turn_end;
  net::Listener listener;
};

}  // namespace socketio::server
