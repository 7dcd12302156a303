#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <socketio/common/buffer.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/transcode.hpp>

#include "fleet/filter.hpp"
#include "fleet/line_writer.hpp"
#include "fleet/message.hpp"
#include "fleet/names.hpp"
#include "fleet/show.hpp"

namespace fleet_tap_test {

using namespace socketio;
using namespace socketio::cli::fleet;
namespace names_of_channels = socketio::cli::fleet::names;
using Said = socketio::cli::fleet::Kind;

namespace {

constexpr show::Time noon{std::chrono::milliseconds(1'700'000'000'123)};

Buffer packed(std::string_view json) {
  Buffer out;
  REQUIRE(transcode::json_to_msgpack(json, out, {limits::depth_max, true}).ok());
  return out;
}

Buffer broadcast_of(std::string_view event, std::vector<Room> rooms, Flags flags = {}, std::string_view nsp = "/") {
  Buffer out;
  const Buffer data = packed(event);
  broadcast::Outgoing message;
  message.nsp = nsp;
  message.data = data.bytes();
  message.rooms = rooms;
  message.flags = flags;
  broadcast::encode(out, message);
  return out;
}

std::string text_of_message(const Message& message) {
  Buffer out;
  show::append_text(out, message, noon, false);
  return std::string(out.text().substr(out.text().find(' ') + 1));  // without the local time
}

nlohmann::json json_of_message(const Message& message) {
  Buffer out;
  show::append_json(out, message, noon);
  CHECK(out.text().ends_with("\n"));
  return nlohmann::json::parse(out.text());
}

}  // namespace

TEST_CASE("tap: a broadcast as text, as JSON, and as a line of a batch") {
  const Buffer payload =
      broadcast_of(R"(["say","hi",{"$binary":"AQI="}])", {Room("a\x1b[31m"), Room::number(42)}, Flags().set_volatile());
  Decoder decoder;
  const Message& message = decoder.classic_broadcast("socket.io#/#", payload.bytes());
  CHECK(text_of_message(message) ==
        "classic broadcast / say(\"hi\",{\"$binary\":\"AQI=\"}) to a?[31m, 42 [volatile] from emitter " +
            std::to_string(payload.size()) + " B\n");
  CHECK(json_of_message(message) == nlohmann::json{{"time", "2023-11-14T22:13:20.123Z"},
                                                   {"transport", "classic"},
                                                   {"kind", "broadcast"},
                                                   {"channel", "socket.io#/#"},
                                                   {"nsp", "/"},
                                                   {"uid", "emitter"},
                                                   {"event", "say"},
                                                   {"args", {"hi", {{"$binary", "AQI="}}}},
                                                   {"to", {"a\x1b[31m", 42}},
                                                   {"except", nlohmann::json::array()},
                                                   {"flags", {{"volatile", true}}},
                                                   {"bytes", payload.size()}});
  Buffer line;
  REQUIRE(show::append_recorded(line, message, 1'234));
  CHECK(line.text() ==
        R"({"at_ms":1234,"nsp":"/","event":"say","args":["hi",{"$binary":"AQI="}],"to":["a\u001b[31m",42],"volatile":true})"
        "\n");
}

TEST_CASE("tap: joins, leaves, disconnects and events for servers are recorded as operations of a batch") {
  Decoder decoder;
  const auto recorded = [&decoder](const auto& encode) {
    Buffer payload;
    encode(payload);
    Buffer line;
    const Message& message = decoder.classic_request("c", "/x", payload.bytes());
    CHECK(show::is_recorded(message));
    REQUIRE(show::append_recorded(line, message, 7));
    return std::string(line.text());
  };
  const std::vector<Room> to{Room("a"), Room::number(7)};
  const std::vector<Room> except{Room("b")};
  classic_request::Target target;
  target.rooms = to;
  target.except = except;
  CHECK(recorded([&](Buffer& out) { classic_request::encode_join(out, "uid", target, to); }) ==
        R"({"at_ms":7,"op":"join","nsp":"/x","to":["a",7],"except":["b"],"rooms":["a",7]})"
        "\n");
  CHECK(recorded([&](Buffer& out) { classic_request::encode_leave(out, "uid", {}, except); }) ==
        R"({"at_ms":7,"op":"leave","nsp":"/x","all":true,"rooms":["b"]})"
        "\n");
  CHECK(recorded([&](Buffer& out) { classic_request::encode_disconnect(out, "uid", target, true); }) ==
        R"({"at_ms":7,"op":"disconnect","nsp":"/x","to":["a",7],"except":["b"],"close":true})"
        "\n");
  CHECK(recorded([&](Buffer& out) {
          REQUIRE(classic_request::encode_server_side_event(out, "", "", packed(R"(["e",1])").bytes()).ok());
        }) == R"({"at_ms":7,"op":"server-side","nsp":"/x","event":"e","args":[1]})"
              "\n");
  // The older form for one socket, whose id is a room.
  CHECK(recorded([&](Buffer& out) { out.append(R"({"type":4,"sid":"s1","close":false})"); }) ==
        R"({"at_ms":7,"op":"disconnect","nsp":"/x","to":["s1"]})"
        "\n");
}

TEST_CASE("tap: questions are not recorded") {
  Decoder decoder;
  Buffer rooms;
  classic_request::encode_all_rooms(rooms, "abcdef", "123456");
  Buffer event;
  REQUIRE(classic_request::encode_server_side_event(event, "abcdef", "123456", packed(R"(["e"])").bytes()).ok());
  for (const Buffer* payload : {&rooms, &event}) {
    Buffer line;
    const Message& message = decoder.classic_request("c", "/", payload->bytes());
    CHECK(message.kind != Said::malformed);
    CHECK_FALSE(show::is_recorded(message));
    CHECK_FALSE(show::append_recorded(line, message, 0));
    CHECK(line.empty());
  }
}

TEST_CASE("tap: what a batch would read as something else is not recorded") {
  Decoder decoder;
  const auto records = [&decoder](std::string_view json) {
    Buffer data;
    REQUIRE(transcode::json_to_msgpack(json, data).ok());  // without binary
    broadcast::Outgoing message;
    message.data = data.bytes();
    Buffer payload;
    broadcast::encode(payload, message);
    Buffer line;
    const Message& seen = decoder.classic_broadcast("socket.io#/#", payload.bytes());
    CHECK(show::is_recorded(seen));
    return show::append_recorded(line, seen, 0);
  };
  CHECK_FALSE(records(R"(["e",{"$binary":"AQI="}])"));
  CHECK_FALSE(records(R"(["e",1,[{"a":{"$binary":"not base64"}}]])"));
  CHECK_FALSE(records(R"([""])"));
  CHECK(records(R"(["e",{"$binary":7}])"));
  CHECK(records(R"(["e",{"$binary":"AQI=","b":1}])"));
  CHECK(records(R"(["e",["$binary","a"],{"a":"$binary"}])"));
  CHECK(records(R"([7])"));
}

TEST_CASE("tap: every malformed message becomes a line with the reason") {
  Decoder decoder;
  const Buffer whole = broadcast_of(R"(["say"])", {});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Message& message = decoder.classic_broadcast("socket.io#/#", whole.bytes().first(size));
    REQUIRE(message.kind == Said::malformed);
    CHECK(text_of_message(message).starts_with("classic malformed on socket.io#/#: "));
    CHECK(json_of_message(message).at("reason").get<std::string>() != "");
  }
  CHECK(decoder.classic_request("c", "/", as_bytes("{")).kind == Said::malformed);
  CHECK(decoder.classic_response("c", "/", as_bytes("{}")).kind == Said::malformed);
  CHECK(decoder.cluster(Bus::sharded, "c", as_bytes("{}")).kind == Said::malformed);
  CHECK(decoder.cluster(Bus::sharded, "c", as_bytes(R"({"type":2,"uid":"u","nsp":"/"})")).kind == Said::heartbeat);
  CHECK(decoder.cluster(Bus::sharded, "c", as_bytes(R"({"type":99,"uid":"u","nsp":"/"})")).kind == Said::malformed);
  CHECK(decoder.cluster(Bus::sharded, "c", as_bytes(R"({"type":3,"uid":"u","nsp":"/"})")).kind == Said::malformed);
  CHECK(decoder.stream_entry({"s", "1-0", "u", "", "3", "{}"}).kind == Said::malformed);
  CHECK(decoder.stream_entry({"s", "1-0", "u", "/", "3", "?"}).kind == Said::malformed);
  CHECK(decoder.stream_entry({"s", "1-0", "u", "/", "3", ""}).kind == Said::malformed);
}

TEST_CASE("tap: the entry of a stream, in JSON and in base64, has its own time") {
  Decoder decoder;
  const char* const data = R"({"packet":{"type":2,"data":["say",1]},"opts":{"rooms":["a"],"except":[],"flags":{}}})";
  const Message& message = decoder.stream_entry({"socket.io", "1700000000456-0", "u", "/", "3", data});
  CHECK(message.kind == Said::broadcast);
  CHECK(show::time_of(message, noon) == noon + std::chrono::milliseconds(333));
  const auto shown = json_of_message(message);
  CHECK(shown.at("stream") == "socket.io");
  CHECK(shown.at("id") == "1700000000456-0");
  CHECK(shown.at("to") == nlohmann::json{"a"});
  const Message& packed_one = decoder.stream_entry({"socket.io", "1-0", "u", "/", "10", "gqlyZXF1ZXN0SWShYaZwYWNrZXQH"});
  CHECK(packed_one.kind == Said::server_side_answer);
  CHECK(json_of_message(packed_one).at("value") == 7);
}

TEST_CASE("filter: a room is looked for in the channel, then among the bytes, then in the message") {
  const Filter filter("k", {}, {"kitchen"}, {});
  Decoder decoder;
  CHECK_FALSE(filter.wants_channel("k#/#bar#", "/"));
  CHECK(filter.wants_channel("k#/#kitchen#", "/"));
  CHECK(filter.wants_channel("k#/#", "/"));
  CHECK(filter.wants_channel("k#/#bar#", ""));
  const Buffer other = broadcast_of(R"(["say"])", {"bar"});
  const Buffer told = broadcast_of(R"(["say","kitchen"])", {"bar"});
  const Buffer meant = broadcast_of(R"(["say"])", {"bar", "kitchen"});
  CHECK_FALSE(filter.wants_bytes(other.bytes()));
  CHECK(filter.wants_bytes(told.bytes()));
  CHECK_FALSE(filter.wants(decoder.classic_broadcast("k#/#bar#", told.bytes())));
  CHECK(filter.wants_bytes(meant.bytes()));
  CHECK(filter.wants(decoder.classic_broadcast("k#/#", meant.bytes())));
}

TEST_CASE("filter: names that may be numbers, and text that JSON may escape, are not judged by the bytes") {
  const Filter number("k", {}, {"42"}, {"-1.5"});
  Decoder decoder;
  const Buffer meant = broadcast_of("[-1.5]", {Room::number(42)});
  CHECK(number.wants_bytes(meant.bytes()));
  CHECK(number.wants(decoder.classic_broadcast("k#/#42#", meant.bytes())));
  const Buffer other = broadcast_of("[-2.5]", {Room::number(42)});
  CHECK_FALSE(number.wants(decoder.classic_broadcast("k#/#42#", other.bytes())));
  const Filter escaped("k", {}, {}, {"a/b"});
  const std::string_view json = R"({"type":9,"uid":"u","nsp":"/","data":{"packet":["a\/b"]}})";
  CHECK(escaped.wants_bytes(as_bytes(json)));
  CHECK(escaped.wants(decoder.cluster(Bus::sharded, "c", as_bytes(json))));
}

TEST_CASE("filter: answers name nothing, so only an unfiltered tap shows them") {
  Buffer payload;
  classic_response::encode_client_count(payload, "123456", 7);
  Decoder decoder;
  const Message& message = decoder.classic_response("k-response#/#", "/", payload.bytes());
  CHECK(Filter("k", {}, {}, {}).wants(message));
  CHECK(Filter("k", {"/"}, {}, {}).wants(message));
  CHECK_FALSE(Filter("k", {"/x"}, {}, {}).wants(message));
  CHECK_FALSE(Filter("k", {}, {}, {"say"}).wants(message));
}

TEST_CASE("line writer: what finds no room is refused, and what was taken arrives") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  LineWriter writer(ends[0], 1'000'000);
  const std::string line(100'000, 'x');
  std::size_t taken = 0;
  while (writer.push(line)) {
    taken += line.size();
    REQUIRE(taken < 100'000'000);
  }
  CHECK(taken >= 1'000'000);
  CHECK_FALSE(writer.drain(std::chrono::milliseconds(1)));
  CHECK(writer.waiting() > 0);
  std::size_t arrived = 0;
  std::vector<char> room(65'536);
  while (arrived < taken) {
    const ssize_t count = ::read(ends[1], room.data(), room.size());
    REQUIRE(count > 0);
    arrived += static_cast<std::size_t>(count);
  }
  CHECK(writer.drain(std::chrono::seconds(10)));
  CHECK(writer.waiting() == 0);
  ::close(ends[1]);
  CHECK(writer.error() == 0);
}

TEST_CASE("names: channels and streams are told apart by their names") {
  CHECK(names_of_channels::last_of("k#/#0123456789abcdef#", "k", "/") == "0123456789abcdef");
  CHECK_FALSE(names_of_channels::last_of("k#/#", "k", "/"));
  CHECK(names_of_channels::is_uid("0123456789abcdef"));
  CHECK_FALSE(names_of_channels::is_uid("0123456789ABCDEF"));
  CHECK(names_of_channels::stream_index("/", 4) == 3);
  CHECK(names_of_channels::stream_index("/namespace-with-a-long-name", 4) == -2);
}

}  // namespace fleet_tap_test
