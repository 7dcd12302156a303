#pragma once

// Listeners that record results, and waits, for the tests of the Redis client.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/net/loop.hpp>
#include <socketio/redis/client.hpp>

namespace recorders {

using namespace socketio;

/// Longest wait: more than any of these tests needs on a slow machine.
inline constexpr std::chrono::milliseconds patience = std::chrono::seconds(20);

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Ended {
  std::uint64_t tag;
  redis::Outcome outcome;
  std::int64_t receivers;
  std::string message;
};

struct Publishes final : redis::PublishListener {
  std::vector<Ended> ended;
  std::function<void(const Ended&)> then;

  void on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t receivers, std::string_view message) override {
    ended.push_back({tag, outcome, receivers, std::string(message)});
    if (then) {
      const Ended last = ended.back();
      then(last);
    }
  }
  [[nodiscard]] std::size_t count(redis::Outcome outcome) const {
    std::size_t found = 0;
    for (const Ended& one : ended) {
      found += one.outcome == outcome ? 1U : 0U;
    }
    return found;
  }
};

struct Messages final : redis::MessageListener {
  struct One {
    std::string channel;
    std::string payload;
    bool operator==(const One&) const = default;
  };
  std::vector<One> messages;
  std::vector<std::pair<std::string, std::string>> subscribed;  ///< name and error
  std::vector<std::string> lost;                                ///< names
  std::function<void(const One&)> then;

  void on_message(std::string_view channel, Bytes payload) override {
    messages.push_back({std::string(channel), std::string(as_text(payload))});
    if (then) {
      const One last = messages.back();
      then(last);
    }
  }
  void on_subscribed(std::string_view name, std::string_view error) override { subscribed.emplace_back(name, error); }
  void on_subscription_lost(std::string_view name) override { lost.emplace_back(name); }
};

/// Runs the loop until `done` returns true. Checks it every few milliseconds, because another thread may change its result.
inline bool wait(Loop& loop, const std::function<bool()>& done) {
  constexpr std::chrono::milliseconds look{2};
  for (std::chrono::milliseconds waited{0}; waited < patience; waited += look) {
    if (loop.run_until(done, look)) {
      return true;
    }
  }
  return false;
}

inline bool wait_ready(Loop& loop, const redis::Client& client) {
  return wait(loop, [&client] { return client.state() == redis::State::ready; });
}

/// True if the counters add up, as they must when all commands have completed.
inline bool balanced(const redis::Counters& counters) {
  return counters.commands == counters.answered + counters.unconfirmed + counters.dropped_oldest + counters.not_sent_offline +
                                  counters.not_sent_queue_full + counters.not_sent_closed + counters.not_sent_abandoned;
}

}  // namespace recorders
