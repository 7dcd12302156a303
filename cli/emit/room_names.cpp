#include "room_names.hpp"

#include <cmath>
#include <functional>
#include <unordered_set>

#include "common/values.hpp"

namespace socketio::cli {
namespace {

/// Up to this many rooms, duplicates are found by comparing all rooms; above, by hashing.
constexpr std::size_t few = 16;

}  // namespace

RoomNames::RoomNames(const std::vector<Room>& rooms) {
  for (const Room& room : rooms) {
    if (!room.is_number()) {
      text_.append(std::string_view(room.name()));
    }
    entries_.push_back({text_.size(), room.value(), room.is_number()});
  }
}

RoomNames::Trouble RoomNames::read(transcode::JsonReader& reader) {
  clear();
  Kind kind = Kind::nil;
  if (!reader.peek(kind)) {
    return Trouble::json;
  }
  if (kind != Kind::array) {
    return Trouble::not_array;
  }
  reader.begin_array();
  while (reader.next_element()) {
    if (const Trouble trouble = read_room(reader); trouble != Trouble::none) {
      return trouble;
    }
  }
  return reader.ok() ? Trouble::none : Trouble::json;
}

RoomNames::Trouble RoomNames::read_room(transcode::JsonReader& reader) {
  Kind kind = Kind::nil;
  double number = 0;
  if (!reader.peek(kind)) {
    return Trouble::json;
  }
  if (kind != Kind::text && kind != Kind::real) {
    return Trouble::not_a_room;
  }
  if (kind == Kind::text ? !reader.text(text_) : !reader.number(number)) {
    return Trouble::json;
  }
  if (!std::isfinite(number)) {
    return Trouble::not_a_room;
  }
  if (entries_.size() == limits::rooms_max) {
    return Trouble::too_many;
  }
  entries_.push_back({text_.size(), number, kind == Kind::real});
  return Trouble::none;
}

void RoomNames::clear() noexcept {
  text_.clear();
  entries_.clear();
}

std::vector<Room> RoomNames::rooms() const {
  const auto hash = [](const Room& room) { return std::hash<std::string_view>{}(room.name()) + (room.is_number() ? 1 : 0); };
  std::unordered_set<Room, decltype(hash)> seen(0, hash);
  std::vector<Room> result;
  std::size_t begin = 0;
  for (const Entry& entry : entries_) {
    Room room = entry.is_number ? Room::number(entry.number) : Room(text_.text().substr(begin, entry.end - begin));
    begin = entry.end;
    if (entries_.size() <= few) {
      values::add_once(result, std::move(room));
    } else if (seen.insert(room).second) {
      result.push_back(std::move(room));
    }
  }
  return result;
}

bool operator==(const RoomNames& a, const RoomNames& b) noexcept {
  return a.entries_ == b.entries_ && a.text_.text() == b.text_.text();
}

void swap(RoomNames& a, RoomNames& b) noexcept {
  std::swap(a.text_, b.text_);
  a.entries_.swap(b.entries_);
}

void RoomSlot::take(RoomNames& names) {
  if (names_ == names) {
    return;
  }
  swap(names_, names);
  rooms_ = names_.rooms();
}

void RoomSlot::copy(const RoomNames& names) {
  if (names_ == names) {
    return;
  }
  rooms_ = names.rooms();
  names_ = RoomNames(rooms_);
}

}  // namespace socketio::cli
