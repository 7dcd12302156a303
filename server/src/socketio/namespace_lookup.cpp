#include "namespace_lookup.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/buffer.hpp>

namespace socketio::server {

/// A CONNECT that waits for its namespace.
struct NamespaceLookup::Pending {
  std::weak_ptr<Connection> connection;
  std::string name;
  Buffer auth;
  std::shared_ptr<NamespaceCore> found;
};

std::size_t NamespaceLookup::waiting_count(const Connection& connection) const {
  return pending_.empty() ? 0 : pending_.count(&connection);
}

bool NamespaceLookup::is_waiting(const Connection& connection, std::string_view name) const {
  const auto [first, last] = pending_.equal_range(&connection);
  return std::any_of(first, last, [name](const auto& entry) { return entry.second->name == name; });
}

void NamespaceLookup::find_namespace(Connection& connection, std::string_view name, Bytes auth) {
  if (home.is_first()) {
    const auto nsp = source_.namespace_for(name, auth);
    if (nsp != nullptr) {
      nsp->expect_client();
    }
    connection.enter(name, auth, nsp);
  } else if (const auto found = known_.find(name); found != known_.end()) {
    connection.enter(name, auth, found->second);
  } else {
    request(connection, name, auth);
  }
}

void NamespaceLookup::request(Connection& connection, std::string_view name, Bytes auth) {
  const auto pending = std::make_shared<Pending>();
  pending->connection = connection.weak_from_this();
  pending->name = name;
  pending->auth.append(auth);
  pending_.emplace(&connection, pending);
  source_.post_to_first([this, pending] {
    pending->found = source_.namespace_for(pending->name, pending->auth.bytes());
    if (pending->found != nullptr) {
      pending->found->expect_client();
    }
    home.loop.post([this, pending] { on_found(pending); });
  });
}

void NamespaceLookup::on_found(const std::shared_ptr<Pending>& pending) {
  std::erase_if(pending_, [&pending](const auto& entry) { return entry.second == pending; });
  const auto nsp = std::move(pending->found);
  if (nsp != nullptr && !nsp->is_transient()) {
    known_.emplace(pending->name, nsp);
  }
  const auto connection = pending->connection.lock();
  if (connection != nullptr && connection->is_open()) {
    connection->enter(pending->name, pending->auth.bytes(), nsp);
  } else if (nsp != nullptr) {
    nsp->client_gone(home);
  }
}

}  // namespace socketio::server
