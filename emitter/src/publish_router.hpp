#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <socketio/emitter/encoder.hpp>
#include <socketio/emitter/options.hpp>
#include <socketio/fleet/dialect.hpp>
#include <socketio/redis/client.hpp>

#include "transport_search.hpp"

namespace socketio::emitter {

/// Receives the outcome of an emit, combined over all its transports.
class EmitListener {
 public:
  virtual ~EmitListener() = default;
  virtual void on_emit_ended(EmitId id, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                             std::string_view message) = 0;
  /// No emit waits for its transport any more.
  virtual void on_nothing_held() {}
};

/// Publishes operations on each transport: encodes an operation for all of them, publishes it, and combines the replies.
class PublishRouter final : private redis::PublishListener, private TransportSearch::Sink {
 public:
  /// Throws what Encoder() does, and Error(bad_option) for a transport that is listed twice. `loop` and `options` outlive it.
  ///
  /// `held_bytes_max`  limit for payloads that wait until the transport is found; further emits end as not_sent.
  PublishRouter(const EmitterOptions& options, Loop& loop, EmitListener& listener, std::size_t held_bytes_max);

  /// Switches to the transports of the options. Throws like the constructor; nothing has changed then.
  void use(const EmitterOptions& options);

  /// To be called before the client ends, so that nothing is asked anew.
  void stop() noexcept;
  /// True while emits wait for their transport.
  [[nodiscard]] bool is_holding() const noexcept {
    return (search_ != nullptr && !search_->is_idle()) || !replaced_.empty();
  }
  /// False when emits that wait for their transport leave no room for one of this size.
  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept { return search_ == nullptr || search_->has_room(bytes); }

  /// True when messages go to subscribers, not only into a stream.
  [[nodiscard]] bool has_subscribers() const noexcept {
    return !encoder_.dialect().has_streams() || !others_.empty();
  }
  [[nodiscard]] std::uint64_t stream_length_max() const noexcept { return options_.stream_length_max; }
  /// Number of entries that were added to streams.
  [[nodiscard]] std::uint64_t entry_count() const noexcept { return entry_count_; }
  /// True when all servers of its namespace receive the operation that was encoded last, and Redis counts all of them. In a
  /// sharded fleet a room may have a channel of its own; a node of a cluster counts its own subscribers to a classic message.
  [[nodiscard]] bool reaches_all(const Operation& operation, bool is_cluster) const noexcept {
    const bool is_sharded = first_.command == Publication::Command::publish_sharded;
    const bool is_one_room = operation.kind == Operation::Kind::emit && operation.target.rooms.size() == 1;
    return !(is_one_room && (is_sharded || search_ != nullptr || !others_.empty())) && !(is_cluster && !is_sharded);
  }

  /// Encodes the operation and returns its size in bytes. Nothing has changed when it throws.
  std::size_t encode(const Operation& operation) {
    first_ = encoder_.encode(operation);
    std::size_t bytes = first_.channel.size() + first_.payload.size();
    for (auto& [encoder, publication] : others_) {
      publication = encoder.encode(operation);
      bytes += publication.channel.size() + publication.payload.size();
    }
    return bytes;
  }
  /// Publishes `operation`, which was encoded last, or keeps a copy of it until the transport is known.
  void publish(redis::Client& client, EmitId id, const Operation& operation) {
    if (search_ != nullptr) [[unlikely]] {
      publish_when_found(client, id, operation);
    } else if (others_.empty() && first_.command == Publication::Command::publish) [[likely]] {
      client.publish(first_.channel, first_.payload, *this, id);
    } else {
      publish_all(client, id);
    }
  }

 private:
  struct Other {
    Encoder encoder;
    Publication publication;
  };
  /// An emit that waits for the replies of some transports.
  struct Parts {
    std::size_t waiting = 0;
    redis::Outcome outcome = redis::Outcome::ok;
    std::optional<std::int64_t> receivers = 0;
    std::string message;
  };

  void publish_when_found(redis::Client& client, EmitId id, const Operation& operation);
  void publish_found(redis::Client& client, const Publication& publication, EmitId id) override;
  void end_held(EmitId id, redis::Outcome outcome, std::string_view message) override;
  void on_fleet_found(const TransportSearch& search, const Fleet& fleet) override;
  void on_search_idle() override;
  void publish_all(redis::Client& client, EmitId id);
  void publish_one(redis::Client& client, const Publication& publication, EmitId id);
  void on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t receivers, std::string_view message) override;
  void end_part(EmitId id, redis::Outcome outcome, std::optional<std::int64_t> receivers, std::string_view message);

  const EmitterOptions& options_;
  const std::size_t held_bytes_max_;
  Loop& loop_;
  EmitListener& listener_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  ///< expires when a callback destroys the emitter
  std::shared_ptr<TransportSearch> search_;                    ///< null when the transport is known
  std::vector<std::shared_ptr<TransportSearch>> replaced_;  ///< of fleets before use(), while they keep emits
  Encoder encoder_;
  Publication first_;
  std::uint64_t entry_count_ = 0;
  std::vector<Other> others_;
  std::unordered_map<EmitId, Parts> parts_;  ///< with several transports only
};

}  // namespace socketio::emitter
