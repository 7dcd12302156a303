#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/transcode.hpp>

#include "classic_fixture.hpp"

namespace cluster_message_test {

using namespace socketio;
using cluster_message::Type;
using golden::Json;

namespace {

/// A message and the bytes that its views point into.
struct Decoded {
  Buffer scratch;
  cluster_message::Envelope envelope;
  cluster_message::View view;
};

Decoded decoded(Bytes payload) {
  Decoded result;
  const auto envelope = cluster_message::open(payload, result.scratch);
  REQUIRE(envelope.ok());
  result.envelope = envelope.value();
  auto view = cluster_message::decode(static_cast<Type>(result.envelope.type), result.envelope.data);
  REQUIRE(view.ok());
  result.view = std::move(view).value();
  return result;
}

/// Why a message is refused, by its frame or its data.
Errc refusal(Bytes payload) {
  Buffer scratch;
  const auto envelope = cluster_message::open(payload, scratch);
  if (!envelope.ok()) {
    CHECK(envelope.error().offset_bytes <= payload.size());
    return envelope.error().code;
  }
  REQUIRE(cluster_message::is_known(envelope->type));
  const auto view = cluster_message::decode(static_cast<Type>(envelope->type), envelope->data);
  REQUIRE_FALSE(view.ok());
  return view.error().code;
}
Errc refusal(std::string_view json) { return refusal(as_bytes(json)); }

struct Data {
  Type type = Type::broadcast;
  Buffer packed;
};

/// The data member of a vector's operation.
Data data_of(const Json& vector, std::string_view request_id) {
  const std::string op = vector.at("op");
  const auto rooms = fixture::rooms(vector, "rooms");
  const auto except = op == "socket.broadcast.emit" ? fixture::rooms(vector.at("sid")) : fixture::rooms(vector, "except");
  const cluster_message::Target target{rooms, except, fixture::flags(vector, "flags")};
  Data data;
  if (op == "socketsJoin" || op == "socketsLeave") {
    data.type = op == "socketsJoin" ? Type::join : Type::leave;
    cluster_message::append_rooms_change(data.packed, target, fixture::rooms(vector.at("arg")));
  } else if (op == "disconnectSockets") {
    data.type = Type::disconnect;
    cluster_message::append_disconnect(data.packed, target, vector.at("arg").get<bool>());
  } else if (op == "fetchSockets") {
    data.type = Type::fetch_sockets;
    cluster_message::append_fetch(data.packed, target, request_id);
  } else if (op == "serverSideEmit") {
    data.type = Type::server_side_event;
    cluster_message::append_server_side_event(data.packed, request_id, fixture::packed(vector.at("args")).bytes());
  } else {
    cluster_message::append_broadcast(data.packed, fixture::packed(vector.at("args")).bytes(), std::nullopt, request_id,
                                      target);
  }
  return data;
}

void encode(Buffer& out, const Data& data, const Json& vector) {
  const std::string uid = vector.at("uid");
  const std::string nsp = vector.at("nsp");
  if (cluster_message::needs_msgpack(data.type, data.packed.bytes())) {
    cluster_message::encode_msgpack(out, data.type, data.packed.bytes(), uid, nsp);
  } else {
    REQUIRE(cluster_message::encode_json(out, data.type, data.packed.bytes(), uid, nsp).ok());
  }
}

std::string request_id_in(Bytes payload) { return std::string(decoded(payload).view.request_id.value_or("")); }

/// Where JavaScript rounds, or loses an ArrayBuffer, or has another form for the same: large integers, undefined members.
bool is_ours_on_purpose(const std::string& name) {
  static const std::set<std::string> names{"dynamic/value-int-2p63",
                                           "dynamic/value-int--2p63",
                                           "value-int-2p63",
                                           "value-int--2p63",
                                           "arraybuffer-lost",
                                           "value-arraybuffer-4",
                                           "value-with-binary-int-2p53",
                                           "value-with-binary-map-undefined-member",
                                           "binary-nested"};
  return names.contains(name);
}

/// The command by which a server of the streams family says it.
const Json& said(const Json& vector) {
  const auto& commands = vector.at("commands");
  const auto is_said = [](const Json& one) { return one.at("command") == "XADD" || one.at("command") == "PUBLISH"; };
  const auto found = std::find_if(commands.begin(), commands.end(), is_said);
  REQUIRE(found != commands.end());
  return *found;
}

std::vector<std::uint8_t> message(std::string_view name) { return golden::payload(golden::vector("sharded-adapter", name)); }

}  // namespace

TEST_CASE("cluster message: a sharded node's messages have the golden bytes") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("sharded-adapter")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    if (!vector.value("published", true) || vector.value("do_not_imitate", false) || is_ours_on_purpose(name)) {
      continue;
    }
    const auto payload = golden::payload(vector);
    Buffer out;
    encode(out, data_of(vector, request_id_in(payload)), vector);
    CHECK(golden::to_hex(out.bytes()) == golden::to_hex(payload));
    ++count;
  }
  CHECK(count == 137);
}

TEST_CASE("cluster message: a streams node's entries have the golden text, its transient messages the golden bytes") {
  std::size_t entries = 0;
  std::size_t messages = 0;
  for (const Json& vector : golden::file("streams-adapter")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    if (vector.at("commands").empty() || vector.value("do_not_imitate", false) || is_ours_on_purpose(name)) {
      continue;
    }
    const Json& command = said(vector);
    Buffer out;
    if (command.at("command") == "XADD") {
      const bool only_plaintext = vector.contains("options");
      const Data data = data_of(vector, {});
      REQUIRE(cluster_message::encode_entry_data(out, data.type, data.packed.bytes(), only_plaintext).ok());
      CHECK(std::string(out.text()) == command.at("args").back().get<std::string>());
      CHECK(std::to_string(static_cast<int>(data.type)) == command.at("fields").at("type").get<std::string>());
      ++entries;
    } else if (command.at("command") == "PUBLISH") {
      const auto payload = golden::payload(command);
      const Data data = data_of(vector, request_id_in(payload));
      cluster_message::encode_msgpack(out, data.type, data.packed.bytes(), vector.at("uid").get<std::string>(), "/");
      CHECK(golden::to_hex(out.bytes()) == golden::to_hex(payload));
      ++messages;
    }
  }
  CHECK(entries == 111);
  CHECK(messages == 4);
}

TEST_CASE("cluster message: the short way to a broadcast in JSON gives the same bytes, and leaves binary to msgpack") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("sharded-adapter")) {
    CAPTURE(vector.at("name").get<std::string>());
    if (vector.at("op") != "emit" || !vector.value("published", true)) {
      continue;
    }
    const auto rooms = fixture::rooms(vector, "rooms");
    const auto except = fixture::rooms(vector, "except");
    const Buffer event = fixture::packed(vector.at("args"));
    const Data data = data_of(vector, {});
    Buffer out;
    out.append(std::string_view("before"));
    const bool done =
        cluster_message::append_broadcast_json(out, event.bytes(), {rooms, except, fixture::flags(vector, "flags")});
    CHECK(done == !cluster_message::needs_msgpack(data.type, data.packed.bytes()));
    Buffer expected;
    expected.append(std::string_view("before"));
    if (done) {
      REQUIRE(cluster_message::encode_entry_data(expected, data.type, data.packed.bytes()).ok());
    }
    CHECK(out.text() == expected.text());
    ++count;
  }
  CHECK(count > 100);
}

TEST_CASE("cluster message: what nodes answer is understood, and has the golden bytes when we say it") {
  std::size_t count = 0;
  for (const char* const file : {"sharded-responses", "streams-responses"}) {
    for (const Json& vector : golden::file(file)) {
      for (const Json& response : vector.at("responses")) {
        CAPTURE(file);
        CAPTURE(vector.at("name").get<std::string>());
        if (!response.contains("payload_hex") || vector.at("name") == "server-side-emit-ack-undefined") {
          continue;  // a streams node says nil, where the others say nothing
        }
        const auto payload = golden::payload(response);
        const Decoded answer = decoded(payload);
        REQUIRE(cluster_message::is_answer(answer.view.type));
        CHECK(answer.envelope.uid == vector.at("receiver_uid").get<std::string>());
        const std::string_view id = *answer.view.request_id;
        Data data;
        data.type = answer.view.type;
        if (data.type == Type::client_count) {
          cluster_message::append_client_count(data.packed, id, answer.view.client_count);
        } else if (data.type == Type::fetch_sockets_answer) {
          data.packed.append(answer.envelope.data);
        } else {
          cluster_message::append_answer(data.packed, id, answer.view.value);
        }
        Buffer out;
        if (payload.front() == '{') {
          REQUIRE(cluster_message::encode_json(out, data.type, data.packed.bytes(), answer.envelope.uid, "/").ok());
        } else {
          cluster_message::encode_msgpack(out, data.type, data.packed.bytes(), answer.envelope.uid, "/");
        }
        CHECK(golden::to_hex(out.bytes()) == golden::to_hex(payload));
        ++count;
      }
    }
  }
  CHECK(count > 15);
}

TEST_CASE("cluster message: decoding and encoding again gives the same bytes") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("sharded-adapter")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    if (!vector.value("published", true) || vector.value("do_not_imitate", false) || is_ours_on_purpose(name)) {
      continue;
    }
    const auto payload = golden::payload(vector);
    const Decoded message = decoded(payload);
    Data data;
    data.type = message.view.type;
    data.packed.append(message.envelope.data);
    Json again = vector;
    Buffer out;
    encode(out, data, again);
    CHECK(golden::to_hex(out.bytes()) == golden::to_hex(payload));
    ++count;
  }
  CHECK(count > 130);
}

TEST_CASE("cluster message: every prefix of a good message is refused as truncated") {
  for (const auto* name : {"dynamic/one-room", "dynamic/binary", "dynamic/sockets-join", "dynamic/disconnect-sockets",
                           "dynamic/fetch-sockets", "dynamic/server-side-emit-ack", "dynamic/server-side-emit-binary"}) {
    const auto whole = message(name);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(name);
      CAPTURE(size);
      CHECK(refusal(Bytes(whole).first(size)) == Errc::truncated);
    }
  }
}

TEST_CASE("cluster message: each kind of damage has its code") {
  CHECK(refusal("{}") == Errc::missing_field);
  CHECK(refusal(R"({"type":"3"})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":3.5})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":3,"data":{}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":3,"data":{"packet":{"type":2,"data":["e"]}}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":3,"data":{"packet":{"type":2,"data":["connect"]},"opts":{}}})") == Errc::bad_value);
  CHECK(refusal(R"({"type":3,"data":{"packet":{"type":2,"data":[]},"opts":{}}})") == Errc::bad_value);
  CHECK(refusal(R"({"type":4,"data":{"opts":{}}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":4,"data":{"opts":{},"rooms":[null]}})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":5,"data":{"opts":[],"rooms":["a"]}})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":6,"data":{"close":true}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":7,"data":{"opts":{}}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":7,"data":{"opts":{},"requestId":7}})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":8,"data":{"requestId":"a"}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":8,"data":{"requestId":"a","sockets":{}}})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":9,"data":{"packet":["connection"]}})") == Errc::bad_value);
  CHECK(refusal(R"({"type":9,"data":{"packet":{}}})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":10,"data":{}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":11,"data":{"requestId":"a"}})") == Errc::missing_field);
  CHECK(refusal(R"({"type":11,"data":{"requestId":"a","clientCount":-1}})") == Errc::bad_value);
  CHECK(refusal(R"({"type":12,"data":[]})") == Errc::wrong_type);
  CHECK(refusal(R"({"type":1,"uid":"a"}x)") == Errc::trailing_bytes);
  CHECK(refusal(R"({"type":01})") == Errc::bad_syntax);
  CHECK(refusal(fixture::bytes("81 a474797065 c1")) == Errc::bad_syntax);
  CHECK(refusal(fixture::bytes("91 01")) == Errc::wrong_type);
  CHECK(refusal(Bytes(as_bytes("{").data(), limits::message_bytes_max + 1)) == Errc::too_large);
  CHECK(refusal(R"({"type":99,"x":)" + std::string(10000, '[') + std::string(10000, ']') + "}") == Errc::too_deep);
}

TEST_CASE("cluster message: an event that cannot be JSON leaves the buffer as it was") {
  Buffer out;
  out.append(std::string_view("before"));
  CHECK_FALSE(cluster_message::encode_json(out, Type::server_side_event, fixture::bytes("92 a165"), "uid", "/").ok());
  CHECK_FALSE(cluster_message::encode_entry_data(out, Type::broadcast, fixture::bytes("92 a165")).ok());
  CHECK_FALSE(cluster_message::encode_broadcast_json(out, fixture::bytes("92 a165"), {}, "uid", "/"));
  CHECK(out.text() == "before");
}

TEST_CASE("cluster message: null for a request id means that no answer is wanted") {
  const auto message = as_bytes(R"({"type":9,"data":{"requestId":null,"packet":["e"]},"uid":"a","nsp":"/"})");
  CHECK_FALSE(decoded(message).view.request_id.has_value());
}

}  // namespace cluster_message_test
