#pragma once

namespace socketio::cli {

/// True when the process was started with this signal ignored, as nohup does with SIGHUP: it stays ignored.
bool is_ignored(int number);

/// Makes SIGINT, SIGTERM and SIGHUP (the terminal was closed) events to poll for: the first one requests the end of the
/// program, a second one ends it at once. A SIGHUP after another signal is ignored, because a closed terminal sends several.
/// Writing to a closed pipe or beyond a file size limit becomes an error instead of a signal.
///
/// Only one object may exist at a time.
class Signals {
 public:
  /// Throws Failure(usage) when no pipe can be created.
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The first signal received, or 0.
  [[nodiscard]] int pending() const noexcept;
  /// Fails with Failure(interrupted or terminated) when a signal was received, before anything was sent.
  void fail_if_pending() const;
  /// Descriptor that is readable once a signal has been received.
  [[nodiscard]] int descriptor() const noexcept;

  /// Waits until `fd` is readable (-1: none), a signal arrives, or the timeout passes; -1 waits without a limit.
  enum class Woken { readable, signal, timeout };
  Woken wait(int fd, int timeout_ms) const;

 private:
  bool handles_hangup_ = false;
};

}  // namespace socketio::cli
