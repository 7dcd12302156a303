#include "classic_fixture.hpp"

#include <cstdlib>

namespace fixture {

using golden::Json;
using socketio::Flag;
using socketio::Flags;
using socketio::Room;

std::vector<Room> rooms(const Json& value) {
  std::vector<Room> rooms;
  for (const Json& room : value.is_array() ? value : Json::array({value})) {
    if (room.is_object()) {
      rooms.push_back(Room::number(std::strtod(room.at("$num").get<std::string>().c_str(), nullptr)));
    } else if (room.is_number()) {
      rooms.push_back(Room::number(room.get<double>()));
    } else {
      rooms.emplace_back(room.get<std::string>());
    }
  }
  return rooms;
}

std::vector<Room> rooms(const Json& vector, const char* member) {
  return rooms(vector.contains(member) ? vector.at(member) : Json::array());
}

std::vector<Room> rooms(const socketio::RoomList& list) {
  std::vector<Room> rooms;
  for (const std::string_view name : list) {
    rooms.emplace_back(name);
  }
  return rooms;
}

std::vector<std::string> names(const socketio::RoomList& list) {
  std::vector<std::string> names;
  for (const std::string_view name : list) {
    names.emplace_back(name);
  }
  return names;
}

Flags flags(const Json& object) {
  Flags flags;
  for (const auto& [name, value] : object.items()) {
    for (std::size_t i = 0; i < Flags::kinds; ++i) {
      const Flag flag = static_cast<Flag>(i);
      if (name == wire_name(flag) && flag == Flag::timeout) {
        flags.set_timeout_ms(value.get<std::uint32_t>());
      } else if (name == wire_name(flag)) {
        flags.set(flag, value.get<bool>());
      }
    }
  }
  return flags;
}

Flags flags(const Json& vector, const char* member) {
  return flags(vector.contains(member) ? vector.at(member) : Json::object());
}

socketio::Buffer packed(const Json& args) {
  socketio::Buffer out;
  golden::append_packed(out, args);
  return out;
}

std::string text(const Json& vector, const char* member, const std::string& otherwise) {
  return vector.contains(member) ? vector.at(member).get<std::string>() : otherwise;
}

std::vector<std::uint8_t> bytes(std::string_view hex) {
  std::string digits;
  for (const char character : hex) {
    if (character != ' ') {
      digits += character;
    }
  }
  return golden::from_hex(digits);
}

}  // namespace fixture
