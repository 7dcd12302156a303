#pragma once

// For the library's own folders; not installed.

#include <functional>

#include <socketio/net/loop.hpp>

namespace socketio::net {

class Core;

/// Work that is gathered during a turn of the loop and done once at its end, before the loop waits for events: writing what has
/// been queued, telling what has ended.
class TurnEnd {
 public:
  /// `function` must not throw. It may request again (for the next turn), and may destroy this object as Timer's may.
  TurnEnd(Loop& loop, std::function<void()> function);
  ~TurnEnd();
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

  /// Cheap, and does nothing when it is requested already. Keeps the loop turning until the work is done.
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
