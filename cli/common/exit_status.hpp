#pragma once

#include <stdexcept>
#include <string>

namespace socketio::cli {

/// Exit status of a tool. If several apply, it is the first in this order: interrupted, usage, refused, incomplete, too_few.
enum class ExitStatus : int {
  ok = 0,
  usage = 1,       ///< wrong options or bad input
  refused = 2,     ///< cannot connect, or not permitted; no emit was accepted
  incomplete = 3,  ///< something failed or is unconfirmed
  too_few = 4,     ///< an emit reached fewer servers than required
  unanswered = 5,  ///< some requested responses had not arrived at the deadline
  hung_up = 129,   ///< the terminal was closed
  interrupted = 130,
  terminated = 143,
};

/// The exit status of a run with `status`; `lost` is true if standard output did not accept all data.
constexpr ExitStatus with_output(ExitStatus status, bool lost) noexcept {
  const bool is_worse = status == ExitStatus::usage || status == ExitStatus::refused || static_cast<int>(status) > 128;
  return lost && !is_worse ? ExitStatus::incomplete : status;
}

/// Exception that ends the program: one sentence on what is wrong and what to do.
class Failure : public std::runtime_error {
 public:
  Failure(ExitStatus status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}
  [[nodiscard]] ExitStatus status() const noexcept { return status_; }

 private:
  ExitStatus status_;
};

/// Exit status of a run that a signal ended.
constexpr ExitStatus ended_by(int signal) noexcept { return static_cast<ExitStatus>(128 + signal); }

/// Throws Failure for wrong options or bad input.
[[noreturn]] inline void fail_usage(const std::string& sentence) { throw Failure(ExitStatus::usage, sentence); }

/// Throws Failure when there is no connection, or Redis or the fleet does not permit something.
[[noreturn]] inline void fail_refused(const std::string& sentence) { throw Failure(ExitStatus::refused, sentence); }

}  // namespace socketio::cli
