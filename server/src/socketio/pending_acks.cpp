#include "pending_acks.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace socketio::server {

void PendingAcks::add(Entry entry) {
  auto place = entries_.end();
  while (place != entries_.begin() && std::prev(place)->id > entry.id) {
    --place;
  }
  entries_.insert(place, std::move(entry));
}

bool PendingAcks::take(std::uint64_t id, Entry& entry) {
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), id,
                                      [](const Entry& candidate, std::uint64_t wanted) { return candidate.id < wanted; });
  if (place == entries_.end() || place->id != id) {
    return false;
  }
  entry = std::move(*place);
  entries_.erase(place);
  if (entries_.empty()) {
    entries_.shrink_to_fit();
  }
  return true;
}

void PendingAcks::drop_overdue(std::uint64_t now_ms) {
  std::erase_if(entries_, [now_ms](const Entry& entry) { return entry.timer == 0 && entry.due_ms <= now_ms; });
}

}  // namespace socketio::server
