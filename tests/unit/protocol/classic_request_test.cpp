#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "classic_fixture.hpp"

namespace classic_request_test {

using namespace socketio;
using classic_request::Type;
using golden::Json;

namespace {

/// A request and the bytes that its views point into.
struct Decoded {
  Buffer scratch;
  classic_request::View view;
};

Decoded decoded(Bytes payload) {
  Decoded result;
  auto view = classic_request::decode(payload, result.scratch);
  REQUIRE(view.ok());
  result.view = std::move(view).value();
  return result;
}

Errc refusal(Bytes payload) {
  Buffer scratch;
  const auto result = classic_request::decode(payload, scratch);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().offset_bytes <= payload.size());
  return result.error().code;
}

Errc refusal(std::string_view json) { return refusal(as_bytes(json)); }

/// Encodes an operation of a vector. Request ids are chance, so they come from the vector's own payload.
std::string encoded(const Json& vector, std::string_view request_id) {
  const std::string op = vector.at("op");
  const std::string uid = fixture::text(vector, "uid");
  const auto selected =
      vector.contains("remote_sid") ? fixture::rooms(vector.at("remote_sid")) : fixture::rooms(vector, "rooms");
  const auto except = fixture::rooms(vector, "except");
  const auto rooms = op.starts_with("remoteSocket.")                            ? fixture::rooms("a")
                     : vector.contains("arg") && !vector.at("arg").is_boolean() ? fixture::rooms(vector.at("arg"))
                                                                                : std::vector<Room>();
  const bool close = op == "remoteSocket.disconnect(true)" || (vector.contains("arg") && vector.at("arg") == true);
  Flags flags = fixture::flags(vector, "flags");
  if (op == "remoteSocket.timeout(500).emit(e, ack)") {
    flags.set_expect_single_response().set_timeout_ms(500);
  }
  const classic_request::Target target{selected, except, flags};
  Buffer out;
  if (op == "socketsJoin" || op == "remoteSocket.join(a)") {
    classic_request::encode_join(out, uid, target, rooms);
  } else if (op == "socketsLeave" || op == "remoteSocket.leave(a)") {
    classic_request::encode_leave(out, uid, target, rooms);
  } else if (op == "disconnectSockets" || op == "remoteSocket.disconnect(true)") {
    classic_request::encode_disconnect(out, uid, target, close);
  } else if (op == "fetchSockets") {
    classic_request::encode_fetch_sockets(out, uid, request_id, target);
  } else if (op == "allRooms") {
    classic_request::encode_all_rooms(out, uid, request_id);
  } else if (op == "sockets") {
    classic_request::encode_sockets(out, request_id, selected);
  } else if (op == "serverSideEmit") {
    const Buffer data = fixture::packed(vector.at("args"));
    CHECK(classic_request::encode_server_side_event(out, uid.empty() ? "emitter" : uid, request_id, data.bytes()).ok());
  } else {
    const Buffer data = fixture::packed(vector.at("args"));
    classic_request::encode_broadcast(out, uid, request_id, data.bytes(), vector.at("nsp").get<std::string>(), target);
  }
  return golden::to_hex(out.bytes());
}

/// Encodes again what was decoded, as far as we have an encoder for it.
std::string encoded(const classic_request::View& view) {
  const auto selected = fixture::rooms(view.target.rooms);
  const auto except = fixture::rooms(view.target.except);
  const auto rooms = fixture::rooms(view.rooms);
  const classic_request::Target target{selected, except, view.target.flags};
  const std::string_view request_id = view.request_id.value_or("");
  Buffer out;
  switch (view.type) {
    case Type::sockets: classic_request::encode_sockets(out, request_id, rooms); break;
    case Type::all_rooms: classic_request::encode_all_rooms(out, view.uid, request_id); break;
    case Type::join: classic_request::encode_join(out, view.uid, target, rooms); break;
    case Type::leave: classic_request::encode_leave(out, view.uid, target, rooms); break;
    case Type::disconnect: classic_request::encode_disconnect(out, view.uid, target, view.close); break;
    case Type::fetch_sockets: classic_request::encode_fetch_sockets(out, view.uid, request_id, target); break;
    case Type::server_side_event:
      CHECK(classic_request::encode_server_side_event(out, view.uid, request_id, view.data).ok());
      break;
    case Type::broadcast: classic_request::encode_broadcast(out, view.uid, request_id, view.data, view.nsp, target); break;
  }
  return golden::to_hex(out.bytes());
}

bool is_request(const Json& vector) {
  return vector.contains("channel") && vector.at("channel").get<std::string>().find("-request#") != std::string::npos;
}

/// The request id inside a payload, which the encoders are given again.
std::string request_id_in(Bytes payload) {
  Buffer scratch;
  const auto view = classic_request::decode(payload, scratch);
  return view.ok() ? std::string(view->request_id.value_or("")) : std::string();
}

}  // namespace

TEST_CASE("classic request: an emitter's requests have the golden bytes") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-emitter")) {
    if (is_request(vector)) {
      CAPTURE(vector.at("name").get<std::string>());
      CHECK(encoded(vector, "") == fixture::text(vector, "payload_hex"));
      ++count;
    }
  }
  CHECK(count == 15);
}

TEST_CASE("classic request: a node's requests have the golden bytes") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-adapter")) {
    if (is_request(vector)) {
      CAPTURE(vector.at("name").get<std::string>());
      const auto payload = golden::payload(vector);
      CHECK(encoded(vector, request_id_in(payload)) == golden::to_hex(payload));
      ++count;
    }
  }
  CHECK(count == 15);
}

TEST_CASE("classic request: an older node's requests have the golden bytes, except those for one socket, which are only read") {
  std::size_t count = 0;
  for (Json vector : golden::file("legacy-adapter")) {
    if (!is_request(vector)) {
      continue;
    }
    CAPTURE(vector.at("name").get<std::string>());
    ++count;
    const auto payload = golden::payload(vector);
    vector.erase("uid");
    if (!vector.contains("sid")) {
      CHECK(encoded(vector, request_id_in(payload)) == golden::to_hex(payload));
      continue;
    }
    const Decoded request = decoded(payload);
    CHECK(request.view.sid == "abc");
    CHECK(request.view.request_id.has_value());
    CHECK(request.view.uid.empty());
    CHECK(request.view.close == (request.view.type == Type::disconnect));
    CHECK(fixture::names(request.view.rooms) ==
          (vector.contains("room") ? std::vector<std::string>{"room1"} : std::vector<std::string>{}));
  }
  CHECK(count == 7);
}

TEST_CASE("classic request: decoding and encoding again gives the same bytes") {
  std::size_t count = 0;
  const auto check = [&](const Json& vector, const std::vector<std::uint8_t>& payload) {
    const Decoded request = decoded(payload);
    // One socket, numeric rooms, and type 7 in JSON: forms that have no encoder, or that our rooms do not keep.
    const bool is_other_form = !request.view.sid.empty() || vector.at("name") == "join-numeric" ||
                               vector.at("name") == "fetch-sockets-room" ||
                               (request.view.type == Type::broadcast && payload.front() == '{');
    if (!is_other_form) {
      CHECK(encoded(request.view) == golden::to_hex(payload));
    }
    ++count;
  };
  for (const char* file : {"classic-emitter", "classic-adapter", "legacy-adapter"}) {
    for (const Json& vector : golden::file(file)) {
      const std::string name = vector.at("name");
      CAPTURE(name);
      // Receivers have no use for an event without a name, or named "connect".
      const bool is_useless = name == "server-side-emit-no-args" || name == "server-side-emit-reserved-allowed";
      if (is_request(vector) && is_useless) {
        CHECK(refusal(golden::payload(vector)) == Errc::bad_value);
      } else if (is_request(vector)) {
        check(vector, golden::payload(vector));
      }
    }
  }
  for (const Json& vector : golden::file("classic-responses")) {
    CAPTURE(vector.at("name").get<std::string>());
    const auto payload = golden::payload(vector.at("request"));
    if (vector.at("name").get<std::string>().ends_with("unknown-type-silent")) {
      CHECK(refusal(payload) == Errc::bad_value);
    } else {
      check(vector, payload);
    }
  }
  CHECK(count == 13 + 15 + 7 + 42);
}

TEST_CASE("classic request: all types may come as msgpack, and as JSON") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-adapter")) {
    if (!is_request(vector)) {
      continue;
    }
    CAPTURE(vector.at("name").get<std::string>());
    const auto payload = golden::payload(vector);
    Buffer other;
    if (payload.front() == '{') {
      REQUIRE(transcode::json_to_msgpack(as_text(payload), other).ok());
    } else {
      REQUIRE(transcode::msgpack_to_json(payload, other).ok());
    }
    const Decoded one = decoded(payload);
    const Decoded two = decoded(other.bytes());
    CHECK(two.view.type == one.view.type);
    CHECK(two.view.uid == one.view.uid);
    CHECK(two.view.request_id == one.view.request_id);
    CHECK(two.view.target.flags == one.view.target.flags);
    CHECK(fixture::names(two.view.target.rooms) == fixture::names(one.view.target.rooms));
    CHECK(fixture::names(two.view.rooms) == fixture::names(one.view.rooms));
    ++count;
  }
  CHECK(count == 15);
}

TEST_CASE("classic request: a numeric room for one socket gets its text form") {
  CHECK(fixture::names(decoded(as_bytes(R"({"type":2,"sid":"a","room":1.50})")).view.rooms) == std::vector<std::string>{"1.5"});
}

TEST_CASE("classic request: options go before the form for one socket, and null options are none") {
  const Decoded both = decoded(as_bytes(R"({"type":4,"sid":"a","opts":{"rooms":["r"]},"close":1})"));
  CHECK(both.view.sid.empty());
  CHECK(fixture::names(both.view.target.rooms) == std::vector<std::string>{"r"});
  CHECK(both.view.close);
  const Decoded one = decoded(as_bytes(R"({"type":4,"sid":"a","opts":null})"));
  CHECK(one.view.sid == "a");
  CHECK_FALSE(one.view.close);
}

TEST_CASE("classic request: of repeated members the last one counts, and null takes back") {
  const Decoded request = decoded(as_bytes(R"({"type":9,"requestId":"a","type":1,"uid":"u","requestId":"b","uid":null})"));
  CHECK(request.view.request_id == "b");
  CHECK(request.view.uid.empty());
}

TEST_CASE("classic request: a server-side event named error is an ordinary one, one named connection is ignored") {
  CHECK(decoded(as_bytes(R"({"type":6,"data":["error","boom"]})")).view.type == Type::server_side_event);
  CHECK(decoded(as_bytes(R"({"type":6,"data":["disconnect"]})")).view.type == Type::server_side_event);
  CHECK(refusal(R"({"type":6,"data":["connection",{}]})") == Errc::bad_value);
  CHECK(refusal(R"({"type":6,"data":["new_namespace"]})") == Errc::bad_value);
}

TEST_CASE("classic request: an event that cannot be JSON leaves the buffer as it was") {
  Buffer out;
  out.append("before");
  CHECK_FALSE(classic_request::encode_server_side_event(out, "uid", "", fixture::bytes("92 a165")).ok());
  CHECK(out.text() == "before");
}

TEST_CASE("classic request: every prefix of a good message is refused as truncated") {
  for (const auto* name : {"all-rooms", "sockets-join", "disconnect-sockets", "server-side-emit-ack", "fetch-sockets-room",
                           "broadcast-with-ack-room"}) {
    const auto whole = golden::payload(golden::vector("classic-adapter", name));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(name);
      CAPTURE(size);
      CHECK(refusal(Bytes(whole).first(size)) == Errc::truncated);
    }
  }
}

TEST_CASE("classic request: each kind of damage has its code") {
  CHECK(refusal("{}") == Errc::missing_field);
  CHECK(refusal(R"({"type":0})") == Errc::missing_field);
  CHECK(refusal(R"({"type":1,"requestId":null})") == Errc::missing_field);
  CHECK(refusal(R"({"type":2,"opts":{}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":2,"sid":"a"})") == Errc::missing_field);
  CHECK(refusal(R"({"type":4})") == Errc::missing_field);
  CHECK(refusal(R"({"type":5,"requestId":"a"})") == Errc::missing_field);
  CHECK(refusal(R"({"type":6})") == Errc::missing_field);
  CHECK(refusal(R"({"type":7,"requestId":"a","packet":{"type":2,"data":["e"]}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":"1","requestId":"a"})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":1,"requestId":5})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":2,"opts":{},"rooms":[null]})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":2,"sid":"a","room":[]})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":5,"requestId":"a","opts":[]})") == Errc::wrong_type);
  CHECK(refusal(fixture::bytes("91 01")) == Errc::wrong_type);
  CHECK(refusal(R"({"type":1.5,"requestId":"a"})") == Errc::bad_value);
  CHECK(refusal(R"({"type":8,"requestId":"a"})") == Errc::bad_value);
  CHECK(refusal(R"({"type":-1})") == Errc::bad_value);
  CHECK(refusal(R"({"type":2,"sid":"","room":"r"})") == Errc::bad_value);
  CHECK(refusal(R"({"type":7,"requestId":"a","packet":{"type":2,"data":["connect"]},"opts":{}})") == Errc::bad_value);
  CHECK(refusal(R"({"type":1,"requestId":"a"}x)") == Errc::trailing_bytes);
  CHECK(refusal(fixture::bytes("81 a474797065 01 c0")) == Errc::trailing_bytes);
  CHECK(refusal(R"({"type":01})") == Errc::bad_syntax);
  CHECK(refusal(fixture::bytes("81 a474797065 c1")) == Errc::bad_syntax);
  CHECK(refusal(Bytes(as_bytes("{").data(), limits::message_bytes_max + 1)) == Errc::too_large);
  CHECK(refusal(R"({"type":99,"x":)" + std::string(10000, '[') + std::string(10000, ']') + "}") == Errc::too_deep);
  CHECK(refusal(R"({"type":6,"data":["e")" + std::string(limits::depth_max, '[') + "}") != Errc::too_deep);
}

TEST_CASE("classic request: event data may be as deep in JSON as in msgpack") {
  for (const std::size_t depth : {limits::depth_max, limits::depth_max + 1}) {
    const std::string json = R"({"type":6,"data":["e",)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "]}";
    Buffer packed;
    transcode::JsonOptions options;
    options.depth_max = depth + 1;
    REQUIRE(transcode::json_to_msgpack(json, packed, options).ok());
    for (const Bytes payload : {as_bytes(json), packed.bytes()}) {
      if (depth == limits::depth_max) {
        CHECK(decoded(payload).view.type == Type::server_side_event);
      } else {
        CHECK(refusal(payload) == Errc::too_deep);
      }
    }
  }
}

TEST_CASE("classic request: the offset points into a msgpack payload, and at the start of a JSON one") {
  Buffer scratch;
  const auto packed = classic_request::decode(fixture::bytes("81 a474797065 a131"), scratch);
  REQUIRE_FALSE(packed.ok());
  CHECK(packed.error().offset_bytes == 6);
  const auto json = classic_request::decode(as_bytes(R"({"type":"1"})"), scratch);
  REQUIRE_FALSE(json.ok());
  CHECK(json.error().offset_bytes == 0);
}

}  // namespace classic_request_test
