#pragma once

#include <cstddef>
#include <cstdint>

#include <socketio/common/random.hpp>
#include <socketio/redis/options.hpp>

namespace socketio::redis {

/// A random number below `limit`, which is not 0.
[[nodiscard]] std::uint32_t random_below(Random& random, std::size_t limit);

/// Delay before the next attempt after `failures` failed ones in a row: it doubles with each, up to `max_ms`, and is shortened
/// randomly by up to a half, so that many clients do not come at once.
[[nodiscard]] std::uint64_t backoff_ms(std::uint64_t min_ms, std::uint64_t max_ms, std::uint32_t failures, Random& random);

/// Time for which publishes wait after an absence of `away_ms`: see Options::resume_wait_max.
[[nodiscard]] std::uint64_t resume_wait_ms(const Options& options, std::uint64_t away_ms);

/// Decides when the next attempt to connect begins, and how long publishes wait after a loss.
class Retry {
 public:
  /// `options`  outlive this.
  explicit Retry(const Options& options) noexcept : options_(options) {}

  /// Redis has executed a command or confirmed a subscription, or another server is to be tried: the delays start again.
  void start_again() noexcept { failures_ = 0; }
  /// Returns the time for which publishes wait now; 0: none.
  std::uint64_t on_logged_in(std::uint64_t now_ms);
  void on_ready(std::uint64_t now_ms) noexcept {
    is_away_ = false;
    ready_ms_ = now_ms;
  }
  /// An attempt has failed, or with `was_ready` a connection that was ready was lost.
  void on_lost(std::uint64_t now_ms, bool was_ready) noexcept;

  /// Delay before the next attempt. Counts that attempt as one that fails.
  [[nodiscard]] std::uint64_t next_delay_ms(Random& random);
  /// True if the last attempt failed or the connection was lost, and none has been ready since.
  [[nodiscard]] bool is_away() const noexcept { return is_away_; }
  /// True while publishes wait for subscribers that are not back yet. Options::resume_when may end that earlier.
  [[nodiscard]] bool is_resuming(std::uint64_t now_ms) const noexcept { return now_ms < resume_ms_; }

 private:
  const Options& options_;
  std::uint32_t failures_ = 0;
  bool is_away_ = false;
  bool was_good_ = false;  ///< the lost connection had been ready for longer than backoff_max
  std::uint64_t ready_ms_ = 0;
  std::uint64_t away_since_ms_ = 0;  ///< time at which the last connection that was ready was lost; 0: none was
  std::uint64_t resume_ms_ = 0;
};

}  // namespace socketio::redis
