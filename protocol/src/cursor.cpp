#include <socketio/protocol/cursor.hpp>

#include <bit>
#include <cmath>
#include <limits>

namespace socketio {
namespace {

/// Layout of an item after a tag from c0 to df.
struct Shape {
  enum class Is : std::uint8_t { bytes, array, map, nothing };
  Is is;
  std::uint8_t length_bytes;   ///< size of the length or count
  std::uint8_t further_bytes;  ///< bytes that follow, in addition to that length
};
constexpr Shape fixed(std::uint8_t bytes) { return {Shape::Is::bytes, 0, bytes}; }
constexpr Shape sized(std::uint8_t length_bytes, std::uint8_t further_bytes = 0) {
  return {Shape::Is::bytes, length_bytes, further_bytes};
}
constexpr Shape shapes[32] = {
    fixed(0),
    {Shape::Is::nothing, 0, 0},
    fixed(0),
    fixed(0),  // nil, unused, false, true
    sized(1),
    sized(2),
    sized(4),  // binary
    sized(1, 1),
    sized(2, 1),
    sized(4, 1),  // extension: a type byte, too
    fixed(4),
    fixed(8),  // float
    fixed(1),
    fixed(2),
    fixed(4),
    fixed(8),  // unsigned
    fixed(1),
    fixed(2),
    fixed(4),
    fixed(8),  // signed
    fixed(2),
    fixed(3),
    fixed(5),
    fixed(9),
    fixed(17),  // extension of 1, 2, 4, 8, 16 bytes
    sized(1),
    sized(2),
    sized(4),  // text
    {Shape::Is::array, 2, 0},
    {Shape::Is::array, 4, 0},
    {Shape::Is::map, 2, 0},
    {Shape::Is::map, 4, 0},
};

constexpr bool is_extension(std::uint8_t tag) { return (tag >= 0xc7 && tag <= 0xc9) || (tag >= 0xd4 && tag <= 0xd8); }

/// Size of "__proto__"; few items have it.
constexpr std::uint64_t rare_size = 9;

constexpr double two_to_63 = 9223372036854775808.0;

/// Computes in doubles, so that it rounds as JavaScript does.
std::int64_t milliseconds(std::int64_t seconds, std::uint64_t nanoseconds) noexcept {
  constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
  const double value = std::trunc(static_cast<double>(seconds) * 1e3 + static_cast<double>(nanoseconds) / 1e6);
  if (value >= two_to_63 || value <= -two_to_63) {
    return value > 0 ? end : -end;
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::optional<std::int64_t> Item::as_int64() const noexcept {
  if (kind == Kind::integer) {
    if (!negative && bits > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return std::nullopt;
    }
    return static_cast<std::int64_t>(bits);
  }
  if (kind == Kind::real && real == std::floor(real) && real >= -two_to_63 && real < two_to_63) {
    return static_cast<std::int64_t>(real);
  }
  return std::nullopt;
}

double Item::as_double() const noexcept {
  if (kind == Kind::real) {
    return real;
  }
  return negative ? static_cast<double>(static_cast<std::int64_t>(bits)) : static_cast<double>(bits);
}

bool Cursor::fail(Errc code, std::size_t offset_bytes) noexcept {
  if (!failed_) {
    failed_ = true;
    error_ = {code, offset_bytes};
  }
  return false;
}

bool Cursor::take(std::size_t count, Bytes& bytes) noexcept {
  if (count > left()) {
    return fail(Errc::truncated, input_.size());
  }
  bytes = input_.subspan(position_, count);
  position_ += count;
  return true;
}

template <typename T>
bool Cursor::big_endian(T& value) noexcept {
  if (sizeof(T) > left()) {
    return fail(Errc::truncated, input_.size());
  }
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bits = (bits << 8) | input_[position_ + i];
  }
  position_ += sizeof(T);
  value = static_cast<T>(bits);
  return true;
}

bool Cursor::body(std::size_t size, Kind kind, Item& item) noexcept {
  item.kind = kind;
  return take(size, item.body);
}

bool Cursor::extension(std::size_t size, bool fixed_size, Item& item) noexcept {
  item.fixed_size = fixed_size;
  return big_endian(item.extension_type) && body(size, Kind::extension, item);
}

bool Cursor::container(std::uint32_t count, Kind kind, Item& item) noexcept {
  const std::uint64_t items = kind == Kind::map ? std::uint64_t{count} * 2 : count;
  if (items > left()) {
    return fail(Errc::truncated, input_.size());
  }
  item.kind = kind;
  item.count = count;
  return true;
}

bool Cursor::next(Item& item) noexcept {
  item.offset = position_;
  if (failed_) {
    return false;
  }
  if (at_end()) {
    return fail(Errc::truncated, position_);
  }
  const std::uint8_t tag = input_[position_++];
  if (tag < 0x80) {
    item.kind = Kind::integer;
    item.negative = false;
    item.bits = tag;
    return true;
  }
  if (tag >= 0xe0) {
    item.kind = Kind::integer;
    item.negative = true;
    item.bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int8_t>(tag)));
    return true;
  }
  if (tag >= 0xa0 && tag < 0xc0) {
    return body(tag & 0x1fU, Kind::text, item);
  }
  if (tag < 0x90) {
    return container(tag & 0x0fU, Kind::map, item);
  }
  if (tag < 0xa0) {
    return container(tag & 0x0fU, Kind::array, item);
  }
  return tagged(tag, item);
}

/// The tags from c0 to df, each with a fixed meaning.
bool Cursor::tagged(std::uint8_t tag, Item& item) noexcept {
  const auto read_unsigned = [&]<typename T>(T value) {
    item.kind = Kind::integer;
    item.negative = false;
    const bool good = big_endian(value);
    item.bits = value;
    return good;
  };
  const auto read_signed = [&]<typename T>(T value) {
    item.kind = Kind::integer;
    const bool good = big_endian(value);
    item.negative = value < 0;
    item.bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
    return good;
  };
  const auto sized = [&]<typename T>(T size, auto read) { return big_endian(size) && read(size); };
  const auto text = [&](std::size_t size) { return body(size, Kind::text, item); };
  const auto binary = [&](std::size_t size) { return body(size, Kind::binary, item); };
  const auto ext = [&](std::size_t size) { return extension(size, false, item); };
  const auto array = [&](std::uint32_t count) { return container(count, Kind::array, item); };
  const auto map = [&](std::uint32_t count) { return container(count, Kind::map, item); };
  switch (tag) {
    case 0xc0: item.kind = Kind::nil; return true;
    case 0xc2:
    case 0xc3:
      item.kind = Kind::boolean;
      item.boolean = tag == 0xc3;
      return true;
    case 0xc4: return sized(std::uint8_t{}, binary);
    case 0xc5: return sized(std::uint16_t{}, binary);
    case 0xc6: return sized(std::uint32_t{}, binary);
    case 0xc7: return sized(std::uint8_t{}, ext);
    case 0xc8: return sized(std::uint16_t{}, ext);
    case 0xc9: return sized(std::uint32_t{}, ext);
    case 0xca: {
      std::uint32_t bits = 0;
      item.kind = Kind::real;
      const bool good = big_endian(bits);
      item.real = std::bit_cast<float>(bits);
      return good;
    }
    case 0xcb: {
      std::uint64_t bits = 0;
      item.kind = Kind::real;
      const bool good = big_endian(bits);
      item.real = std::bit_cast<double>(bits);
      return good;
    }
    case 0xcc: return read_unsigned(std::uint8_t{});
    case 0xcd: return read_unsigned(std::uint16_t{});
    case 0xce: return read_unsigned(std::uint32_t{});
    case 0xcf: return read_unsigned(std::uint64_t{});
    case 0xd0: return read_signed(std::int8_t{});
    case 0xd1: return read_signed(std::int16_t{});
    case 0xd2: return read_signed(std::int32_t{});
    case 0xd3: return read_signed(std::int64_t{});
    case 0xd4: return extension(1, true, item);
    case 0xd5: return extension(2, true, item);
    case 0xd6: return extension(4, true, item);
    case 0xd7: return extension(8, true, item);
    case 0xd8: return extension(16, true, item);
    case 0xd9: return sized(std::uint8_t{}, text);
    case 0xda: return sized(std::uint16_t{}, text);
    case 0xdb: return sized(std::uint32_t{}, text);
    case 0xdc: return sized(std::uint16_t{}, array);
    case 0xdd: return sized(std::uint32_t{}, array);
    case 0xde: return sized(std::uint16_t{}, map);
    case 0xdf: return sized(std::uint32_t{}, map);
    default: return fail(Errc::bad_syntax, item.offset);
  }
}

bool Cursor::expect(Kind kind, Item& item) noexcept {
  return next(item) && (item.kind == kind || fail(Errc::wrong_type, item.offset));
}

/// Skips one item, or only the header of a container; `inside` is then the number of items in it.
/// `looks`  a constant in each caller: this and skip_all() are inlined, so that skip() pays nothing for the search.
[[gnu::always_inline]] inline bool Cursor::pass(bool& container, std::uint64_t& inside, bool looks, bool& found) noexcept {
  const std::size_t start = position_;
  if (failed_ || at_end()) {
    return fail(Errc::truncated, input_.size());
  }
  const std::uint8_t tag = input_[position_++];
  container = tag >= 0x80 && tag < 0xa0;
  if (tag < 0x80 || tag >= 0xe0) {
    return true;
  }
  std::uint64_t size = container ? tag & 0x0fU : tag & 0x1fU;
  bool pairs = tag < 0x90;
  if (tag >= 0xc0) {
    const Shape& shape = shapes[tag - 0xc0];
    if (shape.is == Shape::Is::nothing) {
      return fail(Errc::bad_syntax, start);
    }
    if (shape.length_bytes > left()) {
      return fail(Errc::truncated, input_.size());
    }
    size = 0;
    for (std::size_t i = 0; i < shape.length_bytes; ++i) {
      size = (size << 8) | input_[position_++];
    }
    size += shape.further_bytes;
    found |= looks && is_extension(tag);
    pairs = shape.is == Shape::Is::map;
    container = pairs || shape.is == Shape::Is::array;
  }
  found |= looks && size == rare_size;
  inside = pairs ? size * 2 : size;
  if ((container ? inside : size) > left()) {  // no item is shorter than a byte
    return fail(Errc::truncated, input_.size());
  }
  position_ += container ? 0 : size;
  return true;
}

[[gnu::always_inline]] inline bool Cursor::skip_all(std::size_t depth, bool looks, bool& found) noexcept {
  std::uint64_t left_at[stack_size];  // items left, per level
  const std::size_t outside = depth;
  for (;;) {
    const std::size_t start = position_;
    bool container = false;
    std::uint64_t inside = 0;
    if (!pass(container, inside, looks, found)) {
      return false;
    }
    if (container) {
      if (depth >= depth_max_) {
        return fail(Errc::too_deep, start);
      }
      left_at[depth++] = inside;
    }
    while (depth > outside && left_at[depth - 1] == 0) {
      --depth;
    }
    if (depth == outside) {
      return true;
    }
    --left_at[depth - 1];
  }
}

bool Cursor::skip(std::size_t depth) noexcept {
  bool found = false;
  return skip_all(depth, false, found);
}

bool Cursor::skip_and_look(bool& found) noexcept {
  found = false;
  return skip_all(0, true, found);
}

Bytes Cursor::skip_view() noexcept {
  const std::size_t start = position_;
  return skip() ? input_.subspan(start, position_ - start) : Bytes{};
}

std::optional<std::int64_t> date_of(const Item& item) noexcept {
  if (item.kind != Kind::extension) {
    return std::nullopt;
  }
  const auto read = [&](std::size_t from, std::size_t count) {
    std::uint64_t bits = 0;
    for (std::size_t i = from; i < from + count; ++i) {
      bits = (bits << 8) | item.body[i];
    }
    return bits;
  };
  const std::size_t size = item.body.size();
  if (item.extension_type == 0 && item.fixed_size && size == 8) {
    return static_cast<std::int64_t>(read(0, 8));
  }
  if (item.extension_type != -1) {
    return std::nullopt;
  }
  switch (size) {
    case 4: return milliseconds(static_cast<std::int64_t>(read(0, 4)), 0);
    case 8: return milliseconds(static_cast<std::int64_t>(read(0, 8) & ((std::uint64_t{1} << 34) - 1)), read(0, 8) >> 34);
    case 12: return milliseconds(static_cast<std::int64_t>(read(4, 8)), read(0, 4));
    default: return std::nullopt;
  }
}

bool is_undefined(const Item& item) noexcept {
  return item.kind == Kind::extension && item.extension_type == 0 && item.fixed_size && item.body.size() == 1;
}

std::optional<Bytes> array_buffer_of(const Item& item) noexcept {
  if (item.kind != Kind::extension || item.extension_type != 0 || item.fixed_size) {
    return std::nullopt;
  }
  return item.body;
}

Result<void> check_items(Bytes input, std::size_t count, std::size_t depth_max) noexcept {
  Cursor cursor(input, depth_max);
  for (std::size_t i = 0; i < count; ++i) {
    if (!cursor.skip()) {
      return cursor.error();
    }
  }
  if (!cursor.at_end()) {
    return DecodeError{Errc::trailing_bytes, cursor.position()};
  }
  return {};
}

}  // namespace socketio
