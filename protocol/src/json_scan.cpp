#include "json_scan.hpp"

#include <algorithm>
#include <cfloat>
#include <charconv>
#include <limits>
#include <system_error>

#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio::transcode {
namespace {

/// True if a literal that std::from_chars found out of range is larger than every double; false if it is smaller than half the
/// smallest. The position of its first digit other than 0 decides.
bool is_huge(std::string_view literal) noexcept {
  literal.remove_prefix(literal.front() == '-' ? 1 : 0);
  const std::size_t exponent_at = literal.find_first_of("eE");
  std::int64_t exponent = 0;
  if (exponent_at != std::string_view::npos) {
    const std::string_view text = literal.substr(exponent_at + 1);
    const char* const digits = text.data() + (text.front() == '+' ? 1 : 0);
    if (std::from_chars(digits, text.data() + text.size(), exponent).ec == std::errc::result_out_of_range) {
      return text.front() != '-';
    }
  }
  const std::string_view digits = literal.substr(0, exponent_at);
  if (digits.front() != '0') {
    const auto before_point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
    return exponent > 0 || before_point + exponent > 0;
  }
  const auto zeros = static_cast<std::int64_t>(digits.find_first_not_of('0', 2)) - 2;
  return exponent > zeros;
}

double read_double(std::string_view literal) noexcept {
  double value = 0;
  const auto result = std::from_chars(literal.data(), literal.data() + literal.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    value = is_huge(literal) ? std::numeric_limits<double>::infinity() : 0.0;
    return literal.front() == '-' ? -value : value;
  }
  return value;
}

/// Appends the character of a one-letter escape; returns false when there is no such escape.
bool append_simple_escape(Buffer& out, char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/': out.push_back(static_cast<std::uint8_t>(letter)); return true;
    case 'b': out.push_back('\b'); return true;
    case 'f': out.push_back('\f'); return true;
    case 'n': out.push_back('\n'); return true;
    case 'r': out.push_back('\r'); return true;
    case 't': out.push_back('\t'); return true;
    default: return false;
  }
}

constexpr bool is_high_surrogate(char32_t unit) noexcept { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool is_low_surrogate(char32_t unit) noexcept { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

/// Compilers vectorise the inner loop to 16 bytes or more at once: 64 KB of text take a third of the time that word by word
/// takes.
const char* find_special_far(const char* at, const char* end, std::uint64_t& seen) noexcept {
  constexpr std::ptrdiff_t block = 64;
  for (; end - at >= block; at += block) {
    std::uint8_t special = 0;
    std::uint8_t bits = 0;
    for (std::ptrdiff_t index = 0; index < block; ++index) {
      const auto byte = static_cast<std::uint8_t>(at[index]);
      special |= static_cast<std::uint8_t>((byte == '"') | (byte == '\\') | (byte < 0x20));
      bits |= byte;
    }
    if (special != 0) {
      break;
    }
    seen |= bits;
  }
  return find_special(at, end, seen);
}

void JsonScan::skip_space_slow() noexcept {
  while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
    ++at;
  }
}

/// Fails at the first character that differs from `word`.
bool JsonScan::literal_fails(std::string_view word) noexcept {
  for (const char character : word) {
    if (at == end || *at != character) {
      break;
    }
    ++at;
  }
  return unexpected(at);
}

bool JsonScan::hex4(const char* from, const char* raw_end, char32_t& unit) noexcept {
  unit = 0;
  for (int i = 0; i < 4; ++i, ++from) {
    const char character = from < raw_end ? *from : '"';
    const char lower = static_cast<char>(character | 0x20);
    if (is_digit(character)) {
      unit = unit * 16 + static_cast<char32_t>(character - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit * 16 + static_cast<char32_t>(lower - 'a' + 10);
    } else {
      return fail(Errc::bad_syntax, from);
    }
  }
  return true;
}

/// Appends one escape. `from` is at the backslash, and moves past the escape. A pair of surrogates becomes one code point, a
/// lone one becomes U+FFFD or its own three bytes.
bool JsonScan::escape(const char*& from, const char* raw_end, Buffer& out) {
  if (from[1] != 'u') {
    const char* const letter = from + 1;
    from += 2;
    return append_simple_escape(out, *letter) || fail(Errc::bad_syntax, letter);
  }
  char32_t unit = 0;
  if (!hex4(from + 2, raw_end, unit)) {
    return false;
  }
  from += 6;
  if (is_high_surrogate(unit) && raw_end - from >= 2 && from[0] == '\\' && from[1] == 'u') {
    char32_t low = 0;
    if (!hex4(from + 2, raw_end, low)) {
      return false;
    }
    if (is_low_surrogate(low)) {
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      from += 6;
    }
  }
  if (lone_surrogates && unit >= 0xd800 && unit < 0xe000) {
    utf8::append_surrogate(out, unit);
  } else {
    utf8::append_code_point(out, unit);
  }
  return true;
}

/// Appends a part of a string that has no escapes.
bool JsonScan::append_run(std::string_view run, bool ascii, Buffer& out) {
  const std::size_t good = ascii ? run.size() : utf8::valid_prefix(run);
  if (good == run.size()) {
    out.append(run);
    return true;
  }
  if (strict_utf8) {
    return fail(Errc::bad_utf8, run.data() + good);
  }
  utf8::append_repaired(out, run);
  return true;
}

bool JsonScan::append_text_slow(const RawText& raw, Buffer& out) {
  const char* from = raw.text.data();
  const char* const raw_end = from + raw.text.size();
  while (raw.escaped) {
    const auto left = static_cast<std::size_t>(raw_end - from);
    const auto* const backslash = left == 0 ? nullptr : static_cast<const char*>(std::memchr(from, '\\', left));
    if (backslash == nullptr) {
      break;
    }
    if (!append_run({from, static_cast<std::size_t>(backslash - from)}, raw.ascii, out)) {
      return false;
    }
    from = backslash;
    if (!escape(from, raw_end, out)) {
      return false;
    }
  }
  return append_run({from, static_cast<std::size_t>(raw_end - from)}, raw.ascii, out);
}

/// Appends text that is long, has escapes or is not ASCII. If its size is known only at the end, the text is written after room
/// for the longest header and moved down once.
bool JsonScan::text_item_slow(const RawText& raw, Buffer& out) {
  constexpr std::size_t header_max = 5;
  // Each byte becomes at most three, the size of U+FFFD.
  if (raw.text.size() > std::numeric_limits<std::uint32_t>::max() / 3) {
    return fail(Errc::too_large, raw.text.data());
  }
  if (!raw.escaped && (raw.ascii || utf8::valid(raw.text))) {
    pack::text(out, raw.text);
    return true;
  }
  const std::size_t start = out.size();
  static_cast<void>(out.reserve(header_max));
  out.commit(header_max);
  if (!append_text_slow(raw, out)) {
    return false;
  }
  const std::size_t size = out.size() - start - header_max;
  out.truncate(start);
  pack::text_header(out, static_cast<std::uint32_t>(size));
  std::memmove(out.data() + out.size(), out.data() + start + header_max, size);
  out.commit(size);
  return true;
}

/// Reads a number with a fraction, an exponent, many digits, or -0. `first` is its first digit, `point` the character after the
/// integer digits, `mantissa` their value (meaningless beyond 19 digits).
bool JsonScan::number_slow(const char* first, const char* point, std::uint64_t mantissa, JsonNumber& number) noexcept {
  const char* from = point;
  std::ptrdiff_t fraction_digits = 0;
  if (from != end && *from == '.') {
    for (++from; from != end && is_digit(*from); ++from, ++fraction_digits) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*from - '0');
    }
    if (fraction_digits == 0) {
      return unexpected(from);
    }
  }
  const bool exponent = from != end && (*from == 'e' || *from == 'E');
  if (exponent) {
    ++from;
    from += from != end && (*from == '+' || *from == '-') ? 1 : 0;
    if (from == end || !is_digit(*from)) {
      return unexpected(from);
    }
    while (from != end && is_digit(*from)) {
      ++from;
    }
  }
  const bool negative = *at == '-';
  number.integral = false;
  // Mantissa and power are exact doubles then, and one division rounds once.
  if (FLT_EVAL_METHOD == 0 && !exponent && (point - first) + fraction_digits <= 15) {
    constexpr double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const double value = static_cast<double>(mantissa) / powers[fraction_digits];
    number.real = negative ? -value : value;
  } else {
    number.real = read_double({at, static_cast<std::size_t>(from - at)});
  }
  at = from;
  return true;
}

}  // namespace socketio::transcode
