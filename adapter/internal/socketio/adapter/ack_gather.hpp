#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include <socketio/adapter/shard.hpp>
#include <socketio/common/gather.hpp>

namespace socketio::adapter {

/// The acks of one broadcast to several shards, passed on as those of one shard: the number of clients once all shards have
/// reported theirs, and each ack.
class AckGather final : public AckListener {
 public:
  using OnClients = std::function<void(std::size_t)>;
  using OnAck = std::function<void(Bytes)>;

  /// Adds a number of shards that report how many clients they asked.
  void expect(std::size_t shards) noexcept { shards_.expect(shards); }
  /// Sets the functions that receive the result, and passes on what was received before.
  void pass_to(OnClients clients, OnAck ack) {
    pass_clients_ = std::move(clients);
    pass_ack_ = std::move(ack);
    check();
    for (const Buffer& arguments : std::exchange(early_, {})) {
      pass_ack_(arguments.bytes());
    }
  }
  void on_clients(std::size_t count) override {
    shards_.add_announcement(count);
    check();
  }
  void on_ack(Bytes arguments) override { pass_ack_ ? pass_ack_(arguments) : early_.emplace_back().append(arguments); }

 private:
  void check() {
    if (pass_clients_ && shards_.have_all_responded()) {
      pass_clients_(static_cast<std::size_t>(shards_.clients()));
    }
  }

  OnClients pass_clients_;
  OnAck pass_ack_;
  std::vector<Buffer> early_;
  Gather shards_{{Gather::Of::clients}};
};

}  // namespace socketio::adapter
