#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <socketio/adapter/adapter.hpp>

namespace socketio::adapter {

/// Channels that an adapter is subscribed to, which of them Redis has confirmed, and calls that wait for some of them. The
/// adapter passes on the notifications of its bus for each channel.
class Confirmations {
 public:
  static constexpr std::uint64_t patience_ms = 5'000;

  /// `scheduler`  for the deadlines of waiting calls; outlives this.
  explicit Confirmations(Scheduler& scheduler) : scheduler_(scheduler) {}
  ~Confirmations() { close(); }
  Confirmations(const Confirmations&) = delete;
  Confirmations& operator=(const Confirmations&) = delete;

  void add(std::string channel);
  /// Removes an unsubscribed channel: calls that wait for it end with false.
  void remove(std::string_view channel);
  /// `error`  Redis' reason when it has refused the channel: calls that wait for it end with false.
  void on_subscribed(std::string_view channel, std::string_view error);
  void on_lost(std::string_view channel);

  /// Calls `done` once: with true as soon as all channels are confirmed at the same time, with false when one of them is
  /// refused, removed or unknown, and after `timeout_ms`. When the result is known already, before this returns.
  void when_confirmed(std::vector<std::string> channels, std::uint64_t timeout_ms, std::function<void(bool)> done);
  /// Ends all waiting calls with false; later calls end at once.
  void close();

 private:
  enum class State : std::uint8_t { open, confirmed, refused };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };
  template <typename Value>
  using ByChannel = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;
  /// A waiting call. It is listed at each of its channels, including the confirmed ones, because they may be lost meanwhile.
  struct Waiting {
    std::uint64_t number = 0;
    std::vector<std::string> channels;
    std::size_t open_count = 0;
    std::function<void(bool)> done;
    Scheduler::TimerId deadline = 0;
  };
  using Calls = std::map<std::uint64_t, std::shared_ptr<Waiting>>;  ///< in the order of arrival

  [[nodiscard]] Calls waiting_for(std::string_view channel) const;
  void end(const std::shared_ptr<Waiting>& waiting, bool confirmed);

  Scheduler& scheduler_;
  ByChannel<State> channels_;
  ByChannel<Calls> waiting_;
  std::uint64_t last_number_ = 0;
};

}  // namespace socketio::adapter
