#pragma once

#include <chrono>
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

/// Receives the entries of a stream.
class SOCKETIO_API StreamListener {
 public:
  virtual ~StreamListener();
  /// Reading has begun: all entries added from now on are received; those added while Redis is unreachable, afterwards. Called
  /// once, not before read_stream() has returned.
  virtual void on_reading(std::string_view stream);
  /// `fields`  names and values in turn; borrowed until return. Entries come in the order of their ids, each once.
  virtual void on_entry(std::string_view id, std::span<const redis::Reply> fields) = 0;
};

/// Reads a stream until it is destroyed.
class SOCKETIO_API StreamReader {
 public:
  virtual ~StreamReader();
  /// Id of the last entry that the listener has received, or the position where reading began; empty until reading has begun.
  [[nodiscard]] virtual std::string_view position() const noexcept = 0;
};

struct StreamReading {
  std::string stream;
  std::uint32_t count = 100;                    ///< most entries in one reply
  std::chrono::milliseconds block_time{5'000};  ///< time that one XREAD waits for entries
};

/// Access to Redis for adapters. Implemented by RedisBus; tests use one that loses, delays and reorders messages.
///
/// Names and payloads are borrowed until return. Listeners outlive their subscriptions.
class SOCKETIO_API Bus {
 public:
  virtual ~Bus();
  /// Publishes messages in the order of the calls. The bus counts those that cannot be sent.
  virtual void publish(redis::SubscriptionKind kind, std::string_view channel, Bytes payload) = 0;
  virtual void subscribe(redis::SubscriptionKind kind, std::string_view name, redis::MessageListener& listener) = 0;
  virtual void unsubscribe(redis::SubscriptionKind kind, std::string_view name) = 0;
  /// Counts the connections subscribed to a channel; empty when Redis does not report it. Calls `done` once, after this has
  /// returned.
  virtual void count_subscribers(redis::SubscriptionKind kind, std::string_view channel,
                                 std::function<void(std::optional<std::size_t>)> done) = 0;

  /// Sends any other command. Commands and published messages keep the order of the calls.
  virtual void command(std::span<const std::string_view> words, redis::CommandDone done) = 0;
  /// Reads a stream from now on, until the reader or the bus is destroyed.
  [[nodiscard]] virtual std::unique_ptr<StreamReader> read_stream(const StreamReading& reading, StreamListener& listener) = 0;
};

}  // namespace socketio::adapter
