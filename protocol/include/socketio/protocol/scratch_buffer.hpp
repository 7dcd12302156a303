#pragma once

#include <socketio/common/buffer.hpp>
#include <socketio/common/export.hpp>

namespace socketio {

/// The calling thread's packing buffer, empty at first: emits on one thread pack into the same memory, which is kept (up to
/// 1 MiB) from one to the next.
class SOCKETIO_API ScratchBuffer {
 public:
  ScratchBuffer();
  ~ScratchBuffer();
  ScratchBuffer(const ScratchBuffer&) = delete;
  ScratchBuffer& operator=(const ScratchBuffer&) = delete;
  [[nodiscard]] Buffer& buffer() noexcept { return *buffer_; }

 private:
  Buffer* buffer_;
  Buffer own_;  // for an argument whose packing emits itself
};

}  // namespace socketio
