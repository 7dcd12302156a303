#include "pending_acks.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace socketio::server {

void PendingAcks::add(Entry entry) {
  auto at = entries_.end();
  while (at != entries_.begin() && std::prev(at)->id > entry.id) {
    --at;
  }
  entries_.insert(at, std::move(entry));
}

bool PendingAcks::take(std::uint64_t id, Entry& entry) {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), id,
                                      [](const Entry& candidate, std::uint64_t wanted) { return candidate.id < wanted; });
  if (found == entries_.end() || found->id != id) {
    return false;
  }
  entry = std::move(*found);
  entries_.erase(found);
  if (entries_.empty()) {
    entries_.shrink_to_fit();
  }
  return true;
}

void PendingAcks::drop_overdue(std::uint64_t now_ms) {
  std::erase_if(entries_, [now_ms](const Entry& entry) { return entry.timer == 0 && entry.due_ms <= now_ms; });
}

void PendingAcks::end_all(Loop& loop, AckStatus status) {
  for (const Entry& entry : std::exchange(entries_, {})) {
    loop.cancel(entry.timer);
    entry.answered(status, {});
  }
}

}  // namespace socketio::server
