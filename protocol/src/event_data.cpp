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
  std::size_t header;   ///< where its header is in the copy
  std::uint32_t count;  ///< items, or pairs that are kept
  std::uint64_t left;   ///< items still to come
  bool map;
};

bool sets_prototype(const Item& key) {
  const bool named = key.kind == Kind::text || key.kind == Kind::binary;
  return (named && key.text() == prototype_name) || key.kind == Kind::array;
}

/// Writes the count into a map's header, whose width stays.
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

/// Copies the next item, or of a container its header. Passes over members that set a prototype.
bool copy_item(Cursor& cursor, std::vector<OpenContainer>& open, Bytes packed, Buffer& out) {
  if (!open.empty()) {
    OpenContainer& inside = open.back();
    Cursor ahead = cursor;
    Item key;
    if (inside.map && inside.left % 2 == 0 && ahead.next(key) && sets_prototype(key)) {
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
  out.append(packed.subspan(begin, cursor.position() - begin));
  return true;
}

}  // namespace

Bytes without_prototypes(Bytes packed, Buffer& scratch) {
  if (as_text(packed).find(prototype_name) == std::string_view::npos) [[likely]] {
    return packed;
  }
  scratch.clear();
  Cursor cursor(packed);
  std::vector<OpenContainer> open;
  while (!cursor.at_end()) {
    if (!copy_item(cursor, open, packed, scratch)) {
      return packed;  // not well formed: others find that
    }
    for (; !open.empty() && open.back().left == 0; open.pop_back()) {
      if (open.back().map) {
        put_count(scratch.data() + open.back().header, open.back().count);
      }
    }
  }
  return scratch.bytes();
}

void replace_surrogates(std::span<std::uint8_t> packed) noexcept {
  const std::string_view all = as_text(packed);
  if (utf8::find_surrogate(all) == all.size()) [[likely]] {
    return;
  }
  Cursor cursor(packed);  // bytes of binaries stay what they are
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

void require(Bytes data, bool (*reserved)(std::string_view)) {
  if (const auto whole = check_items(data, 1, depth_max); !whole.ok()) {
    refuse(whole.error());
  }
  require_name(data, reserved);
}

void require_name(Bytes data, bool (*reserved)(std::string_view)) {
  const auto found = name(data);
  if (!found.ok()) {
    refuse(found.error());
  }
  const bool is_text = found->kind == Kind::text || found->kind == Kind::binary;
  if (is_text && reserved(found->text)) {
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
