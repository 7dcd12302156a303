#include <socketio/protocol/event_data.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/utf8.hpp>

#include "wire_text.hpp"

namespace socketio::event_data {
namespace {

bool read_name(Cursor& cursor, Name& name) {
  Item array;
  Item item;
  if (!cursor.expect(Kind::array, array)) {
    return false;
  }
  if (array.count == 0) {
    return cursor.fail(Errc::bad_value, array.offset);
  }
  if (!cursor.next(item)) {
    return false;
  }
  name.kind = item.kind;
  if (item.kind == Kind::integer || item.kind == Kind::real) {
    name.number = item.as_double();
    return std::isfinite(name.number) || cursor.fail(Errc::bad_value, item.offset);
  }
  const auto text = wire::text_of(item);
  if (!text) {
    return cursor.fail(Errc::wrong_type, item.offset);
  }
  name.text = *text;
  return true;
}

constexpr std::string_view prototype_name = "__proto__";

/// A container whose copy is being written.
struct OpenContainer {
  std::size_t header;   ///< position of its header in the copy
  std::uint32_t count;  ///< number of items, or of pairs that are kept
  std::uint64_t left;   ///< items left
  bool map;
};

bool sets_prototype(const Item& key) {
  const bool named = key.kind == Kind::text || key.kind == Kind::binary;
  return (named && key.text() == prototype_name) || key.kind == Kind::array;
}

/// Writes the count into a map's header, whose width does not change.
void put_count(std::uint8_t* header, std::uint32_t count) {
  constexpr std::uint8_t map16 = 0xde;
  constexpr std::uint8_t map32 = 0xdf;
  std::size_t width = *header == map32 ? 4 : *header == map16 ? 2 : 0;
  if (width == 0) {
    *header = static_cast<std::uint8_t>(0x80 | count);
  }
  for (; width != 0; --width, count >>= 8) {
    header[width] = static_cast<std::uint8_t>(count);
  }
}

constexpr std::int8_t timestamp_type = -1;

/// True for the three forms that msgpack has for a timestamp. JavaScript's decoders throw at other forms, or misread the bytes
/// after them.
bool is_timestamp(const Item& item, std::uint8_t first_byte) noexcept {
  constexpr std::uint8_t fixext4 = 0xd6;
  constexpr std::uint8_t fixext8 = 0xd7;
  constexpr std::uint8_t ext8 = 0xc7;
  return first_byte == fixext4 || first_byte == fixext8 || (first_byte == ext8 && item.body.size() == 12);
}

/// Appends a timestamp in its proper form. One of an invalid size becomes its type and its bytes, which is how JavaScript
/// servers forward unknown extensions; as a key, it becomes its bytes.
void put_timestamp(const Item& item, bool is_key, Buffer& out) {
  const std::size_t size = item.body.size();
  const auto type = static_cast<std::uint8_t>(timestamp_type);
  if (size == 4 || size == 8) {
    out.push_back(size == 4 ? 0xd6 : 0xd7);
    out.push_back(type);
    out.append(item.body);
  } else if (size == 12) {
    out.push_back(0xc7);
    out.push_back(12);
    out.push_back(type);
    out.append(item.body);
  } else {
    if (!is_key) {
      pack::array_header(out, 2);
      pack::integer(out, timestamp_type);
    }
    pack::binary(out, item.body);
  }
}

/// True if there is a timestamp in another form.
bool has_odd_timestamp(Bytes packed) {
  constexpr char type = '\xff';  // never part of UTF-8 text
  if (as_text(packed).find(type) == std::string_view::npos) [[likely]] {
    return false;
  }
  Cursor cursor(packed);
  Item item;
  while (!cursor.at_end()) {
    const std::uint8_t first_byte = packed[cursor.position()];
    if (!cursor.next(item)) {
      return false;
    }
    if (item.kind == Kind::extension && item.extension_type == timestamp_type && !is_timestamp(item, first_byte)) {
      return true;
    }
  }
  return false;
}

/// Copies the next item, or the header of a container. Skips members that set a prototype.
bool copy_item(Cursor& cursor, std::vector<OpenContainer>& open, Bytes packed, Buffer& out) {
  bool is_key = false;
  if (!open.empty()) {
    OpenContainer& inside = open.back();
    Cursor ahead = cursor;
    Item key;
    is_key = inside.map && inside.left % 2 == 0;
    if (is_key && ahead.next(key) && sets_prototype(key)) {
      inside.left -= 2;
      --inside.count;
      return cursor.skip() && cursor.skip();
    }
    --inside.left;
  }
  const std::size_t begin = cursor.position();
  Item item;
  if (!cursor.next(item)) {
    return false;
  }
  if (item.kind == Kind::array || item.kind == Kind::map) {
    const bool map = item.kind == Kind::map;
    open.push_back({out.size(), item.count, std::uint64_t{item.count} * (map ? 2 : 1), map});
  }
  if (item.kind == Kind::extension && item.extension_type == timestamp_type && !is_timestamp(item, packed[begin])) {
    put_timestamp(item, is_key, out);
  } else {
    out.append(packed.subspan(begin, cursor.position() - begin));
  }
  return true;
}

}  // namespace

Bytes publishable(Bytes packed, Buffer& scratch) {
  if (as_text(packed).find(prototype_name) == std::string_view::npos && !has_odd_timestamp(packed)) [[likely]] {
    return packed;
  }
  scratch.clear();
  Cursor cursor(packed);
  std::vector<OpenContainer> open;
  while (!cursor.at_end()) {
    if (!copy_item(cursor, open, packed, scratch)) {
      return packed;  // not well formed, which other functions report
    }
    for (; !open.empty() && open.back().left == 0; open.pop_back()) {
      if (open.back().map) {
        put_count(scratch.data() + open.back().header, open.back().count);
      }
    }
  }
  return scratch.bytes();
}

Bytes require_publishable(Bytes data, bool (*reserved)(std::string_view), Buffer& scratch) {
  if (!require(data, reserved)) [[likely]] {
    return data;
  }
  scratch.clear_and_shrink(limits::kept_bytes_max);
  return publishable(data, scratch);
}

void replace_surrogates(std::span<std::uint8_t> packed) noexcept {
  const std::string_view all = as_text(packed);
  if (utf8::find_surrogate(all) == all.size()) [[likely]] {
    return;
  }
  Cursor cursor(packed);  // binary items do not change
  Item item;
  while (!cursor.at_end() && cursor.next(item)) {
    if (item.kind == Kind::text) {
      const auto start = static_cast<std::size_t>(item.body.data() - packed.data());
      utf8::replace_surrogates(packed.subspan(start, item.body.size()));
    }
  }
}

Result<Name> name(Bytes data) {
  Cursor cursor(data);
  Name name;
  if (!read_name(cursor, name)) {
    return cursor.error();
  }
  return name;
}

Bytes read(Cursor& cursor, bool (*reserved)(std::string_view)) {
  const std::size_t start = cursor.position();
  const Bytes data = cursor.skip_view();
  if (!cursor.ok()) {
    return {};
  }
  const auto found = name(data);
  if (!found.ok()) {
    cursor.fail(found.error().code, start + found.error().offset_bytes);
    return {};
  }
  if (found->kind != Kind::integer && found->kind != Kind::real && reserved(found->text)) {
    cursor.fail(Errc::bad_value, start);
    return {};
  }
  return data;
}

void append_argument(Buffer& out, Bytes data, std::string_view text) {
  Cursor cursor(data);
  Item array;
  if (!cursor.expect(Kind::array, array)) {
    out.append(data);
    return;
  }
  pack::array_header(out, array.count + 1);
  out.append(data.subspan(cursor.position()));
  pack::text(out, text);
}

std::string_view last_text(Bytes data) noexcept {
  Cursor cursor(data);
  Item array;
  if (!cursor.expect(Kind::array, array) || array.count == 0) {
    return {};
  }
  for (std::uint32_t index = 1; index < array.count; ++index) {
    cursor.skip();
  }
  Item last;
  return cursor.next(last) && last.kind == Kind::text ? last.text() : std::string_view();
}

bool require(Bytes data, bool (*reserved)(std::string_view)) {
  Cursor cursor(data, depth_max);
  bool may_change = false;
  if (cursor.skip_and_look(may_change) && !cursor.at_end()) {
    cursor.fail(Errc::trailing_bytes, cursor.position());
  }
  if (!cursor.ok()) {
    refuse(cursor.error());
  }
  require_name(data, reserved);
  return may_change;
}

void require_name(Bytes data, bool (*reserved)(std::string_view)) {
  const auto found = name(data);
  if (!found.ok()) {
    refuse(found.error());
  }
  if (found->kind == Kind::binary) {  // clients of JavaScript servers would disconnect with a parse error
    throw Error(ErrorCode::bad_arguments, "An event's name is text or a number, not bytes.");
  }
  if (found->kind == Kind::text && reserved(found->text)) {
    throw Error(ErrorCode::reserved_event,
                "\"" + std::string(found->text) + "\" is a reserved event name. Choose another one.");
  }
}

void refuse(DecodeError error) {
  if (error.code == Errc::too_deep) {
    throw Error(ErrorCode::bad_arguments, "The arguments are nested more than " + std::to_string(depth_max) + " levels deep.");
  }
  throw Error(ErrorCode::bad_arguments, std::string("The arguments do not pack to [event, args...] in well-formed msgpack (") +
                                            describe(error.code) + " at byte " + std::to_string(error.offset_bytes) +
                                            "). Check the msgpack adaptors of your types.");
}

}  // namespace socketio::event_data
