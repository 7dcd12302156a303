#include "text.hpp"

#include <cstdio>
#include <iterator>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio::cli::text {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

/// Dangerous characters above ASCII: controls, changes of direction, and invisible ones (Unicode categories Cc, Cf, Zl, Zp,
/// fillers, variation selectors except those of emoji).
constexpr Range dangerous_ranges[] = {
    {0x80, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},
    {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0d},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

/// Combining characters of the scripts that terminals show most (Unicode categories Mn and Me).
constexpr Range combining_ranges[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x5bf, 0x5bf},   {0x5c1, 0x5c2},   {0x5c4, 0x5c5},
    {0x5c7, 0x5c7},   {0x610, 0x61a},   {0x64b, 0x65f},   {0x670, 0x670},   {0x6d6, 0x6dc},   {0x6df, 0x6e4},
    {0x6e7, 0x6e8},   {0x6ea, 0x6ed},   {0x711, 0x711},   {0x730, 0x74a},   {0x900, 0x902},   {0x93a, 0x93a},
    {0x93c, 0x93c},   {0x941, 0x948},   {0x94d, 0x94d},   {0x951, 0x957},   {0x981, 0x981},   {0x9bc, 0x9bc},
    {0x9c1, 0x9c4},   {0x9cd, 0x9cd},   {0xe31, 0xe31},   {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0xeb1, 0xeb1},
    {0xeb4, 0xebc},   {0xec8, 0xecd},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20f0}, {0x302a, 0x302d},
    {0x3099, 0x309a}, {0xfe0e, 0xfe0f}, {0xfe20, 0xfe2f},
};

/// Characters of two columns (East_Asian_Width W and F).
constexpr Range wide_ranges[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x23f0, 0x23f0},   {0x23f3, 0x23f3},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},   {0x26d4, 0x26d4},   {0x26ea, 0x26ea},
    {0x26f2, 0x26f3},   {0x26f5, 0x26f5},   {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27b0, 0x27b0},   {0x27bf, 0x27bf},   {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x3247},   {0x3250, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1aff0, 0x1b2ff},
    {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335},
    {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
    {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567},
    {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc},
    {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1f93a},
    {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

template <std::size_t size>
bool in_ranges(const Range (&ranges)[size], std::uint32_t character) noexcept {
  const auto next = std::upper_bound(std::begin(ranges), std::end(ranges), character,
                                     [](std::uint32_t value, const Range& range) { return value < range.first; });
  return next != std::begin(ranges) && character <= std::prev(next)->last;
}

bool is_dangerous(std::uint32_t character) noexcept {
  return character < 0x80 ? character < ' ' || character == 0x7f : in_ranges(dangerous_ranges, character);
}

struct Character {
  std::uint32_t value;
  std::size_t size;  ///< bytes
};

/// The first character of a text that is not empty. Bytes that are not UTF-8 yield some character, one byte at a time.
Character first_of(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at])); };
  const std::uint32_t first = byte(0);
  const std::size_t size = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (size == 1 || text.size() < size) {
    return {first < 0x80 ? first : 0xfffd, 1};
  }
  std::uint32_t value = first & (0xffU >> (size + 1));
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xc0U) != 0x80) {
      return {0xfffd, 1};
    }
    value = value << 6U | (byte(at) & 0x3fU);
  }
  return {value, size};
}

std::string replaced(std::string_view text, bool keep_lines) {
  Buffer repaired;
  utf8::append_repaired(repaired, text);
  std::string result;
  result.reserve(repaired.size());
  for (std::string_view rest = repaired.text(); !rest.empty();) {
    const Character character = first_of(rest);
    if (is_dangerous(character.value) && !(keep_lines && character.value == '\n')) {
      result += '?';
    } else {
      result += rest.substr(0, character.size);
    }
    rest.remove_prefix(character.size);
  }
  return result;
}

void append_escape(std::string& out, std::uint32_t unit) {
  char escape[16];
  std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(unit));
  out += escape;
}

/// True for dangerous characters from U+007F on: control characters below U+0020 in JSON come from the JSON writer.
bool is_dangerous_in_json(std::uint32_t character) noexcept { return character >= 0x7f && is_dangerous(character); }

}  // namespace

std::string printable(std::string_view text) { return replaced(text, false); }

std::string printable_lines(std::string_view text) { return replaced(text, true); }

bool needs_json_escapes(std::string_view json) noexcept {
  unsigned beyond = 0;  // no early exit, so that the compiler can vectorize the loop
  for (const char byte : json) {
    beyond |= static_cast<unsigned>(static_cast<unsigned char>(byte) >= 0x7f);
  }
  while (beyond != 0 && !json.empty()) {
    const Character character = first_of(json);
    if (is_dangerous_in_json(character.value)) {
      return true;
    }
    json.remove_prefix(character.size);
  }
  return false;
}

std::string printable_json(std::string_view json) {
  if (!needs_json_escapes(json)) {
    return std::string(json);
  }
  std::string result;
  while (!json.empty()) {
    const Character character = first_of(json);
    if (!is_dangerous_in_json(character.value)) {
      result += json.substr(0, character.size);
    } else if (character.value < 0x10000) {
      append_escape(result, character.value);
    } else {
      append_escape(result, 0xd800 + ((character.value - 0x10000) >> 10U));
      append_escape(result, 0xdc00 + (character.value & 0x3ffU));
    }
    json.remove_prefix(character.size);
  }
  return result;
}

std::size_t width(std::string_view text) noexcept {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_of(text);
    columns += in_ranges(combining_ranges, character.value) ? 0U : in_ranges(wide_ranges, character.value) ? 2U : 1U;
    text.remove_prefix(character.size);
  }
  return columns;
}

}  // namespace socketio::cli::text
