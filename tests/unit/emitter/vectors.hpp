#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <socketio/protocol/room.hpp>

#include "support/golden.hpp"

// The rooms of the golden notation as ours.
namespace vectors {

inline socketio::Room room(const golden::Json& json) {
  if (json.is_number()) {
    return socketio::Room::number(json.get<double>());
  }
  if (json.is_object()) {
    return socketio::Room::number(std::stod(json.at("$num").get<std::string>()));
  }
  return json.get<std::string>();
}

inline std::vector<socketio::Room> rooms(const golden::Json& json) {
  std::vector<socketio::Room> result;
  if (json.is_array()) {
    for (const golden::Json& one : json) {
      result.push_back(room(one));
    }
  } else {
    result.push_back(room(json));
  }
  return result;
}

/// Of sharded-adapter and streams-adapter: the value reaches the encoder as JavaScript's encoders have it, and is no defect of
/// theirs.
inline bool has_exact_bytes(const golden::Json& vector) {
  const std::string name = vector.at("name");
  return !vector.value("do_not_imitate", false) && name.find("2p63") == std::string::npos &&
         name.find("arraybuffer") == std::string::npos && name != "binary-nested" && name != "value-with-binary-int-2p53" &&
         name != "value-with-binary-map-undefined-member";
}

/// The command by which a server of the streams family says it.
inline const golden::Json& command(const golden::Json& vector) {
  for (const golden::Json& command : vector.at("commands")) {
    if (command.at("command") == "XADD" || command.at("command") == "PUBLISH") {
      return command;
    }
  }
  throw std::runtime_error("nothing is said");
}

}  // namespace vectors
