#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <utility>

#include <socketio/adapter/adapter.hpp>

namespace nodes {

/// A clock that a test advances. All events in these tests, including messages on the bus, are timers of this clock: they run
/// in the order of their times, and at the same time in the order of the calls.
class FakeTime final : public socketio::adapter::Scheduler {
 public:
  [[nodiscard]] std::uint64_t now_ms() const override { return now_ms_; }
  [[nodiscard]] std::int64_t wall_ms() const override { return 1'700'000'000'000 + static_cast<std::int64_t>(now_ms_); }
  TimerId call_after(std::chrono::milliseconds after, std::function<void()> function) override {
    const std::uint64_t due_ms = now_ms_ + static_cast<std::uint64_t>(after.count());
    timers_.emplace(Key{due_ms, ++last_id_}, std::move(function));
    due_ms_[last_id_] = due_ms;
    return last_id_;
  }
  void cancel(TimerId timer) override {
    if (const auto found = due_ms_.find(timer); found != due_ms_.end()) {
      const auto function = timers_.extract({found->second, timer});  // its captures are destroyed on return
      due_ms_.erase(found);
    }
  }

  /// Advances the time and runs the timers that are due.
  void advance(std::uint64_t by_ms) {
    const std::uint64_t end_ms = now_ms_ + by_ms;
    while (!timers_.empty() && timers_.begin()->first.first <= end_ms) {
      const auto timer = timers_.extract(timers_.begin());
      due_ms_.erase(timer.key().second);
      now_ms_ = timer.key().first;
      timer.mapped()();
    }
    now_ms_ = end_ms;
  }
  /// Runs the timers that are due now, including those that these start for now.
  void settle() { advance(0); }
  [[nodiscard]] std::size_t timer_count() const noexcept { return timers_.size(); }

 private:
  using Key = std::pair<std::uint64_t, TimerId>;
  std::uint64_t now_ms_ = 1'000;
  TimerId last_id_ = 0;
  std::map<Key, std::function<void()>> timers_;
  std::map<TimerId, std::uint64_t> due_ms_;
};

/// A source of random numbers that are the same on every standard library, unlike its distributions.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : random_() % end; }
  bool percent(unsigned chance) { return below(100) < chance; }

 private:
  std::mt19937_64 random_;
};

}  // namespace nodes
