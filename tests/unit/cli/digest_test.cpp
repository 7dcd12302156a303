#include "emit/digest.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace digest_test {

using namespace socketio::cli;

TEST_CASE("digest: it does not depend on the pieces in which the text comes") {
  const std::string text = "{\"event\":\"chat\",\"args\":[1]}\n{\"event\":\"\xff\"}\r\n";
  Digest whole;
  whole.add(text);
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      Digest pieces;
      pieces.add(std::string_view(text).substr(0, first));
      pieces.add(std::string_view(text).substr(first, second - first));
      pieces.add(std::string_view(text).substr(second));
      CAPTURE(first);
      CAPTURE(second);
      CHECK(pieces.value() == whole.value());
    }
  }
}

TEST_CASE("digest: every changed, missing, added or exchanged byte makes another one") {
  const std::string text(40, 'a');
  std::set<std::uint64_t> seen;
  std::size_t count = 0;
  const auto add = [&](std::string_view bytes) {
    Digest digest;
    digest.add(bytes);
    seen.insert(digest.value());
    ++count;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    add(text.substr(0, at));
    for (const char other : {'b', '\0', '\xff'}) {
      std::string changed = text;
      changed[at] = other;
      add(changed);
    }
  }
  add(text);
  add(text + '\0');
  add(text + std::string(8, '\0'));
  CHECK(seen.size() == count);
  CHECK(seen.count(0) == 0);
}

}  // namespace digest_test
