#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace socketio::cli::fleet {

/// Writes lines to a descriptor on its own thread, so that a slow reader does not block the caller. The buffer is bounded: a
/// line that does not fit is dropped.
class LineWriter {
 public:
  /// `descriptor` stays the caller's. A thread that is blocked in a write is left running, so the descriptor must stay open for
  /// it.
  LineWriter(int descriptor, std::size_t bytes_max);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Appends a line to the buffer. False when it does not fit, or writing has failed: the line is lost.
  bool push(std::string_view line);
  /// 0, or the errno of the first write that failed. Nothing is written after it.
  [[nodiscard]] int error() const;
  /// Waits until everything is written, or writing has failed. False on timeout.
  bool drain(std::chrono::milliseconds timeout);
  /// Number of lines in the buffer that are not written yet. All lines of a write in progress count.
  [[nodiscard]] std::uint64_t waiting() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace socketio::cli::fleet
