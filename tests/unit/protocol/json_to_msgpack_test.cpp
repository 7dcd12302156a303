#include <algorithm>
#include <ctime>
#include <functional>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "support/golden.hpp"

namespace json_to_msgpack_test {

using namespace socketio;
using namespace std::string_literals;
using transcode::JsonOptions;

namespace {

std::string packed(std::string_view json, const JsonOptions& options = {}) {
  Buffer out;
  const auto result = transcode::json_to_msgpack(json, out, options);
  return result.ok() ? golden::to_hex(out.bytes()) : describe(result.error().code);
}

DecodeError refusal(std::string_view json, const JsonOptions& options = {}) {
  Buffer out;
  out.append(std::string_view("before"));
  const auto result = transcode::json_to_msgpack(json, out, options);
  CHECK(out.text() == "before");
  REQUIRE_FALSE(result.ok());
  return result.error();
}

std::string repeated(std::string_view part, std::size_t count) {
  std::string text;
  for (; count > 0; --count) {
    text += part;
  }
  return text;
}

}  // namespace

TEST_CASE("json to msgpack: literals, with white space of all four kinds around") {
  CHECK(packed(" \t\r\nnull \t\r\n") == "c0");
  CHECK(packed("true") == "c3");
  CHECK(packed("false") == "c2");
  CHECK(packed(" [ ] ") == "90");
  CHECK(packed(" { } ") == "80");
  CHECK(packed(" { \"a\" : [ 1 , null ] , \"b\" : { } } ") == "82a1619201c0a16280");
}

TEST_CASE("json to msgpack: numbers are doubles, and integers when they are integral") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"0", "00"},
      {"-0", "00"},
      {"-0.0", "00"},
      {"1.0", "01"},
      {"1e2", "64"},
      {"1E+2", "64"},
      {"100e-2", "01"},
      {"-32", "e0"},
      {"0.1", "cb3fb999999999999a"},
      {"-1.5", "cbbff8000000000000"},
      {"3.14159", "cb400921f9f01b866e"},
      {"999999999999999", "cf00038d7ea4c67fff"},
      {"9007199254740993", "cf0020000000000000"},
      {"18446744073709551615", "cb43f0000000000000"},
      {"123456789012345678901234567890", "cb45f8ee90ff6c373e"},
      {"1e400", "cb7ff0000000000000"},
      {"-1e400", "cbfff0000000000000"},
      {"1e99999999999999999999", "cb7ff0000000000000"},
      {"1e-400", "00"},
      {"-1e-99999999999999999999", "00"},
      {"5e-324", "cb0000000000000001"},
      {"2.2250738585072011e-308", "cb000fffffffffffff"},
      {"2.4703282292062327e-324", "00"},
      {"2.4703282292062329e-324", "cb0000000000000001"},
      {"1.7976931348623159e308", "cb7ff0000000000000"},
      {"0e400", "00"},
      {"0.000001e+6", "01"},
  };
  for (const auto& row : table) {
    const auto& json = row.first;
    const auto& expected = row.second;
    CAPTURE(json);
    CHECK(packed(json) == expected);
  }
  CHECK(packed("1" + std::string(400, '0')) == "cb7ff0000000000000");
  CHECK(packed("1" + std::string(400, '0') + "e-400") == "01");
  CHECK(packed("0." + std::string(400, '0') + "1e401") == "01");
  CHECK(packed("0." + std::string(400, '0') + "1") == "00");
}

TEST_CASE("json to msgpack: escapes, pairs of surrogates, and lone ones as U+FFFD") {
  CHECK(packed(R"("\"\\\/\b\f\n\r\t")") == "a8225c2f080c0a0d09");
  CHECK(packed(R"("\u0041\u00e9\u65E5\ud83d\uDE00\u0000")") == "ab41c3a9e697a5f09f988000");
  CHECK(packed(R"("\ud800")") == "a3efbfbd");
  CHECK(packed(R"("\udc00x")") == "a4efbfbd78");
  CHECK(packed(R"("\ud800\ud83d\ude00")") == "a7efbfbdf09f9880");
  CHECK(packed(R"("\ud800\u0041")") == "a4efbfbd41");
  CHECK(packed(R"("\ud800\n")") == "a4efbfbd0a");
}

TEST_CASE("json to msgpack: lone surrogates are kept on request, pairs are one code point") {
  const JsonOptions options{.lone_surrogates = true};
  CHECK(packed(R"("\ud800")", options) == "a3eda080");
  CHECK(packed(R"("\uDFFFx")", options) == "a4edbfbf78");
  CHECK(packed(R"("\ud800\ud83d\ude00")", options) == "a7eda080f09f9880");
  CHECK(packed(R"({"\udc00\ud800":1})", options) == "81a6edb080eda08001");
  CHECK(packed("\"\xed\xa0\x80\"", options) == "a9efbfbdefbfbdefbfbd");  // not an escape: no UTF-8
}

TEST_CASE("json to msgpack: text of every length around the edges of a word and of a header") {
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 7, 8, 9, 15, 16, 31, 32, 33, 63, 255, 256, 65535, 65536}) {
    for (const std::string last : {"", "\\n", "\u00e9", "\\ud83d\\ude00"}) {
      CAPTURE(size);
      CAPTURE(last);
      const std::string json = "\"" + std::string(size, 'x') + last + "\"";
      Buffer expected;
      golden::append_packed(expected, golden::Json::parse(json));
      CHECK(packed(json) == golden::to_hex(expected.bytes()));
    }
  }
}

TEST_CASE("json to msgpack: what is special is found wherever it stands in long text") {
  constexpr std::size_t size = 420;  // some steps of a word, and some of many bytes
  for (std::size_t at = 0; at < size; ++at) {
    CAPTURE(at);
    const std::string before(at, 'x');
    const std::string behind(size - at, 'y');
    CHECK(packed("\"" + before + "\\n" + behind + "\"") == packed("\"" + before + "\\u000a" + behind + "\""));
    for (const std::string character : {"\u00e9", "\u007f", " "}) {
      Buffer expected;
      golden::append_packed(expected, golden::Json(before + character + behind));
      CHECK(packed("\"" + before + character + behind + "\"") == golden::to_hex(expected.bytes()));
    }
    const auto not_utf8 = refusal("\"" + before + "\xff" + behind + "\"", {.strict_utf8 = true});
    CHECK(not_utf8.code == Errc::bad_utf8);
    CHECK(not_utf8.offset_bytes == 1 + at);
    const auto control = refusal("\"" + before + "\x1f" + behind + "\"");
    CHECK(control.code == Errc::bad_syntax);
    CHECK(control.offset_bytes == 1 + at);
    const auto ended = refusal("\"" + before + "\",");
    CHECK(ended.code == Errc::trailing_bytes);
    CHECK(ended.offset_bytes == 2 + at);
    CHECK(refusal("\"" + before).code == Errc::truncated);
  }
}

TEST_CASE("json to msgpack: text that is not UTF-8 is repaired, or refused where that is asked for") {
  CHECK(packed("\"a\xff\"") == "a461efbfbd");
  CHECK(packed("\"\xe2\x82\\n\"") == "a4efbfbd0a");
  CHECK(packed("{\"\xff\":1}") == "81a3efbfbd01");
  const auto error = refusal("[\"caf\xc3\xa9 \xff\"]", {.strict_utf8 = true});
  CHECK(error.code == Errc::bad_utf8);
  CHECK(error.offset_bytes == 8);
  CHECK(packed("\"\u00e9\"", {.strict_utf8 = true}) == "a2c3a9");
}

TEST_CASE("json to msgpack: containers of more than 15 members get wider headers") {
  for (const std::size_t count : std::initializer_list<std::size_t>{15, 16, 17, 65535, 65536}) {
    CAPTURE(count);
    const std::string array = "[1" + repeated(",1", count - 1) + "]";
    std::string map = "{";
    Buffer packed_map;
    pack::map_header(packed_map, static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "k" + std::to_string(i);
      map += (i == 0 ? "\"" : ",\"") + name + "\":1";
      pack::text(packed_map, name);
      pack::integer(packed_map, 1);
    }
    map += "}";
    Buffer expected;
    golden::append_packed(expected, golden::Json(count, 1));
    CHECK(packed(array) == golden::to_hex(expected.bytes()));
    CHECK((packed(map) == golden::to_hex(packed_map.bytes())));
  }
}

TEST_CASE("json to msgpack: wide containers may hold wide containers, side by side and inside") {
  golden::Json value = golden::Json::array();
  for (int i = 0; i < 20; ++i) {
    golden::Json row = golden::Json::array();
    for (int j = 0; j < 20; ++j) {
      row.push_back(j == 3 ? golden::Json(70'000, 1) : j % 2 == 0 ? golden::Json("cell") : golden::Json(17, "x"));
    }
    value.push_back({{"row", row}, {"last", i}});
  }
  Buffer expected;
  golden::append_packed(expected, value);
  Buffer out;
  REQUIRE(transcode::json_to_msgpack(value.dump(), out).ok());
  CHECK((out.text() == expected.text()));
}

TEST_CASE("json to msgpack: members keep their order, and of repeated ones the last value has the first one's place") {
  CHECK(packed(R"({"b":1,"10":2,"a":3,"b":4})") == "83a16204a2313002a16103");
  CHECK(packed(R"({"a":1,"a":2})") == "81a16102");
  CHECK(packed(R"({"":1,"":2,"":[]})") == "81a090");
  CHECK(packed(R"({"a":{"b":1,"b":2},"c":3,"a":{"d":[{"e":4,"f":5,"e":6}]}})") == "82a16181a1649182a16506a16605a16303");
  CHECK(packed(R"([{"a":1,"\u0061":2},{"a":1}])") == "9281a1610281a16101");
  CHECK(packed(R"({"longer than eight 1":1,"longer than eight 2":2,"longer than eight 1":3})") ==
        "82b36c6f6e676572207468616e2065696768742031" "03b36c6f6e676572207468616e2065696768742032" "02");
  // Where members are left out or become something else.
  CHECK(packed(R"({"a":1,"__proto__":{"b":1,"b":2},"a":2,"__proto__":3})") == "81a16102");
  CHECK(packed(R"({"__proto__":1,"__proto__":2})", {.proto_members = true}) == "81a95f5f70726f746f5f5f02");
  CHECK(packed(R"({"a":{"$binary":"AAE="},"a":{"$binary":"AAI="}})", {.binary_members = true}) == "81a161c4020002");
}

TEST_CASE("json to msgpack: repeated members of any number of members, nested in any way, are those of another reader") {
  std::mt19937 dice(7);
  const auto below = [&dice](std::size_t limit) { return static_cast<std::size_t>(dice()) % limit; };
  const std::function<std::string(int)> value = [&](int depth) -> std::string {
    if (depth == 0 || below(3) == 0) {
      return std::to_string(below(1000));
    }
    const bool is_map = below(4) != 0;
    const std::size_t count = below(10) == 0 ? below(60) : below(20);
    const std::size_t names = 1 + below(2 * count + 1);
    std::string text(is_map ? "{" : "[");
    for (std::size_t i = 0; i < count; ++i) {
      text += i == 0 ? "" : ",";
      if (is_map) {
        text += "\"" + std::string(below(2) == 0 ? "k" : "a name of some length ") + std::to_string(below(names)) + "\":";
      }
      text += value(count > 30 ? std::min(depth - 1, 1) : depth - 1);
    }
    return text + (is_map ? "}" : "]");
  };
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    const std::string json = value(4);
    Buffer expected;
    golden::append_packed(expected, golden::Json::parse(json));
    Buffer out;
    out.append(std::string_view("before"));
    REQUIRE(transcode::json_to_msgpack(json, out).ok());
    CHECK((as_text(out.bytes_from(6)) == expected.text()));
  }
}

TEST_CASE("json to msgpack: very many members, repeated or not, and objects in them, cost no more than the same many elements") {
  constexpr std::size_t count = 100'000;
  std::string distinct = "{";
  std::string same = "{";
  std::string alike = "{";  // long, and different only at the end
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    distinct += (i == 0 ? "\"" : ",\"") + number + "\":1";
    same += (i == 0 ? "\"same\":" : ",\"same\":") + number;
    alike += (i == 0 ? "\"" : ",\"") + std::string(100, 'x') + number + "\":1";
  }
  const std::clock_t start = std::clock();
  CHECK(packed(same + "}") == "81a473616d65ce0001869f");
  Buffer out;
  REQUIRE(transcode::json_to_msgpack(distinct + "}", out).ok());
  REQUIRE(transcode::json_to_msgpack(alike + "}", out).ok());
  // Each level has a repeated member: moving what is inside once per level would take seconds.
  const std::size_t depth = 500;
  const std::string inner = "\"" + std::string(20'000'000, 'x') + "\"";
  REQUIRE(transcode::json_to_msgpack(repeated("{\"a\":1,\"b\":2,\"a\":", depth) + inner + repeated("}", depth), out).ok());
  CHECK(std::clock() - start < 4 * CLOCKS_PER_SEC);
}

TEST_CASE("json to msgpack: __proto__ is left out with everything in it") {
  CHECK(packed(R"({"__proto__":1})") == "80");
  CHECK(packed(R"({"a":1,"__proto__":{"__proto__":[1],"b":[[]]},"c":3})") == "82a16101a16303");
  CHECK(packed(R"({"\u005f_proto__":1,"b":2})") == "81a16202");
  CHECK(packed(R"([{"__proto__":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]},[2]])") == "92809102");
  CHECK(packed(R"("__proto__")") == "a95f5f70726f746f5f5f");
}

TEST_CASE("json to msgpack: every prefix of a good document is refused as truncated") {
  const std::string whole = R"({"a":[1,-2.5e+3,"x\u00e9\ud83d\ude00\n"],"b":{"c":true,"d":null,"e":false}})";
  REQUIRE(packed(whole).size() > 30);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const auto error = refusal(whole.substr(0, size));
    CHECK(error.code == Errc::truncated);
    CHECK(error.offset_bytes == size);
  }
}

TEST_CASE("json to msgpack: what JSON.parse refuses is refused, at the offending byte") {
  const std::vector<std::pair<std::string, std::size_t>> table = {{"\xef\xbb\xbf[]", 0},
                                                                  {"tru ", 3},
                                                                  {"nul!", 3},
                                                                  {"True", 0},
                                                                  {"01", 1},
                                                                  {"-01", 2},
                                                                  {"-a", 1},
                                                                  {"+1", 0},
                                                                  {".5", 0},
                                                                  {"1.e5", 2},
                                                                  {"[1.]", 3},
                                                                  {"[1e]", 3},
                                                                  {"[1e+]", 4},
                                                                  {"[-]", 2},
                                                                  {"NaN", 0},
                                                                  {"Infinity", 0},
                                                                  {"-Infinity", 1},
                                                                  {"[1,]", 3},
                                                                  {"[,1]", 1},
                                                                  {"[1 2]", 3},
                                                                  {"[1}", 2},
                                                                  {"{]", 1},
                                                                  {"{,}", 1},
                                                                  {"{\"a\":1,}", 7},
                                                                  {"{\"a\" 1}", 5},
                                                                  {"{\"a\":}", 5},
                                                                  {"{\"a\"}", 4},
                                                                  {"{1:2}", 1},
                                                                  {"{a:1}", 1},
                                                                  {"'a'", 0},
                                                                  {"\"a\nb\"", 2},
                                                                  {"\"\x01\"", 1},
                                                                  {"\"\\x\"", 2},
                                                                  {"\"\\u12G4\"", 5},
                                                                  {"\"\\u12\"", 5},
                                                                  {"\"\\U0041\"", 2},
                                                                  {"\xc2\xa0[]", 0},
                                                                  {"\x0b[]", 0},
                                                                  {"// no\n1", 0},
                                                                  {"]", 0},
                                                                  {"}", 0},
                                                                  {":", 0},
                                                                  {"[\"a\":1]", 4},
                                                                  {"\"0123456789\tx\"", 11},
                                                                  {"\"\\ud800\\uD8\"", 11},
                                                                  {"\"\\\xc3\xa9\"", 2},
                                                                  {"[0x10]", 2},
                                                                  {"[1_000]", 2}};
  for (const auto& row : table) {
    const auto& json = row.first;
    const auto& offset = row.second;
    CAPTURE(json);
    const auto error = refusal(json);
    CHECK(error.code == Errc::bad_syntax);
    CHECK(error.offset_bytes == offset);
  }
}

TEST_CASE("json to msgpack: a second value is trailing bytes, at its first byte") {
  CHECK(refusal("1 2").code == Errc::trailing_bytes);
  CHECK(refusal("[] ,").offset_bytes == 3);
  CHECK(refusal("null\0"s).offset_bytes == 4);
}

TEST_CASE("json to msgpack: nesting is limited exactly, by the option and by 1024") {
  const auto nested = [](std::size_t depth) { return repeated("[", depth) + repeated("]", depth); };
  CHECK(packed(nested(512)).size() == 1024);
  CHECK(refusal(nested(513)).code == Errc::too_deep);
  CHECK(refusal(nested(513)).offset_bytes == 512);
  CHECK(packed("[{\"a\":{}}]", {.depth_max = 3}) == "9181a16180");
  CHECK(refusal("[{\"a\":{}}]", {.depth_max = 2}).code == Errc::too_deep);
  CHECK(packed("1", {.depth_max = 0}) == "01");
  CHECK(packed(nested(1024), {.depth_max = 1'000'000}).size() == 2048);
  CHECK(refusal(std::string(3'000'000, '['), {.depth_max = 1'000'000}).offset_bytes == 1024);
}

TEST_CASE("json to msgpack: an object with only $binary becomes bytes where that is asked for") {
  const JsonOptions options{.binary_members = true};
  CHECK(packed(R"({"$binary":"AQID"})", options) == "c403010203");
  CHECK(packed(R"([ { "\u0024binary" : "\/\u002f8=" } ])", options) == "91c402ffff");
  CHECK(packed(R"({"$binary":""})", options) == "c400");
  CHECK(packed(R"({"a":{"$binary":"AA=="}})", options) == "81a161c40100");
  CHECK(packed(R"({"$binary":[{"a":1,"a":2}],"$binary":"AA==","$binary":"AQ=="})", options) == "c40101");
  CHECK(packed(R"({"$binary":"AQID"})") == "81a72462696e617279a441514944");
  CHECK(packed(R"({"__proto__":[{}],"$binary":"AA==","__proto__":[{}]})", options) == "c40100");
  const std::string big = "{\"$binary\":\"" + std::string(400'000, 'A') + "\"}";
  CHECK(packed(big, options) == "c6000493e0" + std::string(600'000, '0'));
}

TEST_CASE("json to msgpack: $binary with company, or of another type, stays what it is") {
  const JsonOptions options{.binary_members = true};
  for (const std::string json :
       {R"({"$binary":1})", R"({"$binary":null})", R"({"$binary":["AA=="]})", R"({"$binary":{}})",
        R"({"$binary":"AA==","a":1})", R"({"a":1,"$binary":"AA=="})",
        R"(["$binary","AA=="])", R"({"$binary ":"AA=="})", R"({"$binary":"no base64","a":1})"}) {
    CAPTURE(json);
    CHECK(packed(json, options) == packed(json));
  }
}

TEST_CASE("json to msgpack: $binary with text that is not base64 is a bad value, at that text") {
  const JsonOptions options{.binary_members = true};
  for (const std::string text : {"A", "AA=", "AA==AA==", "A-__", "\\u0000AAA", "AQID\\n"}) {
    CAPTURE(text);
    const auto error = refusal("[{\"$binary\": \"" + text + "\"}]", options);
    CHECK(error.code == Errc::bad_value);
    CHECK(error.offset_bytes == 13);
  }
}

TEST_CASE("json to msgpack: what was appended before stays, and offsets of headers count from there") {
  Buffer out;
  out.append(std::string_view("before"));
  REQUIRE(transcode::json_to_msgpack("[[" + std::string("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1") + "],2]", out).ok());
  CHECK(golden::to_hex(out.bytes_from(6)) == "92dc0010" + repeated("01", 16) + "02");
}

TEST_CASE("json to msgpack: wide containers nested as deep as allowed cost one pass, not one per level") {
  const std::size_t depth = 500;
  const std::string inner = "\"" + std::string(20'000'000, 'x') + "\"";
  const std::string json = repeated("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,", depth) + inner + repeated("]", depth);
  Buffer out;
  const std::clock_t start = std::clock();
  REQUIRE(transcode::json_to_msgpack(json, out).ok());
  // 500 passes over 20 MB would take seconds of CPU time on any machine; one takes milliseconds, some hundred under a
  // sanitizer.
  CHECK(std::clock() - start < 2 * CLOCKS_PER_SEC);
  CHECK(check_items(out.bytes(), 1).ok());
}

}  // namespace json_to_msgpack_test
