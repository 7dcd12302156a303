#pragma once

#include "common/console.hpp"

namespace socketio::cli {

/// Decides when a Redis that is lost, or confirms nothing, is given up: after the timeout. A lost connection restarts the
/// timeout, but only once: a Redis that accepts connections and never replies counts as lost. Time between two waits, when no
/// line is due or available, does not count.
class OutageWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  OutageWatch(Console& console, std::chrono::milliseconds timeout) : console_(console), timeout_(timeout) {}

  void begin_wait(Time now) { silent_since_ = is_troubled_ ? silent_since_ + (now - waited_until_) : now; }
  void end_wait(Time now) { waited_until_ = now; }
  /// Notes the state of the connection, and the number of replies so far. Prints when Redis goes away, and when it is back.
  void look(Time now, bool is_ready, std::uint64_t replies);
  /// Time in which Redis could not reply does not count.
  void leave_out(Time::duration time) { silent_since_ += time; }

  [[nodiscard]] bool is_over(Time now) const { return now - silent_since_ >= timeout_; }
  /// True when the connection was lost, and Redis has confirmed nothing since.
  [[nodiscard]] bool is_troubled() const noexcept { return is_troubled_; }

 private:
  Console& console_;
  const std::chrono::milliseconds timeout_;
  bool is_away_ = false;  ///< the connection was lost at the last look()
  bool is_troubled_ = false;
  std::uint64_t replies_ = 0;
  Time silent_since_{};
  Time waited_until_{};
};

}  // namespace socketio::cli
