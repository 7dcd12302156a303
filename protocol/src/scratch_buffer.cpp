#include <socketio/protocol/scratch_buffer.hpp>

#include <cstddef>

namespace socketio {
namespace {

/// Memory above this size is not kept.
constexpr std::size_t scratch_bytes_kept = std::size_t{1} << 20;
struct Scratch {
  Buffer buffer;
  bool taken = false;
};
thread_local Scratch scratch;

}  // namespace

ScratchBuffer::ScratchBuffer() : buffer_(scratch.taken ? &own_ : &scratch.buffer) {
  if (buffer_ != &own_) {
    scratch.taken = true;
    buffer_->clear();
  }
}

ScratchBuffer::~ScratchBuffer() {
  if (buffer_ != &own_) {
    scratch.taken = false;
    buffer_->clear_and_shrink(scratch_bytes_kept);
  }
}

}  // namespace socketio
