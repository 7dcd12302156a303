#include "in_flight.hpp"

#include <algorithm>
#include <cassert>

namespace socketio::cli {

void InFlight::push(Position end, Op op, std::uint16_t place, bool to_all_servers, std::uint64_t kept_bytes) {
  if (size_ == ring_.size()) {
    grow();
  }
  ++size_;
  at(size_ - 1) = {end, kept_bytes, op, Fate::waiting, to_all_servers, place};
  ++waiting_;
  waiting_kept_bytes_ += kept_bytes;
  last_offset_ = end.offset_bytes;
}

void InFlight::take_back() {
  assert(size_ != 0 && waiting_ != 0);
  waiting_kept_bytes_ -= at(size_ - 1).kept_bytes;
  --size_;
  --waiting_;
}

void InFlight::grow() {
  std::vector<Entry> larger(std::max<std::size_t>(64, ring_.size() * 2));
  for (std::size_t index = 0; index < size_; ++index) {
    larger[index] = at(index);
  }
  ring_ = std::move(larger);
  head_ = 0;
}

InFlight::Line InFlight::end(EmitId id, Fate fate) {
  assert(id >= first_id_ && id - first_id_ < size_);
  Entry& entry = at(static_cast<std::size_t>(id - first_id_));
  assert(entry.fate == Fate::waiting);
  entry.fate = fate;
  --waiting_;
  waiting_kept_bytes_ -= entry.kept_bytes;
  const Line line{entry.end.line, entry.op, entry.place, entry.to_all_servers};
  drop_passed();
  return line;
}

void InFlight::pass(EmitId id) {
  assert(id >= first_id_ && id - first_id_ < size_);
  Entry& entry = at(static_cast<std::size_t>(id - first_id_));
  assert(entry.fate == Fate::unsure);
  entry.fate = Fate::passed;
  drop_passed();
}

void InFlight::drop_passed() {
  while (size_ != 0 && at(0).fate == Fate::passed) {
    done_ = at(0).end;
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
    ++first_id_;
  }
}

void InFlight::skip_to(Position position) {
  if (size_ == 0) {
    done_ = position;
    last_offset_ = position.offset_bytes;
  }
}

std::vector<LineRange> InFlight::passed_ahead() const {
  std::vector<LineRange> ranges;
  for (std::size_t index = 0; index < size_; ++index) {
    const Entry& entry = at(index);
    if (entry.fate != Fate::passed) {
      continue;
    }
    if (!ranges.empty() && ranges.back().last + 1 == entry.end.line) {
      ranges.back().last = entry.end.line;
    } else {
      ranges.push_back({entry.end.line, entry.end.line});
    }
  }
  return ranges;
}

Position InFlight::last_passed() const {
  for (std::size_t index = size_; index > 0; --index) {
    if (at(index - 1).fate == Fate::passed) {
      return at(index - 1).end;
    }
  }
  return done_;
}

}  // namespace socketio::cli
