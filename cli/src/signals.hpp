#pragma once

namespace socketio::cli {

/// SIGINT and SIGTERM as something that can be polled for: the first one asks the program to come to an end, the second one
/// ends it at once. Writing to a closed pipe or beyond a file size limit becomes an error instead of a signal.
///
/// One object at a time.
class Signals {
 public:
  /// Throws Failure(usage) when the system gives no pipe.
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The signal that came, or 0.
  [[nodiscard]] int pending() const noexcept;
  /// Readable once a signal has come.
  [[nodiscard]] int descriptor() const noexcept;

  /// Waits until `fd` is readable (-1: for nothing), a signal comes, or the time is over; -1 waits without end.
  enum class Woken { readable, signal, timeout };
  Woken wait(int fd, int timeout_ms) const;
};

}  // namespace socketio::cli
