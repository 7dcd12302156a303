#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/socketio_packet.hpp>

#include "socketio_fixture.hpp"

namespace socketio_packet_decode_test {

using namespace socketio;
using fixture::OwnPacket;
using fixture::Type;
using fixture::Violation;
using golden::Json;

namespace {

const std::string placeholder = R"({"_placeholder":true,"num":0})";

/// The messages of one connection, and what came out.
class Connection {
 public:
  explicit Connection(const socketio_packet::Limits& limits = {}) : limits_(limits), reassembler_(limits_) {}

  Violation text(std::string_view text) {
    socketio_packet::Packet packet;
    return note(reassembler_.text(text, scratch_, packet), packet);
  }
  Violation binary(std::string_view message) {
    socketio_packet::Packet packet;
    return note(reassembler_.binary(as_bytes(message), scratch_, packet), packet);
  }
  [[nodiscard]] bool waiting() const { return reassembler_.waiting(); }

  std::vector<OwnPacket> packets;

 private:
  Violation note(Violation violation, const socketio_packet::Packet& packet) {
    if (violation == Violation::none && !reassembler_.waiting()) {
      packets.emplace_back(packet);
    }
    return violation;
  }

  socketio_packet::Limits limits_;
  socketio_packet::Reassembler reassembler_;
  Buffer scratch_;
};

Violation violation_of(std::string_view text) { return Connection().text(text); }

OwnPacket only_packet(std::string_view text) {
  Connection connection;
  REQUIRE(connection.text(text) == Violation::none);
  REQUIRE(connection.packets.size() == 1);
  return connection.packets.front();
}

/// The violation of an event with one attachment and this in it.
Violation violation_with(const std::string& json) { return violation_of("51-[\"e\"," + json + "]"); }

Json data_of(const OwnPacket& packet) { return golden::to_notation(as_bytes(packet.data)); }

/// Accepted by the reference only because of how JavaScript makes numbers of text, or because it does not look.
bool is_refused_by_us(const std::string& name) {
  constexpr std::array<std::string_view, 9> names = {"event-no-data",
                                                     "event-id-without-data",
                                                     "event-space-before-json",
                                                     "event-id-beyond-2p53",
                                                     "empty-string-is-connect",
                                                     "space-is-connect",
                                                     "binary-exponent",
                                                     "binary-hex",
                                                     "binary-placeholder-num-fraction"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("socketio_packet: every golden exchange gives its packets, or a violation") {
  std::size_t good = 0;
  std::size_t refused = 0;
  for (const Json& vector : golden::file("socketio-decode")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    std::vector<OwnPacket> expected;
    const bool refuse = vector.contains("rejected") || is_refused_by_us(name);
    for (const Json& packet : vector.at("packets")) {
      if (!refuse) {
        expected.emplace_back(packet);
      }
    }

    Connection connection;
    Violation violation = Violation::none;
    for (const Json& frame : vector.at("frames")) {
      if (violation == Violation::none) {
        const std::string bytes = fixture::frame_bytes(frame);
        violation = frame.is_string() ? connection.text(bytes) : connection.binary(bytes);
      }
    }

    CHECK((violation != Violation::none) == refuse);
    CHECK(connection.packets == expected);
    ++(refuse ? refused : good);
  }
  CHECK(good == 34);
  CHECK(refused == 41);
}

TEST_CASE("socketio_packet: what encode() writes reads back") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("socketio-encode")) {
    CAPTURE(vector.at("name"));
    if (vector.contains("throws")) {
      continue;
    }
    const OwnPacket packet(vector.at("packet"));
    Buffer out;
    std::vector<Bytes> attachments;
    REQUIRE(socketio_packet::encode(out, packet.view(), attachments).ok());

    Connection connection;
    CHECK(connection.text(out.text()) == Violation::none);
    for (const Bytes attachment : attachments) {
      CHECK(connection.waiting());
      CHECK(connection.binary(as_text(attachment)) == Violation::none);
    }

    REQUIRE(connection.packets.size() == 1);
    const OwnPacket& read = connection.packets.front();
    CHECK(read.type == packet.type);
    CHECK(read.nsp == packet.nsp);
    CHECK(read.id == packet.id);
    // What JSON has no form for has changed by then: so it is compared with what is written once more.
    Buffer again;
    std::vector<Bytes> attachments_again;
    REQUIRE(socketio_packet::encode(again, read.view(), attachments_again).ok());
    // Beyond 2^53 the digits are those of a double.
    if (out.text().find("9223372036854775808") == std::string_view::npos) {
      CHECK(again.text() == out.text());
    }
    CHECK(attachments_again.size() == attachments.size());
    ++count;
  }
  CHECK(count == 136);
}

TEST_CASE("socketio_packet: every prefix of a good message is refused, or is waiting for nothing new") {
  const std::string whole = "52-/chat,12[\"e\"," + placeholder + ",{\"a\":[1.5,true]}]";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    Connection connection;
    CHECK(connection.text(std::string_view(whole).substr(0, size)) != Violation::none);
    CHECK_FALSE(connection.waiting());
  }
}

TEST_CASE("socketio_packet: a first character that is no type") {
  for (const std::string_view text : {"", " ", "7", "9", "a", "-1", "\xff"}) {
    CAPTURE(text);
    CHECK(violation_of(text) == Violation::bad_type);
  }
}

TEST_CASE("socketio_packet: attachment counts that are none") {
  for (const std::string_view text : {"5", "5-[\"e\"]", "50-[\"e\"]", "500-[\"e\"]", "51[\"e\"]", "51", "5-1-[\"e\"]",
                                      "51.5-[\"e\"]", "51e1-[\"e\"]", "50x1-[\"e\"]", "5 1-[\"e\"]", "5+1-[\"e\"]", "6-1[]"}) {
    CAPTURE(text);
    CHECK(violation_of(text) == Violation::bad_attachment_count);
  }
}

TEST_CASE("socketio_packet: too many attachments, at the limit and far beyond") {
  CHECK(violation_of("510-[\"e\"]") == Violation::none);
  CHECK(violation_of("511-[\"e\"]") == Violation::too_many_attachments);
  CHECK(violation_of("5" + std::string(400, '9') + "-[\"e\"]") == Violation::too_many_attachments);
  const auto placed = [](int times) {
    std::string list;
    for (int index = 0; index < times; ++index) {
      list += "," + placeholder;
    }
    return violation_of("51-[\"e\"" + list + "]");
  };
  CHECK(placed(10) == Violation::none);
  CHECK(placed(11) == Violation::too_many_attachments);
}

TEST_CASE("socketio_packet: a namespace that is not UTF-8") {
  CHECK(violation_of("0/\xff,") == Violation::bad_namespace);
  CHECK(violation_of("0/caf\xc3\xa9,") == Violation::none);
}

TEST_CASE("socketio_packet: namespaces keep their query, and need no comma at the end") {
  CHECK(only_packet("0/admin?x=1,{}").nsp == "/admin?x=1");
  CHECK(only_packet("0/admin").nsp == "/admin");
  CHECK(only_packet("0/,").nsp == "/");
  CHECK(only_packet("1/a/b,").nsp == "/a/b");
}

TEST_CASE("socketio_packet: ids go up to 2^53") {
  CHECK(only_packet("29007199254740992[\"e\"]").id == std::int64_t{1} << 53);
  CHECK(only_packet("2" + std::string(100, '0') + "7[\"e\"]").id == 7);
  CHECK(violation_of("29007199254740993[\"e\"]") == Violation::bad_id);
  CHECK(violation_of("2" + std::string(400, '9') + "[\"e\"]") == Violation::bad_id);
}

TEST_CASE("socketio_packet: text that is not JSON") {
  for (const std::string_view text : {"2[\"e\"", "2[\"e\"]x", "2 [\"e\"]", "2\n[\"e\"]", "2\xef\xbb\xbf[\"e\"]", "2[\"e\",]",
                                      "01-", "2-1[\"e\"]", "2['e']", "0{\"a\":}", "2[\"e\",1e]"}) {
    CAPTURE(text);
    CHECK(violation_of(text) == Violation::bad_syntax);
  }
}

TEST_CASE("socketio_packet: nesting has a limit") {
  const auto nested = [](std::size_t depth) { return "2[\"e\"," + std::string(depth, '[') + std::string(depth, ']') + "]"; };
  CHECK(violation_of(nested(511)) == Violation::none);
  CHECK(violation_of(nested(512)) == Violation::too_deep);
  CHECK(violation_of("2" + std::string(500'000, '[')) == Violation::too_deep);
}

TEST_CASE("socketio_packet: payloads that their type does not have") {
  for (const std::string_view text :
       {"0[]",     "0\"x\"", "0null", "0/a,[]",  "1{}",      "1[]",   "1null", "2",   "212",   "2[]",   "2{}", "2\"e\"",
        "2[null]", "2[{}]",  "2[[]]", "2[true]", "2[1e999]", "312{}", "3null", "4[]", "4null", "4true", "51-", "51-12"}) {
    CAPTURE(text);
    CHECK(violation_of(text) == Violation::bad_payload);
  }
  CHECK(violation_with("1") == Violation::none);
  CHECK(violation_of("51-[" + placeholder + "]") == Violation::bad_payload);
}

TEST_CASE("socketio_packet: payloads that their type has") {
  CHECK(only_packet("0").data.empty());
  CHECK(data_of(only_packet("0{\"a\":1}")) == Json{{"a", 1}});
  CHECK(only_packet("41").id == 1);
  CHECK(data_of(only_packet("4\"x\"")) == Json("x"));
  CHECK(data_of(only_packet("312")) == Json::array());
  CHECK(data_of(only_packet("2[42,null]")) == Json{42, nullptr});
}

TEST_CASE("socketio_packet: event names that are the library's own") {
  for (const std::string name : {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    CAPTURE(name);
    CHECK(violation_of("2[\"" + name + "\"]") == Violation::reserved_event);
    CHECK(violation_of("51-[\"" + name + "\"]") == Violation::reserved_event);
    CHECK(violation_of("2[\"" + name + "s\"]") == Violation::none);
  }
  CHECK(violation_of("2[\"\\u0063onnect\"]") == Violation::reserved_event);
  CHECK(violation_of("2[\"error\"]") == Violation::none);
  CHECK(violation_of("31[\"connect\"]") == Violation::none);
}

TEST_CASE("socketio_packet: placeholders without the number of an attachment") {
  for (const std::string json :
       {R"({"_placeholder":true})", R"({"_placeholder":true,"num":-1})", R"({"_placeholder":true,"num":1})",
        R"({"_placeholder":true,"num":"0"})", R"({"_placeholder":true,"num":0.5})", R"({"_placeholder":true,"num":1e300})",
        R"({"_placeholder":true,"num":null})", R"({"_placeholder":true,"num":[0]})",
        R"({"_placeholder":true,"num":0,"num":9})"}) {
    CAPTURE(json);
    CHECK(violation_with(json) == Violation::bad_placeholder);
    CHECK(violation_with("[{\"a\":" + json + "}]") == Violation::bad_placeholder);
  }
}

TEST_CASE("socketio_packet: only a member that is true makes a placeholder, and the last one counts") {
  const auto spliced = [](const std::string& json) {
    Connection connection;
    REQUIRE(connection.text("51-[\"e\"," + json + "]") == Violation::none);
    REQUIRE(connection.binary("X") == Violation::none);
    return data_of(connection.packets.front()).at(1);
  };
  const Json binary = {{"$bin", "WA=="}};
  CHECK(spliced(placeholder) == binary);
  CHECK(spliced(R"({"num":0,"_placeholder":true})") == binary);
  CHECK(spliced(R"({"num":-0,"_placeholder":true})") == binary);
  CHECK(spliced(R"({"num":0.0,"x":[{"num":7,"_placeholder":true}],"_placeholder":true,"y":{}})") == binary);
  CHECK(spliced(R"({"_placeholder":1,"_placeholder":true,"num":9,"num":0})") == binary);
  CHECK(spliced(R"({"_placeholder":1,"num":0})") == Json{{"_placeholder", 1}, {"num", 0}});
  CHECK(spliced(R"({"_placeholder":true,"_placeholder":false,"num":9})") == Json{{"_placeholder", false}, {"num", 9}});
  CHECK(spliced(R"({"_placeholder":{"_placeholder":true,"num":0}})") == Json{{"_placeholder", binary}});
  CHECK(spliced(R"({"num":true,"a":"_placeholder"})") == Json{{"num", true}, {"a", "_placeholder"}});
}

TEST_CASE("socketio_packet: attachments come to their places in any order, twice or not at all") {
  const auto slot = [](int number) { return R"({"_placeholder":true,"num":)" + std::to_string(number) + "}"; };
  Connection connection;
  CHECK(connection.text("54-/chat,7[\"e\"," + slot(3) + ",{\"a\":" + slot(0) + ",\"b\":[" + slot(0) + "]}," + slot(1) +
                        ",\"end\"]") == Violation::none);
  CHECK(connection.binary("zero") == Violation::none);
  CHECK(connection.binary("") == Violation::none);
  CHECK(connection.binary("unused") == Violation::none);
  CHECK(connection.packets.empty());
  CHECK(connection.binary(std::string(300, 'x')) == Violation::none);

  REQUIRE(connection.packets.size() == 1);
  const OwnPacket& packet = connection.packets.front();
  CHECK(packet.type == Type::event);
  CHECK(packet.nsp == "/chat");
  CHECK(packet.id == 7);
  const Json zero = {{"$bin", "emVybw=="}};
  CHECK(data_of(packet) == Json{"e", {{"$binfill", {120, 300}}}, {{"a", zero}, {"b", {zero}}}, {{"$bin", ""}}, "end"});
  CHECK_FALSE(connection.waiting());
}

TEST_CASE("socketio_packet: attachments are bounded together, and each wherever it is used") {
  socketio_packet::Limits limits;
  limits.attachment_bytes_max = 10;
  const std::string twice = "52-[\"e\"," + placeholder + "," + placeholder + "]";

  Connection good(limits);
  CHECK(good.text(twice) == Violation::none);
  CHECK(good.binary("12345") == Violation::none);
  CHECK(good.binary("12345") == Violation::none);

  Connection large(limits);
  CHECK(large.text(twice) == Violation::none);
  CHECK(large.binary("12345") == Violation::none);
  CHECK(large.binary("123456") == Violation::too_large);
  CHECK_FALSE(large.waiting());

  Connection repeated(limits);
  CHECK(repeated.text(twice) == Violation::none);
  CHECK(repeated.binary("123456") == Violation::none);
  CHECK(repeated.binary("") == Violation::too_large);
}

TEST_CASE("socketio_packet: text while attachments are due, and binary while none are") {
  Connection connection;
  CHECK(connection.text("51-[\"e\"]") == Violation::none);
  CHECK(connection.text("2[\"f\"]") == Violation::text_while_waiting);
  CHECK_FALSE(connection.waiting());
  CHECK(connection.binary("x") == Violation::unexpected_binary);
  CHECK(connection.packets.empty());
}

TEST_CASE("socketio_packet: placeholders in packets without attachments are data") {
  CHECK(data_of(only_packet("2[\"e\"," + placeholder + "]")) == Json{"e", {{"_placeholder", true}, {"num", 0}}});
  CHECK(violation_of(R"(2["e",{"_placeholder":true}])") == Violation::none);
}

TEST_CASE("socketio_packet: every violation has a phrase") {
  for (int i = 0; i <= static_cast<int>(Violation::unexpected_binary); ++i) {
    CHECK(std::string_view(socketio_packet::describe(static_cast<Violation>(i))) != "unknown");
  }
}

}  // namespace socketio_packet_decode_test
