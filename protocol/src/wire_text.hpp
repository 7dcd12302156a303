#pragma once

#include <cmath>
#include <optional>
#include <string_view>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/utf8.hpp>

// Readers of single items that all cluster messages share.
//
// Source: docs/wire.md, "What a decoder must accept".
namespace socketio::wire {

/// The text of an item. Binary counts as text if it is UTF-8, because some encoders send names as binary. Text that is not
/// UTF-8 is returned as it is: it equals no known name.
inline std::optional<std::string_view> text_of(const Item& item) noexcept {
  if (item.kind == Kind::text || (item.kind == Kind::binary && utf8::valid(item.text()))) {
    return item.text();
  }
  return std::nullopt;
}

/// True for nil and undefined, which count as absent.
inline bool is_nothing(const Item& item) noexcept { return item.kind == Kind::nil || is_undefined(item); }

/// The truth value of an item in JavaScript.
inline bool is_truthy(const Item& item) noexcept {
  switch (item.kind) {
    case Kind::nil: return false;
    case Kind::boolean: return item.boolean;
    case Kind::integer: return item.bits != 0;
    case Kind::real: return item.real != 0 && !std::isnan(item.real);
    case Kind::text: return !item.body.empty();
    case Kind::extension: return !is_undefined(item);
    default: return true;
  }
}

/// Skips the content of a container whose header was just read; does nothing for other items.
inline bool skip_members(Cursor& cursor, const Item& item) noexcept {
  if (item.kind != Kind::array && item.kind != Kind::map) {
    return true;
  }
  std::uint64_t left = item.kind == Kind::map ? std::uint64_t{item.count} * 2 : item.count;
  while (left > 0 && cursor.skip()) {
    --left;
  }
  return left == 0;
}

/// Reads the key of a map's member. Keys that are neither text nor a simple value make the whole message unreadable for
/// JavaScript nodes, too; the simple ones never equal a name.
inline bool next_key(Cursor& cursor, std::string_view& key) noexcept {
  Item item;
  if (!cursor.next(item)) {
    return false;
  }
  if (item.kind == Kind::array || item.kind == Kind::map) {
    return cursor.fail(Errc::wrong_type, item.offset);
  }
  key = item.kind == Kind::text ? item.text() : std::string_view();
  return true;
}

}  // namespace socketio::wire
