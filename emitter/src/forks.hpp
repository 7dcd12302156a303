#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace socketio::emitter {

/// Counts the forks that this process has come out of: another number than before means that this is a child of the process in
/// which it was asked then. Costs no system call. (A child made by clone() without fork() is not noticed.)
[[nodiscard]] unsigned fork_count() noexcept;

/// For taking over in a child: free at first in each child, whatever the parent's threads were doing.
[[nodiscard]] std::mutex& fork_lock() noexcept;

/// Keeps in a child what belongs to the parent: it is never used again, and not destroyed, as that could write to connections
/// which the parent still uses. Call it under fork_lock().
template <typename Object>
void keep_for_parent(std::unique_ptr<Object> object) {
  static auto* const kept = new std::vector<Object*>();
  kept->push_back(object.release());
}

}  // namespace socketio::emitter
