#include "forks.hpp"

#include <pthread.h>

#include <atomic>
#include <new>

namespace socketio::emitter {
namespace {

std::atomic<unsigned> forks{0};
alignas(std::mutex) unsigned char lock_memory[sizeof(std::mutex)];

std::mutex* new_lock() noexcept { return new (lock_memory) std::mutex; }

void in_child() {
  new_lock();
  forks.fetch_add(1, std::memory_order_relaxed);
}

/// Registers the handler before the first fork that matters: an object that compares counts has read one at its creation.
const bool is_registered = [] {
  new_lock();
  return ::pthread_atfork(nullptr, nullptr, in_child) == 0;
}();

}  // namespace

unsigned fork_count() noexcept { return forks.load(std::memory_order_relaxed); }

std::mutex& fork_lock() noexcept { return *std::launder(reinterpret_cast<std::mutex*>(lock_memory)); }

}  // namespace socketio::emitter
