#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <socketio/common/error.hpp>

#include "recorder.hpp"
#include "support/golden.hpp"
#include "vectors.hpp"

namespace golden_test {

using golden::Json;
using vectors::rooms;

namespace {

/// The operation of one vector, made through the same calls that a program would make.
void perform(Recorder& recorder, const Json& vector) {
  auto io = recorder.io(vector.at("nsp").get<std::string>());
  socketio::Buffer data;
  if (vector.contains("args")) {
    golden::append_packed(data, vector.at("args"));
  }
  const std::string op = vector.at("op");
  if (op == "serverSideEmit") {
    io.server_side_emit_packed(data.bytes());
    return;
  }
  socketio::TargetedEmitter chosen = io.to(rooms(vector.at("rooms"))).except(rooms(vector.at("except")));
  const Json flags = vector.value("flags", Json::object());
  for (const auto& [name, value] : flags.items()) {
    chosen = name == "volatile" ? chosen.volatile_() : chosen.compress(value.get<bool>());
  }
  if (op == "emit") {
    chosen.emit_packed(data.bytes());
  } else if (op == "socketsJoin") {
    chosen.sockets_join(rooms(vector.at("arg")));
  } else if (op == "socketsLeave") {
    chosen.sockets_leave(rooms(vector.at("arg")));
  } else if (op == "disconnectSockets") {
    chosen.disconnect_sockets(vector.at("arg").get<bool>());
  } else {
    FAIL("unknown operation ", op);
  }
}

/// Where we do better than the reference on purpose: names that would hurt a server, and events without a name.
bool refused_by_us(const std::string& name) {
  return name == "server-side-emit-reserved-allowed" || name == "server-side-emit-no-args" ||
         name == "server-side-emit-ack-refused";
}

}  // namespace

TEST_CASE("emitter: every operation publishes the reference's bytes on the reference's channel") {
  std::size_t compared = 0;
  std::size_t refused = 0;
  for (const Json& vector : golden::file("classic-emitter")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    if (vector.value("do_not_imitate", false) || name == "server-side-emit-ack-refused") {
      continue;
    }
    Recorder recorder(vector.value("key", std::string("socket.io")));
    if (vector.contains("throws") || refused_by_us(name)) {
      CHECK_THROWS_AS(perform(recorder, vector), socketio::Error);
      CHECK(recorder.count == 0);
      ++refused;
      continue;
    }
    perform(recorder, vector);
    CHECK(recorder.channel == vector.at("channel").get<std::string>());
    CHECK(golden::to_hex(recorder.payload) == golden::to_hex(golden::payload(vector)));
    ++compared;
  }
  CHECK(compared == 164);
  CHECK(refused == 8);
}

}  // namespace golden_test
