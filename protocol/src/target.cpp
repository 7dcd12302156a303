#include <socketio/protocol/target.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <unordered_set>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio::target {
namespace {

void check_name(std::string_view name, const char* what) {
  if (!utf8::valid(name)) {
    throw Error(ErrorCode::bad_utf8, std::string(what) + " is not UTF-8.");
  }
}

void check_count(std::size_t count) {
  if (count > limits::rooms_max) {
    throw Error(ErrorCode::too_large, "One emit can name at most " + std::to_string(limits::rooms_max) + " rooms.");
  }
}

}  // namespace

void add_rooms(std::vector<Room>& rooms, std::span<const Room> added) {
  constexpr std::size_t few = 16;
  check_count(rooms.size() + added.size());
  for (const Room& room : added) {
    check_name(room.name(), "The name of a room");
  }
  if (rooms.size() + added.size() <= few) {
    for (const Room& room : added) {
      if (std::find(rooms.begin(), rooms.end(), room) == rooms.end()) {
        rooms.push_back(room);
      }
    }
    return;
  }
  const auto hash = [](const Room& room) {
    return std::hash<std::string_view>{}(room.name()) ^ static_cast<std::size_t>(room.is_number());
  };
  std::unordered_set<Room, decltype(hash)> seen(rooms.size() + added.size(), hash);
  seen.insert(rooms.begin(), rooms.end());
  for (const Room& room : added) {
    if (seen.insert(room).second) {
      rooms.push_back(room);
    }
  }
}

void select_rooms(Target& target, std::span<const Room> rooms) {
  add_rooms(target.rooms, rooms);
  target.nobody = target.rooms.empty();
}

std::string namespace_name(std::string_view nsp) {
  check_name(nsp, "The name of the namespace");
  if (nsp.find(',') != std::string_view::npos) {
    throw Error(ErrorCode::bad_option,
                "The name of a namespace cannot have a comma, which ends it in a packet: no client could join.");
  }
  return nsp.starts_with('/') ? std::string(nsp) : "/" + std::string(nsp);
}

}  // namespace socketio::target
