#include <socketio/protocol/utf8.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace socketio::utf8 {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

constexpr std::size_t surrogate_size = 3;
static_assert(surrogate_size == replacement.size());

/// Writes a code point from 0x800 to 0xffff.
void write_three(std::uint8_t* to, char32_t code_point) noexcept {
  to[0] = static_cast<std::uint8_t>(0xe0 | (code_point >> 12));
  to[1] = static_cast<std::uint8_t>(0x80 | ((code_point >> 6) & 0x3f));
  to[2] = static_cast<std::uint8_t>(0x80 | (code_point & 0x3f));
}

/// Bytes that may follow a lead byte: their number, and the range of the first of them (the others are 80 to bf).
struct Lead {
  std::uint8_t more = 0;  ///< 0: not a lead byte
  std::uint8_t low = 0;
  std::uint8_t high = 0;
};

constexpr Lead lead_of(std::uint8_t byte) noexcept {
  if (byte >= 0xc2 && byte <= 0xdf) {
    return {1, 0x80, 0xbf};
  }
  switch (byte) {
    case 0xe0: return {2, 0xa0, 0xbf};  // below: overlong
    case 0xed: return {2, 0x80, 0x9f};  // above: surrogates
    case 0xf0: return {3, 0x90, 0xbf};  // below: overlong
    case 0xf1:
    case 0xf2:
    case 0xf3: return {3, 0x80, 0xbf};
    case 0xf4: return {3, 0x80, 0x8f};  // above: beyond U+10FFFF
    default: return byte > 0xe0 && byte < 0xf0 ? Lead{2, 0x80, 0xbf} : Lead{};
  }
}

/// The sequence at the front of a text that is not empty: its size, and true if it is whole. The size of a malformed one is
/// that of its longest valid beginning, at least 1.
struct Sequence {
  std::size_t size;
  bool whole;
};

Sequence sequence_at(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (byte(0) < 0x80) {
    return {1, true};
  }
  const Lead lead = lead_of(byte(0));
  for (std::size_t i = 1; i <= lead.more; ++i) {
    const std::uint8_t low = i == 1 ? lead.low : 0x80;
    const std::uint8_t high = i == 1 ? lead.high : 0xbf;
    if (i == text.size() || byte(i) < low || byte(i) > high) {
      return {i, false};
    }
  }
  return {lead.more + std::size_t{1}, lead.more != 0};
}

}  // namespace

std::size_t find_surrogate(std::string_view text, std::size_t from) noexcept {
  // Lead bytes never occur inside another sequence: each of these begins one.
  constexpr char lead = '\xed';
  while (text.size() - from >= surrogate_size) {
    const auto* const found = static_cast<const char*>(std::memchr(text.data() + from, lead, text.size() - from - 2));
    if (found == nullptr) {
      break;
    }
    const auto byte = [found](int i) { return static_cast<std::uint8_t>(found[i]); };
    if (byte(1) >= 0xa0 && byte(1) <= 0xbf && byte(2) >= 0x80 && byte(2) <= 0xbf) {
      return static_cast<std::size_t>(found - text.data());
    }
    from = static_cast<std::size_t>(found - text.data()) + 1;
  }
  return text.size();
}

char32_t surrogate_at(std::string_view text, std::size_t at) noexcept {
  const auto low_bits = [&](std::size_t i) { return static_cast<char32_t>(static_cast<std::uint8_t>(text[at + i]) & 0x3f); };
  return 0xd000 | low_bits(1) << 6 | low_bits(2);
}

void append_surrogate(Buffer& out, char32_t unit) {
  write_three(out.reserve(surrogate_size), unit);
  out.commit(surrogate_size);
}

void append_repaired_keeping_surrogates(Buffer& out, std::string_view text) {
  for (;;) {
    const std::size_t surrogate = find_surrogate(text);
    append_repaired(out, text.substr(0, surrogate));
    if (surrogate == text.size()) {
      return;
    }
    out.append(text.substr(surrogate, surrogate_size));
    text.remove_prefix(surrogate + surrogate_size);
  }
}

void replace_surrogates(std::span<std::uint8_t> text) noexcept {
  const std::string_view view(reinterpret_cast<const char*>(text.data()), text.size());
  for (std::size_t at = find_surrogate(view); at != view.size(); at = find_surrogate(view, at + surrogate_size)) {
    std::memcpy(text.data() + at, replacement.data(), surrogate_size);
  }
}

std::size_t valid_prefix(std::string_view text) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  std::size_t position = 0;
  while (position < text.size()) {
    while (text.size() - position >= 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + position, 8);
      if ((word & high_bits) != 0) {
        break;
      }
      position += 8;
    }
    // Continues to the end of the word that contains the non-ASCII byte, or to the end of the text.
    const std::size_t stop = position + std::min<std::size_t>(8, text.size() - position);
    while (position < stop) {
      const Sequence sequence = sequence_at(text.substr(position));
      if (!sequence.whole) {
        return position;
      }
      position += sequence.size;
    }
  }
  return position;
}

void append_repaired(Buffer& out, std::string_view text) {
  for (;;) {
    const std::size_t good = valid_prefix(text);
    out.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) {
      return;
    }
    out.append(replacement);
    text.remove_prefix(sequence_at(text).size);
  }
}

std::size_t utf16_length(std::string_view text) noexcept {
  std::size_t units = 0;
  for (const char character : text) {
    const auto byte = static_cast<std::uint8_t>(character);
    units += ((byte & 0xc0) != 0x80 ? 1U : 0U) + (byte >= 0xf0 ? 1U : 0U);
  }
  return units;
}

void append_code_point(Buffer& out, char32_t code_point) {
  if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) {
    out.append(replacement);
    return;
  }
  std::uint8_t* const at = out.reserve(4);
  const auto tail = [&](unsigned shift) { return static_cast<std::uint8_t>(0x80 | ((code_point >> shift) & 0x3f)); };
  if (code_point < 0x80) {
    at[0] = static_cast<std::uint8_t>(code_point);
    out.commit(1);
  } else if (code_point < 0x800) {
    at[0] = static_cast<std::uint8_t>(0xc0 | (code_point >> 6));
    at[1] = tail(0);
    out.commit(2);
  } else if (code_point < 0x10000) {
    write_three(at, code_point);
    out.commit(3);
  } else {
    at[0] = static_cast<std::uint8_t>(0xf0 | (code_point >> 18));
    at[1] = tail(12);
    at[2] = tail(6);
    at[3] = tail(0);
    out.commit(4);
  }
}

}  // namespace socketio::utf8
