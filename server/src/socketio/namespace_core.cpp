#include "namespace_core.hpp"

#include <algorithm>
#include <utility>

#include <socketio/adapter/in_memory.hpp>
#include <socketio/protocol/event_data.hpp>

namespace socketio::server {

NamespaceCore::NamespaceCore(ServerContext& server, std::span<LoopContext* const> loops, std::string name, OnEmpty on_empty,
                             Predicate predicate)
    : SocketNamespace(server, std::move(name)), on_empty_(std::move(on_empty)), predicate_(std::move(predicate)) {
  for (LoopContext* const home : loops) {
    shards_.push_back(std::make_unique<NamespaceShard>(*this, *home));
  }
  if (server.is_threaded()) {
    adapter_shards_ = {&group_.emplace(*this, shards_)};
  } else {
    adapter_shards_ = {shards_.front().get()};
  }
  if (!is_parent()) {
    make_adapter();
  }
}

/// The adapter uses this to its end.
NamespaceCore::~NamespaceCore() { adapter_.reset(); }

void NamespaceCore::make_adapter() {
  const auto& maker = server_->options.adapter;
  adapter_ = maker ? maker(*this) : std::make_unique<adapter::InMemoryAdapter>(*this);
  keeps_packets_ = adapter_->keeps_packets();
}

/// Keeps an in-memory adapter: its data exists in this process alone.
void NamespaceCore::reopen_adapter() {
  if (server_->options.adapter) {
    adapter_.reset();  // two of one namespace would receive each other's messages
    make_adapter();
  }
}

void NamespaceCore::close_adapter() {
  if (adapter_ != nullptr) {
    adapter_->close();
  }
}

void NamespaceCore::detach() {
  close_adapter();
  adapter_.reset();
  for (const auto& shard : shards_) {
    shard->detach();
  }
  server_ = nullptr;
}

// ---- shards ----------------------------------------------------------------------------------------------------------------

std::shared_ptr<NamespaceShard> NamespaceCore::shard_at(const LoopContext& loop) {
  return {shared_from_this(), shards_[loop.index].get()};
}

NamespaceShard* NamespaceCore::find_shard_here() {
  const LoopContext* const here = LoopContext::current();
  if (here == nullptr || here->index >= shards_.size()) {
    return nullptr;
  }
  NamespaceShard& shard = *shards_[here->index];
  return shard.home() == here ? &shard : nullptr;
}

NamespaceShard& NamespaceCore::shard_here() {
  NamespaceShard* const here = find_shard_here();
  return here != nullptr ? *here : first_shard();
}

NamespaceShard* NamespaceCore::shard_applied_first() {
  return group_ && !is_parent() && !keeps_packets() ? find_shard_here() : nullptr;
}

// ---- children and clients --------------------------------------------------------------------------------------------------

void NamespaceCore::adopt(NamespaceCore& child) {
  child.handlers.inherit(handlers);
  child.is_transient_ = server_->options.cleanup_empty_child_namespaces;
  std::erase_if(children_, [](const auto& other) { return other.expired(); });
  children_.push_back(child.self());
}

void NamespaceCore::client_gone(LoopContext& from) {
  const auto leave = [this] {
    if (--clients_ == 0 && is_transient_ && is_open()) {
      on_empty_(*this);
    }
  };
  if (from.is_first()) {
    leave();
  } else if (is_transient_) {
    on_first_loop(leave);
  }
}

// ---- events of other servers -----------------------------------------------------------------------------------------------

void NamespaceCore::on_server_side_event(Bytes data, std::function<bool(Bytes)> answer) {
  const auto name = event_data::name(data);
  if (!name.ok()) {
    return;
  }
  const auto alive = shared_from_this();
  Ack ack;
  if (answer) {  // may be sent on any thread
    ack = Ack([alive, answer = std::move(answer)](Bytes array) {
      if (alive->loop().on_loop_thread()) {
        answer(array);
      } else {
        alive->loop().post([answer, kept = std::vector<std::uint8_t>(array.begin(), array.end())] { answer(kept); });
      }
    });
  }
  EventCall call{Arguments::of_array(data, 1), std::move(ack)};
  const std::string event = event_name_text(name.value());
  for (const auto& handler : handlers.take_server_side(event)) {
    first_shard().call_handler(*handler, call, event, {});
  }
}

}  // namespace socketio::server
