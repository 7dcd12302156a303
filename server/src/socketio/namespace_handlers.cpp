#include "namespace_handlers.hpp"

#include <memory>
#include <string>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/reserved_events.hpp>

namespace socketio::server {

void NamespaceHandlers::use(std::function<void(Socket, Next)> middleware) {
  const std::lock_guard guard(lock_);
  middlewares_.add(std::move(middleware));
}

void NamespaceHandlers::on_connection(std::function<void(Socket)> handler) {
  const std::lock_guard guard(lock_);
  connection_.add(std::move(handler));
}

void NamespaceHandlers::on_server_side(std::string_view event, EventHandler handler) {
  if (is_ignored_server_side_event(event)) {
    throw Error(ErrorCode::reserved_event, "Servers do not send each other events named \"" + std::string(event) +
                                               "\", so this handler would never be called. For clients use on_connection(), "
                                               "for namespaces on_new_namespace().");
  }
  server_side_.push_back({std::string(event), std::make_shared<const EventHandler>(std::move(handler)), false});
}

Listeners<Socket, Next>::Functions NamespaceHandlers::middlewares() const {
  const std::lock_guard guard(lock_);
  return middlewares_.list();
}

Listeners<Socket>::Functions NamespaceHandlers::connection_handlers() const {
  const std::lock_guard guard(lock_);
  return connection_.list();
}

void NamespaceHandlers::inherit(const NamespaceHandlers& parent) {
  middlewares_ = parent.middlewares_;
  connection_ = parent.connection_;
  server_side_ = parent.server_side_;
}

}  // namespace socketio::server
