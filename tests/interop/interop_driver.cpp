// Lets a test written in JavaScript use the library: reads one command a line, carries it out, answers with one line of JSON.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include <socketio/emitter.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "interop_asking.hpp"

using nlohmann::json;
using namespace socketio;
using namespace std::chrono_literals;

namespace {

struct PersonAsObject {
  std::string name = "Ada";
  int age = 36;
  std::vector<std::string> tags{"x", "y"};
  MSGPACK_DEFINE_MAP(name, age, tags);
};
struct PersonAsArray {
  std::string name = "Ada";
  int age = 36;
  std::vector<std::string> tags{"x", "y"};
  MSGPACK_DEFINE(name, age, tags);
};
const std::uint8_t some_bytes[] = {0x00, 0x01, 0xfe, 0xff};
struct Upload {
  Binary file{some_bytes, sizeof(some_bytes)};
  int n = 1;
  MSGPACK_DEFINE_MAP(file, n);
};
struct Meeting {
  Date when{1'700'000'000'123};
  std::string where = "lobby";
  MSGPACK_DEFINE_MAP(when, where);
};

/// Arguments built from C++ types; the test knows which JavaScript values they must become.
EmitId emit_fixture(const TargetedEmitter& to, const std::string& event, const std::string& fixture) {
  if (fixture == "scalars") {
    return to.emit(event, true, false, nullptr, -1, 42, std::int64_t{1} << 53, 1.5, "text");
  }
  if (fixture == "containers") {
    return to.emit(event, std::vector<int>{1, 2, 3}, std::map<std::string, double>{{"a", 0.5}, {"b", 2}},
                   std::tuple(1, std::string("x"), std::optional<int>{}));
  }
  if (fixture == "struct_map") {
    return to.emit(event, PersonAsObject{});
  }
  if (fixture == "struct_array") {
    return to.emit(event, PersonAsArray{});
  }
  if (fixture == "binary") {
    return to.emit(event, Binary(some_bytes, sizeof(some_bytes)));
  }
  if (fixture == "nested_binary") {
    return to.emit(event, Upload{});
  }
  if (fixture == "date") {
    return to.emit(event, std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123)));
  }
  if (fixture == "date_in_struct") {
    return to.emit(event, Meeting{});
  }
  if (fixture == "big") {
    return to.emit(event, std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::int64_t>::min());
  }
  if (fixture == "json") {
    return to.emit(event, Json{R"({"a":[1,{"b":null}]})"});
  }
  if (fixture == "unicode") {
    return to.emit(event, "Grüße 世界 🎈", std::string("\0\t\"", 3));
  }
  if (fixture == "none") {
    return to.emit(event);
  }
  if (fixture == "optional") {
    return to.emit(event, std::optional<std::string>{}, std::optional<std::string>{"here"});
  }
  throw std::runtime_error("unknown fixture " + fixture);
}

std::vector<Room> rooms(const json& command, const char* member) {
  std::vector<Room> result;
  for (const json& room : command.value(member, json::array())) {
    if (room.is_number()) {
      result.push_back(Room::number(room.get<double>()));
    } else {
      result.emplace_back(room.get<std::string>());
    }
  }
  return result;
}

/// [event, args...] with the arguments exactly as the line has them.
Buffer packed_event(const std::string& line, const std::string& event) {
  transcode::JsonOptions options;
  options.binary_members = true;
  transcode::JsonReader reader(line, options);
  Buffer key;
  Buffer value;
  Buffer args;
  reader.begin_object();
  while (reader.next_member(key)) {
    Buffer& into = key.text() == "args" ? args : value;
    into.clear();
    if (!reader.value(into)) {
      break;
    }
  }
  Cursor cursor(args.bytes());
  Item header;
  if (!reader.ok() || (!args.empty() && !cursor.expect(Kind::array, header))) {
    throw std::runtime_error("args must be an array");
  }
  Buffer data;
  pack::array_header(data, header.count + 1);
  pack::text(data, event);
  data.append(args.bytes_from(cursor.position()));
  return data;
}

void perform(Emitter& io, const std::string& line, const json& command) {
  const std::string op = command.value("op", "emit");
  const std::string event = command.value("event", "");
  const NamespaceEmitter nsp = io.of(command.value("nsp", "/"));
  if (op == "server-side") {
    nsp.server_side_emit_packed(packed_event(line, event).bytes());
    return;
  }
  const auto selected = rooms(command, "to");
  TargetedEmitter to = (selected.empty() ? TargetedEmitter(nsp) : nsp.to(selected)).except(rooms(command, "except"));
  if (command.value("volatile", false)) {
    to = to.volatile_();
  }
  if (command.contains("compress")) {
    to = to.compress(command["compress"].get<bool>());
  }
  if (op == "join") {
    to.sockets_join(rooms(command, "rooms"));
  } else if (op == "leave") {
    to.sockets_leave(rooms(command, "rooms"));
  } else if (op == "disconnect") {
    to.disconnect_sockets(command.value("close", false));
  } else if (command.contains("fixture")) {
    emit_fixture(to, event, command["fixture"]);
  } else {
    to.emit_packed(packed_event(line, event).bytes());
  }
}

json answer(std::map<std::string, std::unique_ptr<Emitter>>& emitters, const std::string& line) {
  const json command = json::parse(line);
  if (command.contains("ask")) {
    return ask_fleet(command);
  }
  EmitterOptions options;
  options.key = command.value("key", options.key);
  const std::string url = command.at("url");
  std::unique_ptr<Emitter>& io = emitters[url + " " + options.key];
  if (!io) {
    io = std::make_unique<Emitter>(url, options);
  }
  perform(*io, line, command);
  const EmitSummary summary = io->flush(5s);
  if (!summary.ok()) {
    throw std::runtime_error(summary.message);
  }
  return {{"ok", true}, {"receivers", summary.receivers_min}};
}

}  // namespace

int main() {
  std::map<std::string, std::unique_ptr<Emitter>> emitters;
  std::string line;
  while (std::getline(std::cin, line)) {
    json result;
    try {
      result = answer(emitters, line);
    } catch (const std::exception& error) {
      result = {{"ok", false}, {"error", error.what()}};
    }
    std::cout << result.dump() << std::endl;
  }
}
