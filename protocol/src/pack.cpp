#include <socketio/protocol/pack.hpp>

#include <bit>
#include <cmath>
#include <concepts>

namespace socketio::pack {
namespace {

template <std::unsigned_integral T>
void big_endian(Buffer& out, T value) {
  std::uint8_t* const at = out.reserve(sizeof(T));
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    at[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
  }
  out.commit(sizeof(T));
}

template <std::unsigned_integral T>
void tagged(Buffer& out, std::uint8_t tag, T value) {
  out.push_back(tag);
  big_endian(out, value);
}

/// Appends a count in the shortest of three forms; `small_max` is the largest that fits into the tag itself.
void count_header(Buffer& out, std::uint32_t count, std::uint8_t small_tag, std::uint32_t small_max, std::uint8_t tag16) {
  if (count <= small_max) {
    out.push_back(static_cast<std::uint8_t>(small_tag | count));
  } else if (count <= 0xffff) {
    tagged(out, tag16, static_cast<std::uint16_t>(count));
  } else {
    tagged(out, static_cast<std::uint8_t>(tag16 + 1), count);
  }
}

}  // namespace

void nil(Buffer& out) { out.push_back(0xc0); }

void boolean(Buffer& out, bool value) { out.push_back(value ? 0xc3 : 0xc2); }

void unsigned_integer(Buffer& out, std::uint64_t value) {
  if (value < 0x80) {
    out.push_back(static_cast<std::uint8_t>(value));
  } else if (value <= 0xff) {
    tagged(out, 0xcc, static_cast<std::uint8_t>(value));
  } else if (value <= 0xffff) {
    tagged(out, 0xcd, static_cast<std::uint16_t>(value));
  } else if (value <= 0xffffffff) {
    tagged(out, 0xce, static_cast<std::uint32_t>(value));
  } else {
    tagged(out, 0xcf, value);
  }
}

void integer(Buffer& out, std::int64_t value) {
  if (value >= 0) {
    unsigned_integer(out, static_cast<std::uint64_t>(value));
  } else if (value >= -32) {
    out.push_back(static_cast<std::uint8_t>(value));
  } else if (value >= INT8_MIN) {
    tagged(out, 0xd0, static_cast<std::uint8_t>(value));
  } else if (value >= INT16_MIN) {
    tagged(out, 0xd1, static_cast<std::uint16_t>(value));
  } else if (value >= INT32_MIN) {
    tagged(out, 0xd2, static_cast<std::uint32_t>(value));
  } else {
    tagged(out, 0xd3, static_cast<std::uint64_t>(value));
  }
}

void number(Buffer& out, double value) {
  constexpr double two_to_63 = 9223372036854775808.0;
  if (value != std::floor(value) || !(value >= -two_to_63) || !(value < 2 * two_to_63)) {
    float64(out, value);
  } else if (value >= 0) {
    unsigned_integer(out, static_cast<std::uint64_t>(value));
  } else {
    integer(out, static_cast<std::int64_t>(value));
  }
}

void float64(Buffer& out, double value) {
  constexpr std::uint64_t javascript_nan = 0x7ff8000000000000;
  tagged(out, 0xcb, std::isnan(value) ? javascript_nan : std::bit_cast<std::uint64_t>(value));
}

void text_header(Buffer& out, std::uint32_t size) {
  if (size > 31 && size <= 0xff) {
    tagged(out, 0xd9, static_cast<std::uint8_t>(size));
  } else {
    count_header(out, size, 0xa0, 31, 0xda);
  }
}

void binary_header(Buffer& out, std::uint32_t size) {
  if (size <= 0xff) {
    tagged(out, 0xc4, static_cast<std::uint8_t>(size));
  } else if (size <= 0xffff) {
    tagged(out, 0xc5, static_cast<std::uint16_t>(size));
  } else {
    tagged(out, 0xc6, size);
  }
}

void text(Buffer& out, std::string_view value) {
  text_header(out, static_cast<std::uint32_t>(value.size()));
  out.append(value);
}

void binary(Buffer& out, Bytes value) {
  binary_header(out, static_cast<std::uint32_t>(value.size()));
  out.append(value);
}

void array_header(Buffer& out, std::uint32_t count) { count_header(out, count, 0x90, 15, 0xdc); }

void map_header(Buffer& out, std::uint32_t count) { count_header(out, count, 0x80, 15, 0xde); }

void date(Buffer& out, std::int64_t milliseconds_since_1970) {
  std::int64_t seconds = milliseconds_since_1970 / 1000;
  std::int64_t rest = milliseconds_since_1970 % 1000;
  if (rest < 0) {
    --seconds;
    rest += 1000;
  }
  timestamp(out, seconds, static_cast<std::uint32_t>(rest) * 1'000'000);
}

void timestamp(Buffer& out, std::int64_t seconds, std::uint32_t nanoseconds) {
  constexpr std::uint8_t type = 0xff;  // -1
  if (seconds >= 0 && seconds <= 0xffffffff && nanoseconds == 0) {
    out.push_back(0xd6);
    tagged(out, type, static_cast<std::uint32_t>(seconds));
  } else if (seconds >= 0 && seconds < (std::int64_t{1} << 34)) {
    out.push_back(0xd7);
    tagged(out, type, (std::uint64_t{nanoseconds} << 34) | static_cast<std::uint64_t>(seconds));
  } else {
    out.push_back(0xc7);
    out.push_back(12);
    tagged(out, type, nanoseconds);
    big_endian(out, static_cast<std::uint64_t>(seconds));
  }
}

}  // namespace socketio::pack
