#include "in_flight.hpp"

#include <algorithm>
#include <cassert>

namespace socketio::cli {

void InFlight::push(Position end, Op op, std::uint16_t place, bool to_all_servers, std::uint64_t kept_bytes, bool by_main) {
  entries_.push_back({end, kept_bytes, op, Fate::waiting, to_all_servers, by_main, place});
  ++waiting_;
  waiting_kept_bytes_ += kept_bytes;
  last_offset_ = end.offset_bytes;
}

void InFlight::take_back() {
  assert(!entries_.empty() && waiting_ != 0);
  waiting_kept_bytes_ -= entries_.back().kept_bytes;
  entries_.pop_back();
  --waiting_;
}

/// The entry of an emit that has not passed.
InFlight::Entry& InFlight::entry_of(EmitId id, Fate fate) {
  assert(id >= first_id_ && id - first_id_ < entries_.size());
  Entry& entry = entries_[static_cast<std::size_t>(id - first_id_)];
  assert(entry.fate == fate);
  return entry;
}

InFlight::Line InFlight::end(EmitId id, Fate fate) {
  Entry& entry = entry_of(id, Fate::waiting);
  entry.fate = fate;
  --waiting_;
  waiting_kept_bytes_ -= entry.kept_bytes;
  const Line line{entry.end.line, entry.op, entry.place, entry.to_all_servers, entry.by_main};
  drop_passed();
  return line;
}

void InFlight::pass(EmitId id) {
  entry_of(id, Fate::unsure).fate = Fate::passed;
  drop_passed();
}

void InFlight::drop_passed() {
  for (; !entries_.empty() && entries_.front().fate == Fate::passed; ++first_id_) {
    done_ = entries_.front().end;
    entries_.pop_front();
  }
}

void InFlight::skip_to(Position position) {
  if (entries_.empty()) {
    done_ = position;
    last_offset_ = position.offset_bytes;
  }
}

std::vector<LineRange> InFlight::passed_ahead() const {
  std::vector<LineRange> ranges;
  for (const Entry& entry : entries_) {
    if (entry.fate == Fate::passed) {
      line_ranges::add(ranges, entry.end.line);
    }
  }
  return ranges;
}

Position InFlight::last_passed() const {
  const auto last =
      std::find_if(entries_.rbegin(), entries_.rend(), [](const Entry& entry) { return entry.fate == Fate::passed; });
  return last == entries_.rend() ? done_ : last->end;
}

}  // namespace socketio::cli
