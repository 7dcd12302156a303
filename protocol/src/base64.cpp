#include <socketio/protocol/base64.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace socketio::base64 {
namespace {

// OpenSSL takes sizes as int, so longer input is split. Both sizes fit whole groups of three bytes and four characters.
constexpr std::size_t part_bytes = std::size_t{3} << 24;
constexpr std::size_t part_characters = std::size_t{4} << 24;

constexpr std::array<bool, 256> make_alphabet() {
  std::array<bool, 256> in{};
  for (const char character : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
    in[static_cast<std::uint8_t>(character)] = true;
  }
  return in;
}

constexpr std::array<bool, 256> in_alphabet = make_alphabet();

/// Number of `=` at the end of the text; at most two count.
std::size_t padding_of(std::string_view text) noexcept { return text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0; }

}  // namespace

void encode(Buffer& out, Bytes bytes) {
  while (!bytes.empty()) {
    const Bytes part = bytes.first(std::min(bytes.size(), part_bytes));
    std::uint8_t* const at = out.reserve((part.size() + 2) / 3 * 4 + 1);  // a terminator is written, too
    const int count = EVP_EncodeBlock(at, part.data(), static_cast<int>(part.size()));
    out.commit(static_cast<std::size_t>(count));
    bytes = bytes.subspan(part.size());
  }
}

bool decode(Buffer& out, std::string_view text) {
  const std::size_t padding = padding_of(text);
  const std::string_view digits = text.substr(0, text.size() - padding);
  // EVP_DecodeBlock alone is not strict: it accepts white space around the text, and any character as padding.
  if (text.size() % 4 != 0 ||
      !std::all_of(digits.begin(), digits.end(), [](char digit) { return in_alphabet[static_cast<std::uint8_t>(digit)]; })) {
    return false;
  }
  while (!text.empty()) {
    const std::string_view part = text.substr(0, part_characters);
    text.remove_prefix(part.size());
    std::uint8_t* const at = out.reserve(part.size() / 4 * 3);
    const int count = EVP_DecodeBlock(at, as_bytes(part).data(), static_cast<int>(part.size()));
    out.commit(static_cast<std::size_t>(count) - (text.empty() ? padding : 0));
  }
  return true;
}

}  // namespace socketio::base64
