#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/utf8.hpp>

#include "support/golden.hpp"
#include "support/golden_text.hpp"

namespace golden {
namespace {

using socketio::Buffer;
using socketio::Bytes;
using socketio::Cursor;
using socketio::Item;
using socketio::Kind;

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string number_text(double value) {
  Buffer out;
  socketio::js_number::append(out, value);
  return std::string(out.text());
}

Json number_notation(double value) {
  constexpr double safe_max = 9007199254740991;
  if (value == 0 && std::signbit(value)) {
    return {{"$num", "-0"}};
  }
  if (!std::isfinite(value) || (value == std::floor(value) && std::abs(value) > safe_max)) {
    return {{"$num", number_text(value)}};
  }
  return value == std::floor(value) ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

std::string repaired(Bytes bytes) {
  Buffer out;
  socketio::utf8::append_repaired(out, socketio::as_text(bytes));
  return std::string(out.text());
}

/// Text, or `$repeat` when it is one code point repeated over more than 40 UTF-16 units.
Json text_notation(const std::string& text) {
  if (socketio::utf8::utf16_length(text) <= 40) {
    return text;
  }
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    ++size;
  }
  for (std::size_t i = 0; i < text.size(); i += size) {
    if (text.compare(i, size, text, 0, size) != 0) {
      return text;
    }
  }
  return {{"$repeat", Json::array({text.substr(0, size), text.size() / size})}};
}

/// True if JavaScript's === can hold between two such values: not for objects, and not for NaN.
bool is_comparable(const Json& value) {
  if (value.is_object()) {
    return value.contains("$undefined") || value.contains("$repeat") || (value.contains("$num") && value.at("$num") != "NaN");
  }
  return !value.is_array();
}

Json array_notation(Json items) {
  if (items.size() > 20 && is_comparable(items.front()) &&
      std::all_of(items.begin(), items.end(), [&](const Json& item) { return item == items.front(); })) {
    return {{"$fill", Json::array({items.front(), items.size()})}};
  }
  return items;
}

/// JavaScript's array indices, which come first among the members of an object.
std::optional<std::uint32_t> array_index(const std::string& key) {
  if (key.empty() || key.size() > 10 || key.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const unsigned long long value = std::strtoull(key.c_str(), nullptr, 10);
  if (value >= std::numeric_limits<std::uint32_t>::max() || std::to_string(value) != key) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(value);
}

Json in_javascript_order(const Json& members) {
  std::vector<std::pair<std::uint32_t, std::string>> indices;
  for (const auto& [key, value] : members.items()) {
    if (const auto index = array_index(key)) {
      indices.emplace_back(*index, key);
    }
  }
  std::sort(indices.begin(), indices.end());
  Json ordered = Json::object();
  for (const auto& [index, key] : indices) {
    ordered[key] = members.at(key);
  }
  for (const auto& [key, value] : members.items()) {
    ordered[key] = value;
  }
  return ordered;
}

std::string key_text(Cursor& cursor) {
  Item item;
  if (!cursor.next(item)) {
    throw Rejected(socketio::describe(cursor.error().code));
  }
  switch (item.kind) {
    case Kind::text:
    case Kind::binary: return repaired(item.body);
    case Kind::integer:
    case Kind::real: return number_text(item.as_double());
    case Kind::nil: return "null";
    case Kind::boolean: return item.boolean ? "true" : "false";
    default: throw std::runtime_error("the notation has no form for such a map key");
  }
}

Json extension_notation(const Item& item) {
  if (socketio::is_undefined(item)) {
    return {{"$undefined", true}};
  }
  if (const auto milliseconds = socketio::date_of(item)) {
    return {{"$date", std::abs(*milliseconds) <= 8'640'000'000'000'000 ? Json(*milliseconds) : Json()}};
  }
  if (const auto bytes = socketio::array_buffer_of(item)) {
    return {{"$arraybuffer", to_base64(*bytes)}};
  }
  return Json::array({item.extension_type, binary_notation(item.body)});
}

Json read(Cursor& cursor);

Json read_array(Cursor& cursor, std::uint32_t count) {
  Json items = Json::array();
  for (std::uint32_t i = 0; i < count; ++i) {
    items.push_back(read(cursor));
  }
  return array_notation(std::move(items));
}

Json read_map(Cursor& cursor, std::uint32_t count) {
  Json members = Json::object();
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string key = key_text(cursor);
    Json value = read(cursor);
    if (key != "__proto__") {
      members[key] = std::move(value);
    }
  }
  return in_javascript_order(members);
}

Json read(Cursor& cursor) {
  Item item;
  if (!cursor.next(item)) {
    throw Rejected(socketio::describe(cursor.error().code));
  }
  switch (item.kind) {
    case Kind::nil: return {};
    case Kind::boolean: return item.boolean;
    case Kind::integer:
    case Kind::real: return number_notation(item.as_double());
    case Kind::text: return text_notation(repaired(item.body));
    case Kind::binary: return binary_notation(item.body);
    case Kind::array: return read_array(cursor, item.count);
    case Kind::map: return read_map(cursor, item.count);
    case Kind::extension: return extension_notation(item);
  }
  return {};
}

}  // namespace

std::vector<std::uint8_t> from_hex(std::string_view hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string to_hex(Bytes bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::vector<std::uint8_t> from_base64(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char character : text) {
    const std::size_t value = base64_alphabet.find(character);
    if (value == std::string_view::npos) {
      break;
    }
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  return bytes;
}

std::string to_base64(Bytes bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) { return j < bytes.size() ? std::uint32_t{bytes[j]} : 0U; };
    const std::uint32_t bits = (at(i) << 16) | (at(i + 1) << 8) | at(i + 2);
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : base64_alphabet[(bits >> (18 - 6 * j)) & 63];
    }
  }
  return text;
}

Json binary_notation(Bytes bytes) {
  if (bytes.size() > 40 && std::all_of(bytes.begin(), bytes.end(), [&](std::uint8_t byte) { return byte == bytes[0]; })) {
    return {{"$binfill", Json::array({bytes[0], bytes.size()})}};
  }
  return {{"$bin", to_base64(bytes)}};
}

Json to_notation(Bytes packed) {
  Cursor cursor(packed);
  Json value = read(cursor);
  if (!cursor.at_end()) {
    throw Rejected("trailing bytes");
  }
  return value;
}

}  // namespace golden
