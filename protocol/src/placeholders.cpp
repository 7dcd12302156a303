#include "placeholders.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>

namespace socketio::placeholders {
namespace {

constexpr std::size_t no_number = std::numeric_limits<std::size_t>::max();

/// A container that is open.
struct Level {
  enum class Member : std::uint8_t { other, placeholder, number };

  std::size_t begin;
  std::uint64_t left;      ///< items left
  std::size_t slot_count;  ///< number of slots before it
  bool map;
  bool placeholder = false;
  Member member = Member::other;  ///< the last key
  std::size_t number = no_number;
};

std::size_t number_of(const Item& item, std::size_t count) noexcept {
  if (item.kind != Kind::integer && item.kind != Kind::real) {
    return no_number;
  }
  const auto number = item.as_int64();
  return number && *number >= 0 && static_cast<std::uint64_t>(*number) < count ? static_cast<std::size_t>(*number) : no_number;
}

/// Processes an item that is directly in a map. Of repeated members the last one counts.
void note(Level& level, const Item& item, std::size_t count) noexcept {
  using namespace std::string_view_literals;
  const bool key = level.left % 2 == 1;  // `item` is counted already
  if (key) {
    const bool text = item.kind == Kind::text;
    level.member = text && item.text() == "_placeholder"sv ? Level::Member::placeholder
                   : text && item.text() == "num"sv        ? Level::Member::number
                                                           : Level::Member::other;
  } else if (level.member == Level::Member::placeholder) {
    level.placeholder = item.kind == Kind::boolean && item.boolean;
  } else if (level.member == Level::Member::number) {
    level.number = number_of(item, count);
  }
}

/// Removes the containers that have ended, and adds a slot for each that is a placeholder.
void close(std::vector<Level>& levels, std::size_t position, std::vector<Slot>& slots) {
  while (!levels.empty() && levels.back().left == 0) {
    const Level& level = levels.back();
    if (level.placeholder) {
      slots.resize(level.slot_count);
      slots.push_back({level.begin, position, level.number});
    }
    levels.pop_back();
  }
}

}  // namespace

bool find(Bytes data, std::size_t count, std::vector<Slot>& slots) {
  Cursor cursor(data);
  std::vector<Level> levels;
  do {
    Item item;
    if (!cursor.next(item)) {
      return false;
    }
    if (!levels.empty()) {
      --levels.back().left;
      if (levels.back().map) {
        note(levels.back(), item, count);
      }
    }
    if (item.kind == Kind::array || item.kind == Kind::map) {
      const bool map = item.kind == Kind::map;
      levels.push_back({item.offset, std::uint64_t{item.count} * (map ? 2 : 1), slots.size(), map});
    }
    close(levels, cursor.position(), slots);
  } while (!levels.empty());
  return std::all_of(slots.begin(), slots.end(), [](const Slot& slot) { return slot.number != no_number; });
}

bool splice(Bytes data, std::span<const Slot> slots, const Attachments& attachments, std::size_t bytes_max, Buffer& out) {
  std::size_t left = bytes_max;
  for (const Slot& slot : slots) {
    if (attachments.sizes[slot.number] > left) {
      return false;
    }
    left -= attachments.sizes[slot.number];
  }
  std::vector<std::size_t> offsets;
  std::size_t offset = 0;
  for (const std::size_t size : attachments.sizes) {
    offsets.push_back(offset);
    offset += size;
  }
  std::size_t copied = 0;
  for (const Slot& slot : slots) {
    out.append(data.subspan(copied, slot.begin - copied));
    const bool last = slot.number + 1 == attachments.sizes.size();
    pack::binary(out,
                 last ? attachments.last : attachments.bytes.subspan(offsets[slot.number], attachments.sizes[slot.number]));
    copied = slot.end;
  }
  out.append(data.subspan(copied));
  return true;
}

}  // namespace socketio::placeholders
