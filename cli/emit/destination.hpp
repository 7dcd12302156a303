#pragma once

#include "common/operation.hpp"
#include "position.hpp"
#include "report.hpp"

namespace socketio::cli {

/// Receives the operations of a batch.
class Destination {
 public:
  virtual ~Destination() = default;

  /// Called before each send(): may wait until the receivers can take the message. Throws Error as send() does. When it returns
  /// anything but Halt::none, the operation must not be sent.
  virtual Halt make_room(const OwnedOperation&, Position) { return Halt::none; }
  /// Sends one operation; `end` is the input position after its line. Throws Error, and sends nothing, when it cannot be sent.
  virtual void send(const OwnedOperation& operation, Position end) = 0;
  /// Called after each send(): may wait, so that the number of pending emits is bounded. Returns why the batch must end, if it
  /// must.
  virtual Halt keep_up() = 0;
  /// Sends all buffered operations without waiting. Called when no input is available, and repeatedly during waits.
  virtual Halt pause() = 0;
  /// Waits until all operations have completed.
  virtual Halt settle() = 0;
};

}  // namespace socketio::cli
