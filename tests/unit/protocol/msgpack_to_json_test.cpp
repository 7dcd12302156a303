#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "support/golden.hpp"

namespace msgpack_to_json_test {

using namespace socketio;
using namespace std::string_view_literals;
using transcode::BinaryForm;
using transcode::MsgpackOptions;

namespace {

std::string json_of(const std::string& hex, const MsgpackOptions& options = {}) {
  Buffer out;
  const auto result = transcode::msgpack_to_json(golden::from_hex(hex), out, options);
  return result.ok() ? std::string(out.text()) : describe(result.error().code);
}

DecodeError refusal(const std::string& hex, const MsgpackOptions& options = {}) {
  Buffer out;
  out.append(std::string_view("before"));
  const auto result = transcode::msgpack_to_json(golden::from_hex(hex), out, options);
  CHECK(out.text() == "before");
  REQUIRE_FALSE(result.ok());
  return result.error();
}

std::string date_json(std::int64_t milliseconds) {
  Buffer packed;
  pack::date(packed, milliseconds);
  return json_of(golden::to_hex(packed.bytes()));
}

}  // namespace

TEST_CASE("msgpack to json: scalars as JSON.stringify writes them") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"c0", "null"},
      {"c2", "false"},
      {"c3", "true"},
      {"00", "0"},
      {"ff", "-1"},
      {"cfffffffffffffffff", "18446744073709551615"},
      {"d38000000000000000", "-9223372036854775808"},
      {"cb3fb999999999999a", "0.1"},
      {"ca3dcccccd", "0.10000000149011612"},
      {"cb8000000000000000", "0"},
      {"cb444b1ae4d6e2ef50", "1e+21"},
      {"cb3e7ad7f29abcaf48", "1e-7"},
      {"cb7ff8000000000000", "null"},
      {"cb7ff0000000000000", "null"},
      {"cbfff0000000000000", "null"},
      {"a0", "\"\""},
      {"90", "[]"},
      {"80", "{}"},
      {"9301a161c0", "[1,\"a\",null]"},
      {"82a161c3a16291c2", "{\"a\":true,\"b\":[false]}"},
  };
  for (const auto& row : table) {
    const auto& hex = row.first;
    const auto& expected = row.second;
    CAPTURE(hex);
    CHECK(json_of(hex) == expected);
  }
}

TEST_CASE("msgpack to json: text is escaped like there, and no further") {
  Buffer out;
  transcode::append_json_string(out, "\"\\/\b\f\n\r\t\0\x1f\x7f<>&\u2028\u00e9\U0001F600"sv);
  CHECK(out.text() == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f<>&\u2028\u00e9\U0001F600\"");
}

TEST_CASE("msgpack to json: what has to be escaped is found wherever it stands in long text") {
  constexpr std::size_t size = 420;
  for (std::size_t at = 0; at < size; ++at) {
    CAPTURE(at);
    const std::string before(at, 'x');
    const std::string behind(size - at, 'y');
    Buffer out;
    transcode::append_json_string(out, before + "\"" + behind + "\n" + behind);
    CHECK(out.text() == "\"" + before + "\\\"" + behind + "\\n" + behind + "\"");
  }
}

TEST_CASE("msgpack to json: lone surrogates are escaped, two that make a pair are one code point, as JSON.stringify does") {
  CHECK(json_of("a3eda080") == R"("\ud800")");
  CHECK(json_of("a5edbfbfc3a9") == "\"\\udfff\u00e9\"");
  CHECK(json_of("a6eda0bdedb880") == "\"\U0001F600\"");
  CHECK(json_of("a9eda0bdeda0bdedb880") == "\"\\ud83d\U0001F600\"");
  CHECK(json_of("a6edb880eda0bd") == R"("\ude00\ud83d")");
  CHECK(json_of("81a3eda08001") == R"({"\ud800":1})");
  CHECK(json_of("a6eda080ff22ed") == "\"\\ud800\uFFFD\\\"\uFFFD\"");
}

TEST_CASE("msgpack to json: text that is not UTF-8 is repaired, also between escapes") {
  CHECK(json_of("a2e282") == "\"\uFFFD\"");
  CHECK(json_of("a5e2820ae282") == "\"\uFFFD\\n\uFFFD\"");
  CHECK(json_of("81a1ff01") == "{\"\uFFFD\":1}");
}

TEST_CASE("msgpack to json: dates are ISO text, as far as JavaScript has them") {
  CHECK(date_json(0) == "\"1970-01-01T00:00:00.000Z\"");
  CHECK(date_json(1700000000123) == "\"2023-11-14T22:13:20.123Z\"");
  CHECK(date_json(-1) == "\"1969-12-31T23:59:59.999Z\"");
  CHECK(date_json(951782400000) == "\"2000-02-29T00:00:00.000Z\"");
  CHECK(date_json(4107542400000) == "\"2100-03-01T00:00:00.000Z\"");
  CHECK(date_json(253402300799999) == "\"9999-12-31T23:59:59.999Z\"");
  CHECK(date_json(253402300800000) == "\"+010000-01-01T00:00:00.000Z\"");
  CHECK(date_json(-62167219200000) == "\"0000-01-01T00:00:00.000Z\"");
  CHECK(date_json(-62167219200001) == "\"-000001-12-31T23:59:59.999Z\"");
  CHECK(date_json(8'640'000'000'000'000) == "\"+275760-09-13T00:00:00.000Z\"");
  CHECK(date_json(-8'640'000'000'000'000) == "\"-271821-04-20T00:00:00.000Z\"");
  CHECK(date_json(8'640'000'000'000'001) == "null");
  CHECK(json_of("c70cff000000007fffffffffffffff") == "null");
  CHECK(json_of("d7000000018bcfe5687b") == "\"2023-11-14T22:13:20.123Z\"");
}

TEST_CASE("msgpack to json: undefined is left out of objects and null elsewhere") {
  CHECK(json_of("d40000") == "null");
  CHECK(json_of("9201d40000") == "[1,null]");
  CHECK(json_of("83a161d40000a16202a163d40000") == "{\"b\":2}");
  CHECK(json_of("81a161d40000") == "{}");
}

TEST_CASE("msgpack to json: __proto__ is left out with everything in it") {
  CHECK(json_of("82a95f5f70726f746f5f5f9181a16101a16202") == "{\"b\":2}");
  CHECK(json_of("82a16202a95f5f70726f746f5f5fc0") == "{\"b\":2}");
}

TEST_CASE("msgpack to json: keys that are not text become what JavaScript makes of them") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"810102", "{\"1\":2}"},
      {"81cb3ff800000000000000", "{\"1.5\":0}"},
      {"81cb7ff800000000000000", "{\"NaN\":0}"},
      {"81c000", "{\"null\":0}"},
      {"81c300", "{\"true\":0}"},
      {"81c402c3a900", "{\"\u00e9\":0}"},
      {"81c4010a00", "{\"\\n\":0}"},
      {"81d4000000", "{\"undefined\":0}"},
      {"81d6ff0000000000", "{\"1970-01-01T00:00:00.000Z\":0}"},
      {"81c701000100", "{\"[object ArrayBuffer]\":0}"},
      {"81d4056100", "{\"5,a\":0}"},
      {"8181a1610100", "{\"[object Object]\":0}"},
      {"819000", "{\"\":0}"},
      {"819301a16202"
       "00",
       "{\"1,b,2\":0}"},
      {"81949002c091918081a16103", "{\",2,,[object Object]\":{\"a\":3}}"},
      {"81919192a1610300", "{\"a,3\":0}"},
      {"8192d40000d4000000", "{\",\":0}"},
  };
  for (const auto& row : table) {
    const auto& hex = row.first;
    const auto& expected = row.second;
    CAPTURE(hex);
    CHECK(json_of(std::string(hex)) == expected);
  }
}

TEST_CASE("msgpack to json: bytes in the form that is asked for") {
  const std::string hex = "92c403010203c400";
  CHECK(json_of(hex) == R"([{"type":"Buffer","data":[1,2,3]},{"type":"Buffer","data":[]}])");
  CHECK(json_of(hex, {.binary = BinaryForm::base64}) == R"([{"$binary":"AQID"},{"$binary":""}])");
  std::vector<Bytes> attachments;
  const auto packed = golden::from_hex(hex);
  Buffer out;
  REQUIRE(transcode::msgpack_to_json(packed, out, {.binary = BinaryForm::placeholder, .attachments = &attachments}).ok());
  CHECK(out.text() == R"([{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  REQUIRE(attachments.size() == 2);
  CHECK(golden::to_hex(attachments[0]) == "010203");
  CHECK(attachments[0].data() == packed.data() + 3);
  CHECK(attachments[1].empty());
}

TEST_CASE("msgpack to json: an ArrayBuffer is bytes, an unknown extension is a pair with bytes") {
  CHECK(json_of("c7020001ff", {.binary = BinaryForm::base64}) == R"({"$binary":"Af8="})");
  CHECK(json_of("d5fe0102", {.binary = BinaryForm::base64}) == R"([-2,{"$binary":"AQI="}])");
  CHECK(json_of("d5000102", {.binary = BinaryForm::base64}) == R"([0,{"$binary":"AQI="}])");
}

TEST_CASE("msgpack to json: attachments are as they were when it fails") {
  std::vector<Bytes> attachments(1);
  CHECK(refusal("92c40101c1", {.binary = BinaryForm::placeholder, .attachments = &attachments}).code == Errc::bad_syntax);
  CHECK(attachments.size() == 1);
}

TEST_CASE("msgpack to json: every prefix of a good value is refused as truncated") {
  const auto whole = golden::to_hex(golden::payload(golden::vector("msgpack-notepack3", "array-mixed"))) + "";
  for (std::size_t size = 0; size < whole.size(); size += 2) {
    CAPTURE(size);
    CHECK(refusal(whole.substr(0, size)).code == Errc::truncated);
  }
}

TEST_CASE("msgpack to json: other refusals, with their place") {
  CHECK(refusal("9201c1").code == Errc::bad_syntax);
  CHECK(refusal("9201c1").offset_bytes == 2);
  CHECK(refusal("0101").code == Errc::trailing_bytes);
  CHECK(refusal("0101").offset_bytes == 1);
  CHECK(refusal("ddffffffff").code == Errc::truncated);
  CHECK(refusal("81c1c0").code == Errc::bad_syntax);
  CHECK(refusal("819101").code == Errc::truncated);
}

TEST_CASE("msgpack to json: nesting is limited exactly, also in keys and in what is left out") {
  CHECK(json_of("9190", {.depth_max = 2}) == "[[]]");
  CHECK(refusal("9190", {.depth_max = 1}).code == Errc::too_deep);
  CHECK(refusal("9190", {.depth_max = 1}).offset_bytes == 1);
  CHECK(json_of("81919000", {.depth_max = 3}) == "{\"\":0}");
  CHECK(refusal("81919000", {.depth_max = 2}).code == Errc::too_deep);
  CHECK(refusal("819000", {.depth_max = 1}).code == Errc::too_deep);
  CHECK(refusal("81818000"
                "00",
                {.depth_max = 2})
            .code == Errc::too_deep);
  CHECK(refusal("81a95f5f70726f746f5f5f9190", {.depth_max = 2}).code == Errc::too_deep);
  CHECK(refusal(golden::to_hex(std::vector<std::uint8_t>(100'000, 0x91)), {.depth_max = 1'000'000}).offset_bytes == 1024);
}

TEST_CASE("transcode: JSON that only uses what msgpack has comes back as it was") {
  const std::string json =
      R"({"type":2,"data":["chat message",{"from":"user-48213","text":"Hello, wörld!\n\"","ts":1718291823123,"score":3.14159,"ok":true,"tags":["a",[]],"meta":null}],"nsp":"/"})";
  Buffer packed;
  Buffer back;
  REQUIRE(transcode::json_to_msgpack(json, packed).ok());
  REQUIRE(transcode::msgpack_to_json(packed.bytes(), back).ok());
  CHECK(back.text() == json);
}

}  // namespace msgpack_to_json_test
