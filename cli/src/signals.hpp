#pragma once

namespace socketio::cli {

/// True when the process was started with this signal ignored, as nohup does with SIGHUP: it stays ignored.
bool is_ignored(int number);

/// SIGINT, SIGTERM and SIGHUP (the terminal was closed) as something that can be polled for: the first one asks the program to
/// come to an end, a second one ends it at once. A SIGHUP behind another signal is passed over: a closed terminal sends
/// several. Writing to a closed pipe or beyond a file size limit becomes an error instead of a signal.
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

 private:
  bool handles_hangup_ = false;
};

}  // namespace socketio::cli
