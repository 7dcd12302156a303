#include <socketio/server/namespace.hpp>

#include <utility>

#include "namespace_core.hpp"
#include "namespace_operations.hpp"

namespace socketio {

namespace namespace_operations = server::namespace_operations;

Namespace::Namespace(std::shared_ptr<server::NamespaceCore> core) : BroadcastOperator(core, Target{core->name(), {}, {}, {}}) {}

const std::string& Namespace::name() const noexcept { return core_->name(); }

void Namespace::use(std::function<void(Socket, Next)> middleware) const { core_->handlers.use(std::move(middleware)); }
void Namespace::on_connection(std::function<void(Socket)> handler) const { core_->handlers.on_connection(std::move(handler)); }
std::size_t Namespace::socket_count() const noexcept {
  std::size_t count = 0;
  for (const auto& shard : core_->all_shards()) {
    count += shard->size();
  }
  return count;
}

std::vector<Socket> Namespace::sockets() const {
  std::vector<Socket> all;
  for (const auto& shard : core_->all_shards()) {
    for (const auto& socket : shard->sockets()) {
      all.emplace_back(socket);
    }
  }
  return all;
}

std::optional<Socket> Namespace::find_socket(std::string_view id) const {
  for (const auto& shard : core_->all_shards()) {
    if (const auto socket = shard->find(id)) {
      return Socket(socket);
    }
  }
  return std::nullopt;
}

void Namespace::server_side_emit_packed(Bytes data) const {
  namespace_operations::apply(*core_, Operation::server_side(target_, data));
}

void Namespace::server_side_emit_with_ack_packed(Bytes data, OnServerSideAnswers done) const {
  namespace_operations::server_side_emit_with_ack(*core_, data, std::move(done));
}

void Namespace::add_server_side_handler(std::string_view event, EventHandler handler) const {
  core_->handlers.on_server_side(event, std::move(handler));
}

void Namespace::all_rooms(std::function<void(std::vector<std::string>)> done) const {
  namespace_operations::all_rooms(*core_, std::move(done));
}
void Namespace::server_count(std::function<void(std::size_t)> done) const {
  namespace_operations::server_count(*core_, std::move(done));
}

adapter::AdapterCounters Namespace::adapter_counters() const {
  return core_->is_open() && !core_->is_parent() ? core_->adapter().counters() : adapter::AdapterCounters{};
}

}  // namespace socketio
