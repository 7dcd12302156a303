#include "support/golden.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <map>
#include <utility>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/utf8.hpp>

#include "support/golden_text.hpp"

namespace golden {
namespace {

using socketio::Buffer;
using socketio::Bytes;

/// The member that makes `value` one of the notation's forms, or nothing.
const Json* form(const Json& value, const char* name) {
  return value.is_object() && value.contains(name) ? &value.at(name) : nullptr;
}

bool is_form(const Json& value, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return form(value, name) != nullptr; });
}

std::vector<std::uint8_t> bytes_of(const Json& value) {
  if (const Json* fill = form(value, "$binfill")) {
    return std::vector<std::uint8_t>(fill->at(1).get<std::size_t>(), fill->at(0).get<std::uint8_t>());
  }
  for (const char* name : {"$bin", "$arraybuffer", "bytes"}) {
    if (const Json* text = form(value, name)) {
      return from_base64(text->get<std::string>());
    }
  }
  throw std::runtime_error("no bytes: " + value.dump());
}

double number_of(const std::string& javascript_text) { return std::strtod(javascript_text.c_str(), nullptr); }

std::string repeated(const Json& repeat) {
  std::string text;
  for (std::size_t i = repeat.at(1).get<std::size_t>(); i > 0; --i) {
    text += repeat.at(0).get<std::string>();
  }
  return text;
}

/// Converts UTF-16 units to our text, in which lone surrogates have three bytes.
std::string from_utf16(const Json& units) {
  Buffer out;
  for (std::size_t i = 0; i < units.size(); ++i) {
    char32_t unit = units.at(i).get<char32_t>();
    const char32_t next = i + 1 < units.size() ? units.at(i + 1).get<char32_t>() : 0;
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      unit = 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00);
      ++i;
    }
    const bool is_lone = unit >= 0xd800 && unit < 0xe000;
    is_lone ? socketio::utf8::append_surrogate(out, unit) : socketio::utf8::append_code_point(out, unit);
  }
  return std::string(out.text());
}

/// True for members that JavaScript's encoders leave out of an object.
bool is_left_out(const Json& value) { return is_form(value, {"$undefined", "$function"}); }

void append_date(Buffer& out, const Json& date) {
  date.is_null() ? socketio::pack::nil(out) : socketio::pack::date(out, date.get<std::int64_t>());
}

void append_array(Buffer& out, const Json& items) {
  socketio::pack::array_header(out, static_cast<std::uint32_t>(items.size()));
  for (const Json& item : items) {
    append_packed(out, item);
  }
}

void append_fill(Buffer& out, const Json& fill) {
  const auto count = fill.at(1).get<std::uint32_t>();
  socketio::pack::array_header(out, count);
  for (std::uint32_t i = 0; i < count; ++i) {
    append_packed(out, fill.at(0));
  }
}

void append_map(Buffer& out, const Json& object) {
  if (const Json* to_json = form(object, "toJSON"); to_json != nullptr && form(*to_json, "$function") != nullptr) {
    return append_packed(out, Json{{"converted", true}});
  }
  std::uint32_t count = 0;
  for (const Json& member : object) {
    count += is_left_out(member) ? 0 : 1;
  }
  socketio::pack::map_header(out, count);
  for (const auto& [key, member] : object.items()) {
    if (!is_left_out(member)) {
      socketio::pack::text(out, key);
      append_packed(out, member);
    }
  }
}

void append_object(Buffer& out, const Json& value) {
  if (is_form(value, {"$bin", "$binfill", "$arraybuffer", "$view"})) {
    socketio::pack::binary(out, bytes_of(value));
  } else if (is_form(value, {"$undefined"})) {
    socketio::pack::nil(out);
  } else if (const Json* number = form(value, "$num")) {
    socketio::pack::number(out, number_of(number->get<std::string>()));
  } else if (const Json* date = form(value, "$date")) {
    append_date(out, *date);
  } else if (const Json* repeat = form(value, "$repeat")) {
    socketio::pack::text(out, repeated(*repeat));
  } else if (const Json* units = form(value, "$utf16")) {
    socketio::pack::text(out, from_utf16(*units));
  } else if (const Json* fill = form(value, "$fill")) {
    append_fill(out, *fill);
  } else if (is_form(value, {"$set", "$map"})) {
    socketio::pack::map_header(out, 0);
  } else if (is_form(value, {"$bigint", "$function", "$symbol"})) {
    throw std::runtime_error("has no encoding: " + value.dump());
  } else {
    append_map(out, value);
  }
}

}  // namespace

const Json& file(std::string_view name) {
  static std::map<std::string, Json, std::less<>> files;
  auto found = files.find(name);
  if (found == files.end()) {
    const std::string path = SOCKETIO_GOLDEN_DIR "/" + std::string(name) + ".json";
    std::ifstream stream(path);
    if (!stream) {
      throw std::runtime_error("cannot open " + path);
    }
    found = files.emplace(name, Json::parse(stream)).first;
  }
  return found->second;
}

const Json& vector(std::string_view file_name, std::string_view vector_name) {
  for (const Json& candidate : file(file_name)) {
    if (candidate.at("name").get_ref<const std::string&>() == vector_name) {
      return candidate;
    }
  }
  throw std::runtime_error("no golden vector " + std::string(file_name) + "/" + std::string(vector_name));
}

std::vector<std::uint8_t> payload(const Json& vector, std::string_view prefix) {
  const std::string name(prefix);
  if (vector.contains(name + "_hex")) {
    return from_hex(vector.at(name + "_hex").get<std::string>());
  }
  std::vector<std::uint8_t> bytes;
  for (const Json& part : vector.at(name + "_parts")) {
    const auto once = from_hex(part.at(0).get<std::string>());
    for (std::size_t i = part.at(1).get<std::size_t>(); i > 0; --i) {
      bytes.insert(bytes.end(), once.begin(), once.end());
    }
  }
  return bytes;
}

void append_packed(Buffer& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean: return socketio::pack::boolean(out, value.get<bool>());
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: return socketio::pack::number(out, value.get<double>());
    case Json::value_t::string: return socketio::pack::text(out, value.get_ref<const std::string&>());
    case Json::value_t::array: return append_array(out, value);
    case Json::value_t::object: return append_object(out, value);
    default: return socketio::pack::nil(out);
  }
}

Json as_read(const Json& value, Notepack generation) {
  const bool v3 = generation == Notepack::v3;
  if (value.is_array()) {
    Json items = Json::array();
    for (const Json& item : value) {
      items.push_back(as_read(item, generation));
    }
    return items;
  }
  if (!value.is_object()) {
    return value;
  }
  if (is_form(value, {"$arraybuffer", "$view"})) {
    return v3 ? binary_notation(bytes_of(value)) : Json{{"$arraybuffer", to_base64(bytes_of(value))}};
  }
  if (is_form(value, {"$undefined"})) {
    return v3 ? Json() : value;
  }
  if (const Json* number = form(value, "$num")) {
    return *number == "-0" ? Json(0) : value;
  }
  if (is_form(value, {"$bin", "$binfill", "$date", "$repeat", "$fill", "$utf16"})) {
    return value;
  }
  if (is_form(value, {"toJSON"})) {
    return Json{{"converted", true}};
  }
  Json members = Json::object();
  for (const auto& [key, member] : value.items()) {
    if (form(member, "$function") == nullptr && !(v3 && is_left_out(member))) {
      members[key] = as_read(member, generation);
    }
  }
  return members;
}

}  // namespace golden
