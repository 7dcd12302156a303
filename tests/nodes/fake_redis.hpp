#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/adapter/bus.hpp>

#include "fake_time.hpp"

namespace nodes {

using socketio::Bytes;
using socketio::redis::MessageListener;
using socketio::redis::SubscriptionKind;

class FakeBus;

/// A Redis in memory that delivers messages as the real one does: by name and by pattern, in order. If a test sets faults, it
/// loses, duplicates and delays them, by seed.
class FakeRedis {
 public:
  struct Message {
    SubscriptionKind kind = SubscriptionKind::channel;
    std::string channel;
    std::vector<std::uint8_t> payload;
    [[nodiscard]] std::string_view text() const { return socketio::as_text(payload); }
  };
  /// Faults of a message, chosen separately for each subscriber.
  struct Faults {
    unsigned lost_percent = 0;
    unsigned doubled_percent = 0;
    std::uint64_t delay_ms_max = 0;  ///< separate for each message: they overtake each other
  };

  explicit FakeRedis(FakeTime& time, std::uint64_t seed = 1) : time_(time), dice_(seed) {}

  std::vector<Message> published;                          ///< all published messages, delivered or not
  std::vector<std::string> commands;                       ///< of pub/sub, as "SUBSCRIBE name"
  std::vector<std::vector<std::string>> other_commands;    ///< word by word, XADD among them
  std::vector<socketio::adapter::StreamReading> readings;  ///< all readings that were begun
  Faults faults;
  bool counts = true;                    ///< replies to a count have a number
  std::optional<std::size_t> count_lie;  ///< a fixed number instead of the true one
  bool answers_counts = true;            ///< counts get a reply at all

  /// Publishes a message from outside the fleet.
  void publish(SubscriptionKind kind, std::string_view channel, Bytes payload);
  [[nodiscard]] std::size_t subscriber_count(SubscriptionKind kind, std::string_view name) const;
  /// Subscriptions of all connections.
  [[nodiscard]] std::size_t subscription_count() const;

 private:
  friend class FakeBus;
  /// Adds an entry to a stream and sends it to all its readers: in order, each once, with different delays.
  std::string add_entry(const std::string& stream, std::span<const std::string_view> fields);
  void hand_on(FakeBus& bus, SubscriptionKind kind, const std::string& name, const std::shared_ptr<Message>& message);

  FakeTime& time_;
  Dice dice_;
  std::vector<FakeBus*> buses_;
  std::uint64_t last_entry_ = 0;
};

/// The connection of one server.
class FakeBus final : public socketio::adapter::Bus {
 public:
  explicit FakeBus(FakeRedis& redis);
  ~FakeBus() override;

  void publish(SubscriptionKind kind, std::string_view channel, Bytes payload) override;
  void subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) override;
  void unsubscribe(SubscriptionKind kind, std::string_view name) override;
  void count_subscribers(SubscriptionKind kind, std::string_view channel,
                         std::function<void(std::optional<std::size_t>)> done) override;
  /// Supports only XADD.
  void command(std::span<const std::string_view> words, socketio::redis::CommandDone done) override;
  std::unique_ptr<socketio::adapter::StreamReader> read_stream(const socketio::adapter::StreamReading& reading,
                                                               socketio::adapter::StreamListener& listener) override;

  /// Cuts the connection: nothing is received or sent any more. Redis does not notice, and still counts it.
  void cut() noexcept { cut_ = true; }
  [[nodiscard]] std::size_t subscription_count() const noexcept { return subscriptions_.size(); }

 private:
  friend class FakeRedis;
  class Reader;
  using Key = std::pair<SubscriptionKind, std::string>;
  FakeRedis& redis_;
  std::map<Key, MessageListener*> subscriptions_;
  std::vector<Reader*> readers_;
  bool cut_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace nodes
