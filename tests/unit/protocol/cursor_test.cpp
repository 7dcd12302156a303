#include <socketio/protocol/cursor.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/golden.hpp"

namespace cursor_test {

using namespace socketio;

namespace {

using ByteVector = std::vector<std::uint8_t>;

Item first_item(const ByteVector& bytes) {
  Cursor cursor(bytes);
  Item item;
  REQUIRE(cursor.next(item));
  return item;
}

DecodeError refusal(const std::string& hex, std::size_t depth_max = limits::depth_max) {
  const auto result = check_items(golden::from_hex(hex), 1, depth_max);
  REQUIRE_FALSE(result.ok());
  return result.error();
}

ByteVector nested_arrays(std::size_t depth) {
  ByteVector bytes(depth - 1, 0x91);
  bytes.push_back(0x90);
  return bytes;
}

}  // namespace

TEST_CASE("cursor: integers of every width and sign read as the same number") {
  const std::vector<std::pair<std::string, std::int64_t>> table = {{"01", 1},
                                                                   {"cc01", 1},
                                                                   {"cd0001", 1},
                                                                   {"ce00000001", 1},
                                                                   {"cf0000000000000001", 1},
                                                                   {"d001", 1},
                                                                   {"d10001", 1},
                                                                   {"d200000001", 1},
                                                                   {"d30000000000000001", 1},
                                                                   {"ff", -1},
                                                                   {"d0ff", -1},
                                                                   {"d1ffff", -1},
                                                                   {"e0", -32},
                                                                   {"d2ffffffff", -1},
                                                                   {"d3ffffffffffffffff", -1},
                                                                   {"d38000000000000000", INT64_MIN},
                                                                   {"cf7fffffffffffffff", INT64_MAX}};
  for (const auto& row : table) {
    const auto& hex = row.first;
    const auto& expected = row.second;
    CAPTURE(hex);
    const auto bytes = golden::from_hex(hex);
    const Item item = first_item(bytes);
    CHECK(item.kind == Kind::integer);
    CHECK(item.negative == (expected < 0));
    CHECK(item.as_int64() == expected);
    CHECK(item.as_double() == static_cast<double>(expected));
  }
}

TEST_CASE("cursor: an integral real is an integer, others are not") {
  CHECK(first_item(golden::from_hex("cb4045000000000000")).as_int64() == 42);
  CHECK(first_item(golden::from_hex("ca42280000")).as_int64() == 42);
  CHECK_FALSE(first_item(golden::from_hex("cb3ff8000000000000")).as_int64().has_value());
  CHECK_FALSE(first_item(golden::from_hex("cb7ff8000000000000")).as_int64().has_value());
  CHECK_FALSE(first_item(golden::from_hex("cb43e0000000000000")).as_int64().has_value());
  CHECK_FALSE(first_item(golden::from_hex("cfffffffffffffffff")).as_int64().has_value());
  CHECK_FALSE(first_item(golden::from_hex("a161")).as_int64().has_value());
}

TEST_CASE("cursor: a message is read item by item, with offsets") {
  const auto bytes = golden::from_hex(
      "93a26869c403010203"
      "8101c2");
  Cursor cursor(bytes);
  Item item;
  REQUIRE(cursor.expect(Kind::array, item));
  CHECK(item.count == 3);
  REQUIRE(cursor.expect(Kind::text, item));
  CHECK(item.text() == "hi");
  CHECK(item.offset == 1);
  REQUIRE(cursor.expect(Kind::binary, item));
  CHECK(item.body.size() == 3);
  REQUIRE(cursor.expect(Kind::map, item));
  CHECK(item.count == 1);
  CHECK(cursor.skip_view().size() == 1);
  REQUIRE(cursor.expect(Kind::boolean, item));
  CHECK_FALSE(item.boolean);
  CHECK(cursor.at_end());
}

TEST_CASE("cursor: skipping a container gives exactly its bytes") {
  const auto bytes = golden::from_hex(
      "92"
      "82a16193010203a162c0"
      "07"
      "2a");
  Cursor cursor(bytes);
  CHECK(cursor.skip_view().size() == bytes.size() - 1);
  CHECK(cursor.left() == 1);
}

TEST_CASE("cursor: every prefix of a good message is refused as truncated") {
  const auto whole = golden::from_hex(
      "9a"
      "a26869"
      "c403010203"
      "dc0001c0"
      "8101c2"
      "cd0100"
      "cb3ff8000000000000"
      "d6ff00000001"
      "c7020501ff"
      "d9021234"
      "de0001a16101");
  REQUIRE(check_items(whole, 1).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const auto result = check_items(Bytes(whole).first(size), 1);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == Errc::truncated);
  }
}

TEST_CASE("cursor: lengths are checked against what is left, not believed") {
  for (const std::string hex : {"ddffffffff", "dfffffffff", "dbffffffff61", "c6ffffffff01", "c9ffffffff0501", "df80000000"}) {
    CAPTURE(hex);
    CHECK(refusal(hex).code == Errc::truncated);
  }
}

TEST_CASE("cursor: the reserved byte is bad syntax, at its place") {
  CHECK(refusal("c1").code == Errc::bad_syntax);
  CHECK(refusal("93c0c2c1").offset_bytes == 3);
}

TEST_CASE("cursor: more than one value is trailing bytes, at the second") {
  CHECK(refusal("c0c0").code == Errc::trailing_bytes);
  CHECK(refusal("a161c0").offset_bytes == 2);
  CHECK(check_items(golden::from_hex("c0c0"), 2).ok());
}

TEST_CASE("cursor: nesting is limited exactly") {
  CHECK(check_items(nested_arrays(512), 1).ok());
  const auto result = check_items(nested_arrays(513), 1);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == Errc::too_deep);
  CHECK(result.error().offset_bytes == 512);
  CHECK(refusal("9190", 1).code == Errc::too_deep);
  CHECK(check_items(golden::from_hex("90"), 1, 1).ok());
}

TEST_CASE("cursor: no limit is above what its own stack holds") {
  CHECK(check_items(nested_arrays(1024), 1, 1'000'000).ok());
  CHECK_FALSE(check_items(nested_arrays(1025), 1, 1'000'000).ok());
}

TEST_CASE("cursor: skipping counts on from the containers that are open already") {
  const auto bytes = golden::from_hex("9190");
  Cursor fits(bytes, 4);
  CHECK(fits.skip(2));
  Cursor too_deep(bytes, 4);
  CHECK_FALSE(too_deep.skip(3));
  CHECK(too_deep.error().code == Errc::too_deep);
}

TEST_CASE("cursor: the wrong kind is told, and after a failure nothing works") {
  const auto bytes = golden::from_hex("a16101");
  Cursor cursor(bytes);
  Item item;
  CHECK_FALSE(cursor.expect(Kind::array, item));
  CHECK(cursor.error().code == Errc::wrong_type);
  CHECK(cursor.error().offset_bytes == 0);
  CHECK_FALSE(cursor.next(item));
  CHECK_FALSE(cursor.fail(Errc::bad_value, 9));
  CHECK(cursor.error().code == Errc::wrong_type);
}

TEST_CASE("cursor: dates of both generations, before and after 1970") {
  const std::vector<std::pair<std::string, std::int64_t>> table = {{"d6ff6553f100", 1700000000000},
                                                                   {"d7ff1d5455006553f100", 1700000000123},
                                                                   {"c70cff00000000ffffffffffffffff", -1000},
                                                                   {"c70cff3b8b87c0ffffffffffffffff", -1},
                                                                   {"c70cff000f423fffffffffffffffff", -999},
                                                                   {"d7000000018bcfe5687b", 1700000000123},
                                                                   {"d700ffffffffffffffff", -1},
                                                                   {"c70cff000000007fffffffffffffff", INT64_MAX},
                                                                   {"c70cff000000008000000000000000", -INT64_MAX}};
  for (const auto& row : table) {
    const auto& hex = row.first;
    const auto& expected = row.second;
    CAPTURE(hex);
    const auto bytes = golden::from_hex(hex);
    CHECK(date_of(first_item(bytes)) == expected);
  }
}

TEST_CASE("cursor: an ArrayBuffer of one or eight bytes is neither undefined nor a date") {
  const auto undefined = golden::from_hex("d40000");
  const auto one = golden::from_hex("c7010000");
  const auto eight = golden::from_hex("c708000000018bcfe5687b");
  CHECK(is_undefined(first_item(undefined)));
  CHECK_FALSE(array_buffer_of(first_item(undefined)).has_value());
  CHECK_FALSE(is_undefined(first_item(one)));
  CHECK(array_buffer_of(first_item(one)).value().size() == 1);
  CHECK_FALSE(date_of(first_item(eight)).has_value());
  CHECK(array_buffer_of(first_item(eight)).value().size() == 8);
}

TEST_CASE("cursor: other extensions and other items are no dates") {
  for (const std::string hex : {"d60501020304", "c703ff010203", "d500ffff", "c0", "00", "a161"}) {
    CAPTURE(hex);
    const auto bytes = golden::from_hex(hex);
    CHECK_FALSE(date_of(first_item(bytes)).has_value());
    CHECK_FALSE(is_undefined(first_item(bytes)));
  }
}

}  // namespace cursor_test
