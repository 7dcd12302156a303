#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "classic_fixture.hpp"

namespace classic_response_test {

using namespace socketio;
using classic_response::Type;
using golden::Json;

namespace {

/// A response and the bytes that its views point into.
struct Decoded {
  Buffer scratch;
  classic_response::View view;
};

Decoded decoded(Bytes payload) {
  Decoded result;
  const auto view = classic_response::decode(payload, result.scratch);
  REQUIRE(view.ok());
  result.view = view.value();
  return result;
}

Decoded decoded(std::string_view json) { return decoded(as_bytes(json)); }

Errc refusal(Bytes payload) {
  Buffer scratch;
  const auto result = classic_response::decode(payload, scratch);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().offset_bytes <= payload.size());
  return result.error().code;
}

Errc refusal(std::string_view json) { return refusal(as_bytes(json)); }

Buffer packed_json(const Json& value) {
  // A Buffer in JSON was bytes before: the vectors show the encoder's output only.
  if (value.is_object() && value.contains("type") && value.at("type") == "Buffer") {
    const auto bytes = value.at("data").get<std::vector<std::uint8_t>>();
    Buffer out;
    pack::binary(out, bytes);
    return out;
  }
  Buffer out;
  REQUIRE(transcode::json_to_msgpack(value.dump(), out).ok());
  return out;
}

std::string encoded_sockets(const Json& response) {
  struct Parts {
    std::string id;
    std::vector<Room> rooms;
    Buffer handshake;
    Buffer data;
  };
  std::vector<Parts> parts;
  for (const Json& socket : response.at("sockets")) {
    parts.push_back({socket.at("id"), fixture::rooms(socket.at("rooms")), packed_json(socket.at("handshake")),
                     packed_json(socket.at("data"))});
  }
  std::vector<classic_response::OutgoingSocket> sockets;
  for (const Parts& part : parts) {
    sockets.push_back({part.id, part.handshake.bytes(), part.rooms, part.data.bytes()});
  }
  Buffer out;
  CHECK(classic_response::encode_sockets(out, response.at("requestId").get<std::string>(), sockets).ok());
  return std::string(out.text());
}

/// The same response in JSON, encoded by us.
std::string encoded(const Json& response, classic_request::Type request_type) {
  const std::string request_id = response.at("requestId");
  Buffer out;
  switch (request_type) {
    case classic_request::Type::sockets: {
      const auto ids = response.at("sockets").get<std::vector<std::string>>();
      const std::vector<std::string_view> views(ids.begin(), ids.end());
      classic_response::encode_socket_ids(out, request_id, views);
      break;
    }
    case classic_request::Type::all_rooms:
      classic_response::encode_rooms(out, request_id, fixture::rooms(response.at("rooms")));
      break;
    case classic_request::Type::fetch_sockets: return encoded_sockets(response);
    case classic_request::Type::server_side_event: {
      const Buffer value = packed_json(response.at("data"));
      CHECK(classic_response::encode_server_side_answer(out, request_id, value.bytes()).ok());
      break;
    }
    case classic_request::Type::broadcast:
      classic_response::encode_client_count(out, request_id, response.at("clientCount").get<std::uint64_t>());
      break;
    default: classic_response::encode_done(out, request_id); break;
  }
  return std::string(out.text());
}

/// Where a node answers. The reference writes "undefined" for a uid that is not there; we answer on the shared channel then.
std::string channel(bool specific, const classic_request::View& request) {
  Buffer out;
  if (specific && request.type != classic_request::Type::server_side_event && !request.uid.empty()) {
    classic_channels::append_specific_response(out, "socket.io", "/", request.uid);
  } else {
    classic_channels::append_response(out, "socket.io", "/");
  }
  return std::string(out.text());
}

std::vector<std::string> all_names(Bytes list) {
  classic_response::NameReader reader(list);
  std::vector<std::string> names;
  std::string_view name;
  while (reader.next(name)) {
    names.emplace_back(name);
  }
  CHECK(reader.ok());
  return names;
}

}  // namespace

TEST_CASE("classic response: every golden answer is encoded byte for byte, for the golden channel") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-responses")) {
    Buffer scratch;
    const auto request_payload = golden::payload(vector.at("request"));
    const auto request = classic_request::decode(request_payload, scratch);
    for (const Json& response : vector.at("responses")) {
      CAPTURE(vector.at("name").get<std::string>());
      ++count;
      REQUIRE(request.ok());
      const auto payload = golden::payload(response);
      const Decoded answer = decoded(payload);
      CHECK(answer.view.request_id == request->request_id);
      if (response.at("encoding") == "json") {
        const Json body = Json::parse(response.at("payload_text").get<std::string>());
        CHECK(encoded(body, request->type) == response.at("payload_text").get<std::string>());
      } else {
        Buffer out;
        classic_response::encode_ack(out, answer.view.request_id, answer.view.packet);
        CHECK(golden::to_hex(out.bytes()) == golden::to_hex(payload));
      }
      const std::string expected = fixture::text(response, "channel");
      const bool specific = !vector.at("options").empty();
      CHECK(channel(specific, request.value()) == (expected.ends_with("#undefined#") ? "socket.io-response#/#" : expected));
    }
  }
  CHECK(count == 38);
}

TEST_CASE("classic response: ids and rooms are read one by one, numbers in their text form") {
  const Decoded answer = decoded(R"({"requestId":"a","sockets":["x",null,"y"],"rooms":["r",42,[1],1e21]})");
  CHECK(all_names(answer.view.sockets) == std::vector<std::string>{"x", "y"});
  CHECK(all_names(answer.view.rooms) == std::vector<std::string>{"r", "42", "1e+21"});
}

TEST_CASE("classic response: a fetched socket is read with its handshake and data still packed") {
  const Json& vector = golden::vector("classic-responses", "fetch");
  const auto payload = golden::payload(vector.at("responses").at(0));
  const Decoded answer = decoded(payload);
  classic_response::SocketReader reader(answer.view.sockets);
  classic_response::Socket socket;
  REQUIRE(reader.next(socket));
  CHECK(socket.id == fixture::text(vector, "receiver_sid"));
  CHECK(fixture::names(socket.rooms) == std::vector<std::string>{fixture::text(vector, "receiver_sid"), "room1", "room2"});
  CHECK(golden::to_notation(socket.data) == Json{{"name", "alice"}, {"n", 1}});
  CHECK(golden::to_notation(socket.handshake).at("address") == "203.0.113.7");
  CHECK_FALSE(reader.next(socket));
  CHECK(reader.ok());
  CHECK(reader.skipped_count() == 0);
}

TEST_CASE("classic response: the rooms of a socket are there as they came, too") {
  const Decoded answer = decoded(R"({"requestId":"a","sockets":[{"id":"x","rooms":["a",42,null]}]})");
  classic_response::SocketReader reader(answer.view.sockets);
  classic_response::Socket socket;
  REQUIRE(reader.next(socket));
  CHECK(golden::to_notation(socket.packed_rooms) == Json{"a", 42, nullptr});
}

TEST_CASE("classic response: elements that are no sockets are left out and counted, odd members are left empty") {
  const Decoded answer = decoded(
      R"({"requestId":"a","sockets":[null,5,{},{"id":5},{"id":"x"},{"id":"y","handshake":1,"rooms":{},"data":null},["z"]]})");
  classic_response::SocketReader reader(answer.view.sockets);
  classic_response::Socket socket;
  for (const std::string_view id : {"x", "y"}) {
    REQUIRE(reader.next(socket));
    CHECK(socket.id == id);
    CHECK(socket.handshake.empty());
    CHECK(socket.rooms.empty());
    CHECK(socket.packed_rooms.empty());
    CHECK(socket.data.empty());
  }
  CHECK_FALSE(reader.next(socket));
  CHECK(reader.ok());
  CHECK(reader.skipped_count() == 5);
}

TEST_CASE("classic response: what is no list is refused by its reader") {
  const Decoded answer = decoded(R"({"requestId":"a","sockets":"x"})");
  classic_response::SocketReader sockets(answer.view.sockets);
  classic_response::Socket socket;
  CHECK_FALSE(sockets.next(socket));
  CHECK(sockets.error().code == Errc::wrong_type);
  classic_response::NameReader names(answer.view.sockets);
  std::string_view name;
  CHECK_FALSE(names.next(name));
  CHECK(names.error().code == Errc::wrong_type);
}

TEST_CASE("classic response: the type tells a count from an ack; any other leaves it to the request") {
  CHECK(decoded(R"({"type":8,"requestId":"a","clientCount":3})").view.client_count == 3);
  CHECK(decoded(R"({"type":6,"requestId":"a","data":null})").view.type == Type::server_side_answer);
  CHECK(decoded(R"({"type":"x","requestId":"a"})").view.type == Type::untyped);
  CHECK(decoded(R"({"type":5,"requestId":"a"})").view.type == Type::untyped);
  const Decoded ack = decoded(R"({"type":9,"requestId":"a","packet":[1]})");
  CHECK(ack.view.type == Type::ack);
  CHECK(golden::to_hex(ack.view.packet) == "9101");
}

TEST_CASE("classic response: an answer that is undefined has no value, and one that cannot be JSON is not sent") {
  Buffer out;
  CHECK(classic_response::encode_server_side_answer(out, "a", {}).ok());
  CHECK(out.text() == R"({"type":6,"requestId":"a"})");
  out.clear();
  out.append("before");
  CHECK_FALSE(classic_response::encode_server_side_answer(out, "a", fixture::bytes("92 01")).ok());
  const auto map = fixture::bytes("80");
  const auto broken = fixture::bytes("92 01");
  const std::vector<classic_response::OutgoingSocket> sockets = {{"x", map, {}, broken}};
  CHECK_FALSE(classic_response::encode_sockets(out, "a", sockets).ok());
  CHECK(out.text() == "before");
}

TEST_CASE("classic response: every prefix of a good message is refused as truncated") {
  for (const auto* name : {"sockets-type0", "fetch", "broadcast-with-ack", "server-side-emit-ack"}) {
    for (const Json& response : golden::vector("classic-responses", name).at("responses")) {
      const auto whole = golden::payload(response);
      for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(name);
        CAPTURE(size);
        CHECK(refusal(Bytes(whole).first(size)) == Errc::truncated);
      }
    }
  }
}

TEST_CASE("classic response: each kind of damage has its code") {
  CHECK(refusal("{}") == Errc::missing_field);
  CHECK(refusal(R"({"requestId":null})") == Errc::missing_field);
  CHECK(refusal(R"({"type":8,"requestId":"a"})") == Errc::missing_field);
  CHECK(refusal(R"({"requestId":["a"]})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":8,"requestId":"a","clientCount":"1"})") == Errc::wrong_type);
  CHECK(refusal(fixture::bytes("c0")) == Errc::wrong_type);
  CHECK(refusal(R"({"type":8,"requestId":"a","clientCount":-1})") == Errc::bad_value);
  CHECK(refusal(R"({"requestId":"a"}])") == Errc::trailing_bytes);
  CHECK(refusal(fixture::bytes("81 a178 c1")) == Errc::bad_syntax);
  CHECK(refusal(R"({"requestId":'a'})") == Errc::bad_syntax);
  CHECK(refusal(R"({"x":)" + std::string(10000, '[') + std::string(10000, ']') + "}") == Errc::too_deep);
  CHECK(refusal(Bytes(as_bytes("{").data(), limits::message_bytes_max + 1)) == Errc::too_large);
}

}  // namespace classic_response_test
