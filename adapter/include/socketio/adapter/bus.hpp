#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::adapter {

/// Hears the entries of a stream.
class SOCKETIO_API StreamListener {
 public:
  virtual ~StreamListener();
  /// Reading has begun: entries that are added from now on are heard, those added while Redis is away afterwards. Called once,
  /// not before read_stream() has returned.
  virtual void on_reading(std::string_view stream);
  /// `fields`  names and values in turn; borrowed until return. Entries come in the order of their ids, each once.
  virtual void on_entry(std::string_view id, std::span<const redis::Reply> fields) = 0;
};

/// A stream that is being read. Destroying it ends that.
class SOCKETIO_API StreamReader {
 public:
  virtual ~StreamReader();
  /// The last entry that the listener has heard, or where reading began; empty until reading has begun.
  [[nodiscard]] virtual std::string_view position() const noexcept = 0;
};

struct StreamReading {
  std::string stream;
  std::uint32_t count = 100;       ///< entries of one answer
  std::uint32_t block_ms = 5'000;  ///< how long one question waits for entries
};

/// What adapters need of Redis. RedisBus is it; tests bring one that loses, delays and reorders.
///
/// Names and payloads are borrowed until return. Listeners outlive their subscriptions.
class SOCKETIO_API Bus {
 public:
  virtual ~Bus();
  /// Messages leave in the order of the calls. What becomes of one that cannot be sent is the bus' to count.
  virtual void publish(redis::SubscriptionKind kind, std::string_view channel, Bytes payload) = 0;
  virtual void subscribe(redis::SubscriptionKind kind, std::string_view name, redis::MessageListener& listener) = 0;
  virtual void unsubscribe(redis::SubscriptionKind kind, std::string_view name) = 0;
  /// How many connections are subscribed to a channel; nothing when Redis does not tell. Later, once.
  virtual void count_subscribers(redis::SubscriptionKind kind, std::string_view channel,
                                 std::function<void(std::optional<std::size_t>)> done) = 0;

  /// Any other command, in the order of the calls with what is published.
  virtual void command(std::span<const std::string_view> words, redis::CommandDone done) = 0;
  /// Begins to read a stream, from now on. Ends with the reader, or the bus.
  [[nodiscard]] virtual std::unique_ptr<StreamReader> read_stream(const StreamReading& reading, StreamListener& listener) = 0;
};

}  // namespace socketio::adapter
