#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/transcode.hpp>

// JSON tokens. Frequent ones are inline here: text without escapes, integers. The rest is in json_scan.cpp.
namespace socketio::transcode {

/// Text between two quotes in the source, with its escapes.
struct RawText {
  std::string_view text;
  bool escaped = false;  ///< contains a backslash
  bool ascii = true;
};

/// A JSON number. Integers of up to 15 digits never become a double.
struct JsonNumber {
  bool integral = false;
  std::int64_t integer = 0;
  double real = 0;

  [[nodiscard]] double as_double() const noexcept { return integral ? static_cast<double>(integer) : real; }
};

constexpr bool is_digit(char character) noexcept { return character >= '0' && character <= '9'; }

/// In the result, the lowest set bit is the top bit of the first byte (in memory order) that is a quote, a backslash or a
/// control character. Bits above that one mean nothing: a borrow of the subtraction may have set them.
constexpr std::uint64_t special_bits(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  const std::uint64_t quote = (word ^ (ones * '"')) - ones;
  const std::uint64_t backslash = (word ^ (ones * '\\')) - ones;
  const std::uint64_t control = word - ones * 0x20;
  return (quote | backslash | control) & ~word & tops;
}

/// Loads eight bytes, the first one into the lowest place.
inline std::uint64_t load_word(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) {
    word = __builtin_bswap64(word);
  }
  return word;
}

/// find_special() for text beyond its first bytes.
const char* find_special_far(const char* at, const char* end, std::uint64_t& seen) noexcept;

/// The first quote, backslash or control character at or after `at`, or `end`. `seen` gathers the bits of the bytes before it.
inline const char* find_special(const char* at, const char* end, std::uint64_t& seen) noexcept {
  constexpr std::ptrdiff_t near_bytes = 256;
  const char* const near_end = end - at > near_bytes ? at + near_bytes : end;
  while (near_end - at >= 8) {
    const std::uint64_t word = load_word(at);
    if (const std::uint64_t special = special_bits(word); special != 0) {
      seen |= word & ((special ^ (special - 1)) >> 8);
      return at + std::countr_zero(special) / 8;
    }
    seen |= word;
    at += 8;
  }
  if (near_end != end) [[unlikely]] {
    return find_special_far(at, end, seen);
  }
  for (; at != end; ++at) {
    const auto byte = static_cast<std::uint8_t>(*at);
    if (byte == '"' || byte == '\\' || byte < 0x20) {
      break;
    }
    seen |= byte;
  }
  return at;
}

constexpr bool has_non_ascii(std::uint64_t seen) noexcept { return (seen & 0x8080808080808080) != 0; }

/// A position in JSON text, and functions that read tokens from there on. Functions that return bool return false on failure,
/// with the reason in `error`. Calls after a failure have no meaningful result.
struct JsonScan {
  const char* begin;
  const char* at;
  const char* end;
  bool strict_utf8;
  bool lone_surrogates;
  DecodeError error{};

  JsonScan(std::string_view text, std::size_t position, const JsonOptions& options) noexcept
      : begin(text.data()),
        at(text.data() + position),
        end(text.data() + text.size()),
        strict_utf8(options.strict_utf8),
        lone_surrogates(options.lone_surrogates) {}

  bool fail(Errc code, const char* where) noexcept {
    error = {code, static_cast<std::size_t>(where - begin)};
    return false;
  }
  /// Fails: the character at `where` is not allowed there, or the text has ended.
  bool unexpected(const char* where) noexcept { return fail(where == end ? Errc::truncated : Errc::bad_syntax, where); }

  void skip_space() noexcept {
    if (at != end && static_cast<std::uint8_t>(*at) <= ' ') [[unlikely]] {
      skip_space_slow();
    }
  }
  /// Reads exactly this character, after optional white space.
  bool take(char character) noexcept {
    if (at == end || *at != character) [[unlikely]] {
      skip_space();
      if (at == end || *at != character) {
        return unexpected(at);
      }
    }
    ++at;
    return true;
  }
  /// Reads `word`, which is "true", "false" or "null".
  bool literal(std::string_view word) noexcept {
    if (static_cast<std::size_t>(end - at) < word.size() || std::memcmp(at, word.data(), word.size()) != 0) {
      return literal_fails(word);
    }
    at += word.size();
    return true;
  }

  /// Reads a whole string, without decoding its escapes. Precondition: *at is the opening quote.
  bool raw_text(RawText& raw) noexcept;
  /// Reads a whole string and appends it as a msgpack item. Precondition: *at is the opening quote.
  bool text_item(Buffer& out);
  /// Appends only the text of a string, unescaped.
  bool append_text(const RawText& raw, Buffer& out) {
    if (raw.escaped || !raw.ascii) {
      return append_text_slow(raw, out);
    }
    out.append(raw.text);
    return true;
  }

  bool number(JsonNumber& number) noexcept;

 private:
  void skip_space_slow() noexcept;
  bool literal_fails(std::string_view word) noexcept;
  bool append_text_slow(const RawText& raw, Buffer& out);
  bool text_item_slow(const RawText& raw, Buffer& out);
  bool append_run(std::string_view run, bool ascii, Buffer& out);
  bool escape(const char*& from, const char* raw_end, Buffer& out);
  bool hex4(const char* from, const char* raw_end, char32_t& unit) noexcept;
  bool number_slow(const char* first, const char* point, std::uint64_t mantissa, JsonNumber& number) noexcept;
};

inline bool JsonScan::raw_text(RawText& raw) noexcept {
  const char* const first = at + 1;
  std::uint64_t seen = 0;
  const char* from = first;
  for (;;) {
    const char* const special = find_special(from, end, seen);
    if (special == end) {
      return fail(Errc::truncated, end);
    }
    if (*special == '"') {
      raw.text = {first, static_cast<std::size_t>(special - first)};
      raw.ascii = !has_non_ascii(seen);
      at = special + 1;
      return true;
    }
    if (*special != '\\') {
      return fail(Errc::bad_syntax, special);
    }
    if (end - special < 2) {
      return fail(Errc::truncated, end);
    }
    raw.escaped = true;
    from = special + 2;
  }
}

inline bool JsonScan::text_item(Buffer& out) {
  constexpr std::size_t short_max = 31;  // largest size in a one-byte header
  RawText raw;
  if (!raw_text(raw)) {
    return false;
  }
  const std::size_t size = raw.text.size();
  if (raw.escaped || !raw.ascii || size > short_max) {
    return text_item_slow(raw, out);
  }
  std::uint8_t* const header = out.reserve(1 + 32);
  *header = static_cast<std::uint8_t>(0xa0 | size);
  // A copy of constant size takes few instructions; its excess bytes are not committed.
  end - raw.text.data() >= 32 ? std::memcpy(header + 1, raw.text.data(), 32) : std::memcpy(header + 1, raw.text.data(), size);
  out.commit(1 + size);
  return true;
}

inline bool JsonScan::number(JsonNumber& number) noexcept {
  constexpr std::ptrdiff_t exact_digits = 15;
  const bool negative = *at == '-';
  const char* const first = at + (negative ? 1 : 0);
  const char* digit = first;
  std::uint64_t value = 0;
  for (; digit != end && is_digit(*digit); ++digit) {
    value = value * 10 + static_cast<std::uint64_t>(*digit - '0');
  }
  if (digit == first) {
    return unexpected(digit);
  }
  if (*first == '0' && digit - first > 1) {
    return fail(Errc::bad_syntax, first + 1);
  }
  const bool fraction = digit != end && (*digit == '.' || *digit == 'e' || *digit == 'E');
  if (fraction || digit - first > exact_digits || (negative && value == 0)) {
    return number_slow(first, digit, value, number);
  }
  number.integral = true;
  number.integer = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
  at = digit;
  return true;
}

}  // namespace socketio::transcode
