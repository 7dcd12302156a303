#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "fuzz/check.hpp"

// Property: taking a document apart value by value accepts what reading it in one go accepts, with the same result, and refuses
// the rest for the same reason at the same place.

using namespace socketio;
using transcode::JsonReader;

namespace {

bool rebuild(JsonReader& reader, Buffer& out);

bool rebuild_array(JsonReader& reader, Buffer& out) {
  Buffer items;
  std::uint32_t count = 0;
  if (!reader.begin_array()) {
    return false;
  }
  for (; reader.next_element(); ++count) {
    if (!rebuild(reader, items)) {
      return false;
    }
  }
  pack::array_header(out, count);
  out.append(items.bytes());
  return reader.ok();
}

/// Of repeated members the last value stays, at the place of the first.
bool rebuild_object(JsonReader& reader, Buffer& out) {
  std::vector<std::pair<std::string, std::string>> members;
  Buffer key;
  if (!reader.begin_object()) {
    return false;
  }
  while (reader.next_member(key)) {
    const std::string name(key.text());
    Buffer value;
    if (!rebuild(reader, value)) {
      return false;
    }
    const auto found = std::find_if(members.begin(), members.end(), [&name](const auto& member) { return member.first == name; });
    if (found != members.end()) {
      found->second = value.text();
    } else if (name != "__proto__") {
      members.emplace_back(name, value.text());
    }
  }
  pack::map_header(out, static_cast<std::uint32_t>(members.size()));
  for (const auto& [name, value] : members) {
    pack::text(out, name);
    out.append(value);
  }
  return reader.ok();
}

bool rebuild_text(JsonReader& reader, Buffer& out) {
  Buffer text;
  if (!reader.text(text)) {
    return false;
  }
  pack::text(out, text.text());
  return true;
}

bool rebuild_number(JsonReader& reader, Buffer& out) {
  double value = 0;
  if (!reader.number(value)) {
    return false;
  }
  pack::number(out, value);
  return true;
}

bool rebuild_boolean(JsonReader& reader, Buffer& out) {
  bool value = false;
  if (!reader.boolean(value)) {
    return false;
  }
  pack::boolean(out, value);
  return true;
}

bool rebuild(JsonReader& reader, Buffer& out) {
  Kind kind{};
  if (!reader.peek(kind)) {
    return false;
  }
  switch (kind) {
    case Kind::array: return rebuild_array(reader, out);
    case Kind::map: return rebuild_object(reader, out);
    case Kind::text: return rebuild_text(reader, out);
    case Kind::real: return rebuild_number(reader, out);
    case Kind::boolean: return rebuild_boolean(reader, out);
    default: pack::nil(out); return reader.null();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const transcode::JsonOptions options{.depth_max = 32, .strict_utf8 = (data[0] & 1) != 0};
  const std::string_view text = as_text(Bytes(data, size).subspan(1));
  Buffer whole;
  const auto result = transcode::json_to_msgpack(text, whole, options);
  JsonReader reader(text, options);
  Buffer parts;
  const bool accepted = rebuild(reader, parts) && reader.finish();
  FUZZ_CHECK(accepted == result.ok());
  if (accepted) {
    FUZZ_CHECK(parts.text() == whole.text());
  } else {
    FUZZ_CHECK(reader.error().code == result.error().code);
    FUZZ_CHECK(reader.error().offset_bytes == result.error().offset_bytes);
  }
  return 0;
}
