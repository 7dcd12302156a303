#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/net/loop.hpp>
#include <socketio/server/http.hpp>
#include <socketio/server/http_options.hpp>
#include <socketio/server/http_routes.hpp>

#include "pending_calls.hpp"
#include "route_path.hpp"

namespace socketio::server {

/// A method and a path, and the application's handler; shared by all loops.
struct Route {
  std::string method;
  RoutePath path;
  std::string name;  ///< "GET /users/:id", for reports
  RouteHandler handler;
  PiecesHandler pieces;  ///< instead of `handler`
  std::size_t body_bytes_max = 0;
};

/// The routes and hooks of an application on one loop.
class HttpRouter {
 public:
  /// Calls a function of the application, and catches what it throws. False when it threw.
  using Guard = std::function<bool(std::string_view what, const std::function<void()>& call)>;
  using Continue = std::function<void(HttpExchange& exchange)>;

  HttpRouter(Loop& loop, const HttpOptions& options, Guard guard);

  void add(std::shared_ptr<const Route> route) { routes_.push_back(std::move(route)); }
  void add_hook(std::shared_ptr<const HttpHook> hook) { hooks_.push_back(std::move(hook)); }
  [[nodiscard]] bool has_hooks() const noexcept { return !hooks_.empty(); }

  /// Calls the hooks one after the other, then `go_on`; `fail` when one refuses the request. A hook may respond instead.
  void run_hooks(const std::shared_ptr<HttpExchange>& exchange, Continue go_on, Continue fail);
  /// Responds when the request has a route. False, without a response, when it has none.
  bool handle(HttpExchange& exchange);
  /// Responds when the path has routes of other methods only: 405, or 204 to OPTIONS.
  bool refuse_method(HttpExchange& exchange);
  void not_found(HttpExchange& exchange);

  RouteCounters counters;

 private:
  struct Hooked;

  void call_hook(const std::shared_ptr<Hooked>& hooked);
  void read(HttpExchange& exchange, std::shared_ptr<const Route> route);
  void call(HttpExchange& exchange, const std::shared_ptr<const Route>& route);
  void call_pieces(HttpExchange& exchange, const std::shared_ptr<const Route>& route,
                   const std::shared_ptr<CallTicket>& ticket);
  /// Responds as the application did, or in its place.
  void respond(HttpExchange& exchange, const CallAnswer& answer);

  std::size_t body_bytes_max_;
  Guard guard_;
  PendingCalls calls_;
  std::vector<std::shared_ptr<const Route>> routes_;
  std::vector<std::shared_ptr<const HttpHook>> hooks_;
};

}  // namespace socketio::server
