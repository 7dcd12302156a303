#include "cluster_link.hpp"

namespace socketio::adapter {

void ClusterLink::send(const Publication& publication, std::function<void(redis::CommandResult)> done) {
  using Command = Publication::Command;
  if (publication.payload.empty()) {
    return;
  }
  if (publication.command != Command::add_entry) {
    const bool is_sharded = publication.command == Command::publish_sharded;
    bus->publish(is_sharded ? redis::SubscriptionKind::shard : redis::SubscriptionKind::channel, publication.channel,
                 publication.payload);
    return;
  }
  bus->command(publication.words, [this, is_alive = alive, done = std::move(done)](redis::CommandResult result) {
    if (*is_alive && result.outcome != redis::Outcome::ok) {
      ++counters.entries_failed;
    }
    if (done) {
      done(std::move(result));
    }
  });
}

}  // namespace socketio::adapter
