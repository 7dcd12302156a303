#include <socketio/server/namespace.hpp>

#include <utility>

#include "namespace_core.hpp"

namespace socketio {

Namespace::Namespace(std::shared_ptr<server::NamespaceCore> core) : BroadcastOperator(core, Target{core->name(), {}, {}, {}}) {}

const std::string& Namespace::name() const noexcept { return core_->name(); }

void Namespace::use(std::function<void(Socket, Next)> middleware) const { core_->use(std::move(middleware)); }
void Namespace::on_connection(std::function<void(Socket)> handler) const { core_->on_connection(std::move(handler)); }
std::size_t Namespace::socket_count() const noexcept {
  std::size_t count = 0;
  for (const auto& shard : core_->own_shards()) {
    count += shard->size();
  }
  return count;
}

std::vector<Socket> Namespace::sockets() const {
  std::vector<Socket> all;
  for (const auto& shard : core_->own_shards()) {
    for (const auto& socket : shard->sockets()) {
      all.emplace_back(socket);
    }
  }
  return all;
}

std::optional<Socket> Namespace::find_socket(std::string_view id) const {
  for (const auto& shard : core_->own_shards()) {
    if (const auto socket = shard->find(id)) {
      return Socket(socket);
    }
  }
  return std::nullopt;
}

void Namespace::server_side_emit_packed(Bytes data) const { core_->apply(Operation::server_side(target_, data)); }

void Namespace::server_side_emit_with_ack_packed(Bytes data, OnServerSideAnswers done) const {
  core_->server_side_emit_with_ack(data, std::move(done));
}

void Namespace::add_server_side_handler(std::string_view event, EventHandler handler) const {
  core_->on_server_side(event, std::move(handler));
}

void Namespace::all_rooms(std::function<void(std::vector<std::string>)> done) const { core_->all_rooms(std::move(done)); }
void Namespace::server_count(std::function<void(std::size_t)> done) const { core_->server_count(std::move(done)); }

adapter::AdapterCounters Namespace::adapter_counters() const {
  return core_->server() != nullptr && !core_->predicate() ? core_->adapter().counters() : adapter::AdapterCounters{};
}

}  // namespace socketio
