#pragma once

#include <socketio/common/buffer.hpp>
#include <socketio/common/export.hpp>

namespace socketio {

/// The calling thread's packing buffer, initially empty: emits on one thread pack into the same memory, which is kept (up to 1
/// MiB) between emits.
class SOCKETIO_API ScratchBuffer {
 public:
  ScratchBuffer();
  ~ScratchBuffer();
  ScratchBuffer(const ScratchBuffer&) = delete;
  ScratchBuffer& operator=(const ScratchBuffer&) = delete;
  [[nodiscard]] Buffer& buffer() noexcept { return *buffer_; }

 private:
  Buffer* buffer_;
  Buffer own_;  // used while packing an argument calls an emit
};

}  // namespace socketio
