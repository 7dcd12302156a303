#include <socketio/protocol/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/check.hpp"

// Property: repaired text is well formed, and text that is well formed already stays as it is. The good beginning of a text is
// well formed, and one byte at a time reads like all at once.

using namespace socketio;

namespace {

std::string repaired(std::string_view text) {
  Buffer out;
  utf8::append_repaired(out, text);
  return std::string(out.text());
}

/// The same test without looking at whole words: padding moves every byte to another place in a word.
std::size_t valid_prefix_moved(std::string_view text, std::size_t by) {
  const std::string moved = std::string(by, 'x') + std::string(text);
  return utf8::valid_prefix(moved) - by;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t good = utf8::valid_prefix(text);
  FUZZ_CHECK(good <= size);
  FUZZ_CHECK(utf8::valid(text.substr(0, good)));
  for (std::size_t by = 1; by < 8; ++by) {
    FUZZ_CHECK(valid_prefix_moved(text, by) == good);
  }
  const std::string whole = repaired(text);
  FUZZ_CHECK(utf8::valid(whole));
  FUZZ_CHECK((whole == text) == (good == size));
  FUZZ_CHECK(repaired(whole) == whole);
  FUZZ_CHECK(utf8::utf16_length(whole) <= whole.size());
  // An ASCII byte ends whatever came before it.
  FUZZ_CHECK(repaired(std::string(text) + "|" + std::string(text)) == whole + "|" + whole);
  return 0;
}
