#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace socketio::cli::fleet {

/// Writes lines to a descriptor from a thread of its own, so that a slow reader delays nobody. What waits is bounded: a line
/// that finds no room is not taken.
class LineWriter {
 public:
  /// `descriptor` stays the caller's, and outlives the process' interest in it: a thread that is stuck in it is left behind.
  LineWriter(int descriptor, std::size_t bytes_max);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// False when there is no room, or writing has failed: the line is lost.
  bool push(std::string_view line);
  /// 0, or the errno of the first write that failed. Nothing is written after it.
  [[nodiscard]] int error() const;
  /// Waits until everything is written, or writing has failed; false when that takes longer.
  bool drain(std::chrono::milliseconds timeout);
  /// Lines that were taken and are not yet written: of those a write has begun with, all count.
  [[nodiscard]] std::uint64_t waiting() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace socketio::cli::fleet
