#pragma once

#include "operation.hpp"
#include "position.hpp"
#include "report.hpp"

namespace socketio::cli {

/// Where the lines of a batch go.
class Destination {
 public:
  virtual ~Destination() = default;

  /// Before each send(): may wait until those who receive can take it. Throws Error as send(). When the batch has to end, the
  /// operation is not to be sent.
  virtual Halt make_room(const Operation&, Position) { return Halt::none; }
  /// Takes one operation; `end` is behind its line. Throws Error when it cannot be sent as it is; nothing is sent then.
  virtual void send(const Operation& operation, Position end) = 0;
  /// After each send(): may wait, so that what is under way stays bounded. Tells when the batch has to end.
  virtual Halt keep_up() = 0;
  /// Nothing more comes at the moment: sends what has gathered, without waiting. Also to be called while waiting for something.
  virtual Halt pause() = 0;
  /// Waits until everything taken has ended.
  virtual Halt settle() = 0;
};

}  // namespace socketio::cli
