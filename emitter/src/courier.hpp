#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <socketio/emitter/encoder.hpp>
#include <socketio/emitter/options.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::emitter {

/// Hears how an emit ended, on all its transports together.
class EmitListener {
 public:
  virtual ~EmitListener() = default;
  virtual void on_emit_ended(EmitId id, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                             std::string_view message) = 0;
};

/// Takes an operation to each transport: encodes it for all of them, publishes it, and puts the answers together.
class Courier final : private redis::PublishListener {
 public:
  /// Throws what Encoder() does, and Error(bad_option) for a transport that is there twice.
  Courier(const EmitterOptions& options, EmitListener& listener);

  /// Encodes the operation, and returns how many bytes it takes. `operation(Encoder&)`, which may throw: nothing has happened
  /// then.
  template <typename Operation>
  std::size_t encode(const Operation& operation) {
    first_ = operation(encoder_);
    std::size_t bytes = first_.channel.size() + first_.payload.size();
    for (auto& [encoder, publication] : others_) {
      publication = operation(encoder);
      bytes += publication.channel.size() + publication.payload.size();
    }
    return bytes;
  }
  /// Hands what was encoded last to Redis.
  void publish(redis::Client& client, EmitId id) {
    if (others_.empty() && first_.command == Encoder::Command::publish) [[likely]] {
      client.publish(first_.channel, first_.payload, *this, id);
    } else {
      publish_all(client, id);
    }
  }

 private:
  struct Other {
    Encoder encoder;
    Encoder::Publication publication;
  };
  /// An emit of which not all transports have answered.
  struct Parts {
    std::size_t waiting = 0;
    redis::Outcome outcome = redis::Outcome::ok;
    std::optional<std::int64_t> receivers = 0;
    std::string message;
  };

  void publish_all(redis::Client& client, EmitId id);
  void publish_one(redis::Client& client, const Encoder::Publication& publication, EmitId id);
  void on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t receivers, std::string_view message) override;
  void end_part(EmitId id, redis::Outcome outcome, std::optional<std::int64_t> receivers, std::string_view message);

  EmitListener& listener_;
  Encoder encoder_;
  Encoder::Publication first_;
  std::vector<Other> others_;
  std::unordered_map<EmitId, Parts> parts_;  ///< with several transports only
};

}  // namespace socketio::emitter
