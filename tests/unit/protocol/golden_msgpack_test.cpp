#include <optional>
#include <string>

#include <doctest/doctest.h>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/transcode.hpp>

#include "support/golden.hpp"

namespace golden_msgpack_test {

using namespace socketio;
using golden::Json;
using golden::Notepack;

namespace {

std::string escaped_units(const Json& units) {
  std::string text = "\"";
  for (const Json& unit : units) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", unit.get<unsigned>());
    text += escape;
  }
  return text + "\"";
}

std::optional<std::string> json_text(const Json& value);

std::optional<std::string> joined(const Json& container) {
  std::string text;
  for (const auto& [key, member] : container.items()) {
    const auto part = json_text(member);
    if (!part) {
      return std::nullopt;
    }
    text += text.empty() ? "" : ", ";
    text += container.is_object() ? Json(key).dump() + " : " + *part : *part;
  }
  return container.is_object() ? "{" + text + "}" : "[ " + text + "]";
}

/// JSON text that stands for a value in the golden notation, where there is one.
std::optional<std::string> json_text(const Json& value) {
  if (value.is_array()) {
    return joined(value);
  }
  if (!value.is_object()) {
    return value.dump();
  }
  if (value.contains("$num")) {
    const std::string text = value.at("$num");
    return text == "NaN" ? std::nullopt : std::optional(text == "Infinity" ? "1e400" : text == "-Infinity" ? "-1e400" : text);
  }
  if (value.contains("$repeat")) {
    std::string text;
    for (auto i = value.at("$repeat").at(1).get<int>(); i > 0; --i) {
      text += value.at("$repeat").at(0).get<std::string>();
    }
    return Json(text).dump();
  }
  if (value.contains("$fill")) {
    return Json(value.at("$fill").at(1).get<std::size_t>(), value.at("$fill").at(0)).dump();
  }
  if (value.contains("$bin")) {
    return "{\"$binary\":" + value.at("$bin").dump() + "}";
  }
  if (value.contains("$utf16")) {
    return escaped_units(value.at("$utf16"));
  }
  const bool other_form = !value.empty() && (value.begin().key().starts_with('$') || value.begin().key() == "toJSON");
  return other_form ? std::nullopt : joined(value);
}

bool is_defect(const Json& vector) { return vector.contains("do_not_imitate"); }

std::string packed_hex(const Json& value) {
  Buffer out;
  golden::append_packed(out, value);
  return golden::to_hex(out.bytes());
}

}  // namespace

TEST_CASE("golden notepack 3: what we pack is byte for byte the same") {
  for (const Json& vector : golden::file("msgpack-notepack3")) {
    CAPTURE(vector.at("name").get<std::string>());
    if (vector.contains("throws")) {
      CHECK_THROWS(packed_hex(vector.at("input")));
    } else if (!is_defect(vector)) {
      CHECK(packed_hex(vector.at("input")) == golden::to_hex(golden::payload(vector)));
    }
  }
}

TEST_CASE("golden notepack 3: what JSON can say becomes the same bytes from JSON text") {
  int count = 0;
  for (const Json& vector : golden::file("msgpack-notepack3")) {
    CAPTURE(vector.at("name").get<std::string>());
    const auto text = json_text(vector.at("input"));
    if (!text || is_defect(vector)) {
      continue;
    }
    Buffer out;
    REQUIRE(transcode::json_to_msgpack(*text, out, {.binary_members = true}).ok());
    CHECK(golden::to_hex(out.bytes()) == golden::to_hex(golden::payload(vector)));
    ++count;
  }
  CHECK(count > 80);
}

TEST_CASE("golden notepack 3: what peers pack reads as the value they had") {
  for (const Json& vector : golden::file("msgpack-notepack3")) {
    CAPTURE(vector.at("name").get<std::string>());
    if (vector.contains("throws")) {
      continue;
    }
    const auto bytes = golden::payload(vector);
    CHECK(check_items(bytes, 1).ok());
    const Json value = golden::to_notation(bytes);
    if (!is_defect(vector)) {
      CHECK(value == golden::as_read(vector.at("input"), Notepack::v3));
    }
  }
}

TEST_CASE("golden notepack 2: what the older generation packs reads as the value it had") {
  for (const Json& vector : golden::file("msgpack-notepack2")) {
    const auto name = vector.at("name").get<std::string>();
    CAPTURE(name);
    if (vector.contains("throws")) {
      continue;
    }
    const Json value = golden::to_notation(golden::payload(vector));
    if (name == "uint8array-subarray") {  // it sends the whole buffer behind the view
      CHECK(value == Json{{"$arraybuffer", "AAECAwQF"}});
    } else if (!is_defect(vector)) {
      CHECK(value == golden::as_read(vector.at("input"), Notepack::v2));
    }
  }
}

TEST_CASE("golden decoder: every input is read as the same value, or refused like there") {
  for (const Json& vector : golden::file("msgpack-decode")) {
    CAPTURE(vector.at("name").get<std::string>());
    const auto bytes = golden::payload(vector);
    const Json& expected = vector.at("notepack3");
    Buffer json;
    const bool accepted = transcode::msgpack_to_json(bytes, json).ok();
    CHECK(accepted == check_items(bytes, 1).ok());
    if (expected.contains("rejected")) {
      CHECK_THROWS_AS(golden::to_notation(bytes), golden::Rejected);
      CHECK_FALSE(accepted);
    } else {
      CHECK(golden::to_notation(bytes) == expected.at("decoded"));
      CHECK(accepted);
    }
  }
}

}  // namespace golden_msgpack_test
