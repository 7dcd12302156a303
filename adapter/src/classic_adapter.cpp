#include <socketio/adapter/classic.hpp>

#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>

#include "cluster_adapter.hpp"

namespace socketio {
namespace adapter {
namespace {

Fleet classic_fleet(Fleet fleet) {
  fleet.transport = Transport::classic;
  return fleet;
}

/// Adapter of the classic family: broadcasts by one pattern per namespace, requests and responses by named channels.
///
/// Unlike the reference it makes its own sockets join, leave or disconnect at once, instead of when it receives its own request
/// back.
///
/// Source: docs/wire.md, "Classic adapter".
class ClassicAdapter final : public ClusterAdapter {
 public:
  ClassicAdapter(Host& host, std::shared_ptr<Bus> bus, const ClassicOptions& options)
      : ClusterAdapter(host, std::move(bus), classic_fleet(options),
                       {.role = fleet::Participant::Role::server,
                        .use_requesters_channel = options.publish_on_specific_response_channel}),
        broadcast_prefix_(options.key + "#" + std::string(host.nsp()) + "#"),
        requests_timeout_ms_(in_ms(options.requests_timeout)) {}

 private:
  [[nodiscard]] std::uint32_t request_timeout_ms(const Flags&) const override { return requests_timeout_ms_; }

  /// Drops most messages by their channel alone: they are for rooms without sockets on this server.
  void on_message(std::string_view channel, Bytes payload) override {
    if (!channel.starts_with(broadcast_prefix_)) {
      ClusterAdapter::on_message(channel, payload);
      return;
    }
    ++link_.counters.messages;
    channel.remove_prefix(broadcast_prefix_.size());
    if (!channel.empty()) {
      channel.remove_suffix(1);
    }
    if (!channel.empty() && !is_room_here(channel)) {
      ++link_.counters.dropped_absent;
      return;
    }
    receive(fleet::Topic::events, payload);
  }
  [[nodiscard]] bool is_room_here(std::string_view room) const {
    for (const Shard* const shard : link_.host.shards()) {
      if (shard->has_room(room)) {
        return true;
      }
    }
    return false;
  }

  const std::string broadcast_prefix_;
  const std::uint32_t requests_timeout_ms_;
};

}  // namespace
}  // namespace adapter

adapter::AdapterFactory classic_adapter(std::shared_ptr<adapter::Bus> bus, ClassicOptions options) {
  options.check();
  if (in_ms(options.requests_timeout) == 0) {
    throw Error(ErrorCode::bad_option, "requests_timeout must not be 0.");
  }
  return [bus = std::move(bus), options = std::move(options)](adapter::Host& host) -> std::unique_ptr<adapter::Adapter> {
    return std::make_unique<adapter::ClassicAdapter>(host, bus, options);
  };
}

}  // namespace socketio
