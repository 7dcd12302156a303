#include <socketio/protocol/value.hpp>

#include <cmath>

#include <msgpack/unpack.hpp>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/transcode.hpp>

namespace socketio {
namespace value {
namespace {

bool read(Bytes packed, Item& item) noexcept { return Cursor(packed).next(item); }

}  // namespace

bool to_integer(Bytes packed, std::int64_t& result) noexcept {
  Item item;
  const auto value = read(packed, item) ? item.as_int64() : std::nullopt;
  result = value.value_or(0);
  return value.has_value();
}

bool to_unsigned(Bytes packed, std::uint64_t& result) noexcept {
  Item item;
  if (read(packed, item) && item.kind == Kind::integer && !item.negative) {
    result = item.bits;
    return true;
  }
  std::int64_t value = 0;
  const bool fits = to_integer(packed, value) && value >= 0;
  result = fits ? static_cast<std::uint64_t>(value) : 0;
  return fits;
}

bool to_double(Bytes packed, double& result) noexcept {
  Item item;
  if (!read(packed, item) || (item.kind != Kind::integer && item.kind != Kind::real)) {
    return false;
  }
  result = item.as_double();
  return true;
}

bool to_boolean(Bytes packed, bool& result) noexcept {
  Item item;
  if (!read(packed, item) || item.kind != Kind::boolean) {
    return false;
  }
  result = item.boolean;
  return true;
}

bool to_text(Bytes packed, std::string_view& result) noexcept {
  Item item;
  if (!read(packed, item) || item.kind != Kind::text) {
    return false;
  }
  result = item.text();
  return true;
}

bool to_binary(Bytes packed, Bytes& result) noexcept {
  Item item;
  if (!read(packed, item)) {
    return false;
  }
  if (item.kind == Kind::binary) {
    result = item.body;
    return true;
  }
  const auto buffer = array_buffer_of(item);
  result = buffer.value_or(Bytes());
  return buffer.has_value();
}

bool is_nothing(Bytes packed) noexcept {
  Item item;
  return packed.empty() || (read(packed, item) && (item.kind == Kind::nil || is_undefined(item)));
}

bool unpack(Bytes packed, msgpack::object_handle& handle) noexcept {
  // No item is shorter than a byte, so a length above the size of the input is false.
  const std::size_t most = packed.size();
  const auto borrow = [](msgpack::type::object_type, std::size_t, void*) { return true; };
  try {
    bool referenced = false;
    msgpack::unpack(handle, reinterpret_cast<const char*>(packed.data()), packed.size(), referenced, borrow, nullptr,
                    msgpack::unpack_limit(most, most, most, most, most, limits::depth_max));
    return true;
  } catch (const std::exception&) {  // not well formed, too deep, or no memory
    return false;
  }
}

}  // namespace value

Value Value::member(std::string_view name) const noexcept {
  Cursor cursor(packed_);
  Item header;
  Value found;
  if (packed_.empty() || !cursor.expect(Kind::map, header)) {
    return found;
  }
  for (std::uint32_t index = 0; index < header.count; ++index) {
    const Bytes key = cursor.skip_view();
    const Bytes value = cursor.skip_view();
    std::string_view text;
    if (cursor.ok() && value::to_text(key, text) && text == name) {  // of repeated ones the last counts
      found = Value(value);
    }
  }
  return found;
}

std::string Value::json() const {
  Buffer text;
  if (packed_.empty() || !transcode::msgpack_to_json(packed_, text).ok()) {
    return "null";
  }
  return std::string(text.text());
}

void Arguments::Iterator::take() noexcept {
  size_ = 0;
  if (!packed_.empty()) {
    Cursor cursor(packed_);
    size_ = cursor.skip() ? cursor.position() : packed_.size();
  }
}

Arguments Arguments::of_array(Bytes array, std::size_t skip) noexcept {
  Cursor cursor(array);
  Item header;
  if (!cursor.expect(Kind::array, header) || header.count < skip) {
    return {};
  }
  for (std::size_t index = 0; index < skip; ++index) {
    if (!cursor.skip()) {
      return {};
    }
  }
  return {array.subspan(cursor.position()), header.count - skip};
}

Value Arguments::operator[](std::size_t index) const noexcept {
  for (Iterator argument = begin(); argument != end(); ++argument) {
    if (index-- == 0) {
      return *argument;
    }
  }
  return {};
}

}  // namespace socketio
