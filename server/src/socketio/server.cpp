#include <socketio/server.hpp>

#include <chrono>
#include <utility>

#include "server_core.hpp"

namespace socketio {

Server::Server(Loop& loop, ServerOptions options) : Server(std::make_shared<server::ServerCore>(loop, std::move(options))) {}

Server::Server(std::shared_ptr<server::ServerCore> core) : Namespace(core->of("/")), server_(std::move(core)) {}

Server::~Server() = default;

Status Server::listen(const std::string& host, std::uint16_t port) { return server_->listen(host, port); }
std::uint16_t Server::port() const noexcept { return server_->first().http->port(); }

Namespace Server::of(std::string_view name) { return Namespace(server_->of(name)); }

Namespace Server::of(std::function<bool(std::string_view, const Value&)> predicate) {
  return Namespace(server_->add_parent(std::move(predicate)));
}

void Server::on_new_namespace(std::function<void(Namespace)> listener) { server_->on_new_namespace = std::move(listener); }

void Server::serve_engine(const std::string& path, std::function<void(EngineSocket)> on_connection) {
  server_->serve_engine(path, std::move(on_connection));
}

HttpRoutes Server::http() const noexcept { return HttpRoutes(server_); }

std::size_t Server::connection_count() const noexcept { return server_->connection_count(); }
ServerCounters Server::counters() const { return server_->all_counters(); }

void Server::close(std::chrono::milliseconds deadline, std::function<void()> done) {
  server_->close(deadline, std::move(done));
}

}  // namespace socketio
