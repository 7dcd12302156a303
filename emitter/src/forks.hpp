#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace socketio::emitter {

/// Number of forks that this process has come out of. A value that differs from an earlier one means that this process is a
/// child of the one that read the earlier value. Costs no system call. (A child made by clone() without fork() is not
/// detected.)
[[nodiscard]] unsigned fork_count() noexcept;

/// Lock for replacing the state in a forked child. It is free at first in each child, whatever the parent's threads were doing.
[[nodiscard]] std::mutex& fork_lock() noexcept;

/// Keeps an object that belongs to the parent in a child, without using or destroying it: its destructor could write to
/// connections that the parent still uses. Call it under fork_lock().
template <typename Object>
void keep_for_parent(std::unique_ptr<Object> object) {
  static auto* const kept = new std::vector<Object*>();
  kept->push_back(object.release());
}

}  // namespace socketio::emitter
