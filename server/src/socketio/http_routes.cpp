#include <socketio/server/http_routes.hpp>

#include <utility>

#include <socketio/common/error.hpp>

#include "http/http_text.hpp"
#include "server_core.hpp"

namespace socketio {
namespace {

using server::Route;
using server::ServerLoop;

void add_route(server::ServerCore& core, std::string_view method, std::string_view path, RouteHandler handler,
               PiecesHandler pieces, std::size_t body_bytes_max) {
  if (!server::is_header_name(method) || (!handler && !pieces)) {
    throw Error(ErrorCode::bad_option, "A route needs a method, such as GET, and a handler.");
  }
  auto route =
      std::make_shared<Route>(Route{std::string(method), server::RoutePath(path), std::string(method) + " " + std::string(path),
                                    std::move(handler), std::move(pieces), body_bytes_max});
  core.on_each_loop([route](ServerLoop& there) { there.routes.add(route); });
}

}  // namespace

HttpRoutes::HttpRoutes(std::shared_ptr<server::ServerCore> core) noexcept : core_(std::move(core)) {}

void HttpRoutes::get(std::string_view path, RouteHandler handler) const { on("GET", path, std::move(handler)); }
void HttpRoutes::post(std::string_view path, RouteHandler handler) const { on("POST", path, std::move(handler)); }

void HttpRoutes::on(std::string_view method, std::string_view path, RouteHandler handler, std::size_t body_bytes_max) const {
  add_route(*core_, method, path, std::move(handler), nullptr, body_bytes_max);
}

void HttpRoutes::on_pieces(std::string_view method, std::string_view path, PiecesHandler handler,
                           std::size_t body_bytes_max) const {
  add_route(*core_, method, path, nullptr, std::move(handler), body_bytes_max);
}

void HttpRoutes::use(HttpHook hook) const {
  if (!hook) {
    throw Error(ErrorCode::bad_option, "A hook is a function.");
  }
  const auto shared = std::make_shared<const HttpHook>(std::move(hook));
  core_->on_each_loop([shared](server::ServerLoop& there) { there.routes.add_hook(shared); });
}

}  // namespace socketio
