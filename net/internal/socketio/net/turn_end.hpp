#pragma once

// For the library's own folders; not installed.

#include <functional>

#include <socketio/net/loop.hpp>

namespace socketio::net {

class Core;

/// Work that is requested during a turn of the loop and runs once, at the end of that turn, before the loop waits for events:
/// for example, writing queued bytes or reporting finished commands.
class TurnEnd {
 public:
  /// `function` must not throw. It may call request() again, for the next turn, and may destroy this object as a Timer's
  /// function may.
  TurnEnd(Loop& loop, std::function<void()> function);
  ~TurnEnd();
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

  /// Requests one call of the function at the end of this turn; does nothing if it is already requested. Cheap. Keeps the loop
  /// running until the call.
  void request() {
    if (!requested_) {
      enqueue();
    }
  }

 private:
  friend class Core;
  void enqueue();

  Core& core_;
  std::function<void()> function_;
  bool requested_ = false;
};

}  // namespace socketio::net
