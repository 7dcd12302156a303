#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/protocol/classic_channels.hpp>

#include "fuzz/check.hpp"

// Property: whatever prefix, namespace and room are, a node finds the room again in the channel, takes the channel for no other
// kind, and subscribes to a pattern whose only wildcard is the last star. And any channel can be asked.

using namespace socketio;

namespace {

/// The text that a pattern matches literally, without its last star; empty when it has another wildcard.
std::string literal_part(std::string_view pattern) {
  std::string literal;
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (std::string_view("*?[]^").find(pattern[i]) != std::string_view::npos) {
      return {};
    }
    literal += pattern[i];
  }
  return literal;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  const std::size_t first = input.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : input.find('\n', first + 1);
  if (second == std::string_view::npos) {
    return 0;
  }
  const std::string_view key = input.substr(0, first);
  const std::string_view nsp = input.substr(first + 1, second - first - 1);
  const std::string_view name = input.substr(second + 1);

  Buffer channel;
  const std::vector<Room> rooms = {Room(name)};
  classic_channels::append_broadcast(channel, key, nsp, rooms);
  FUZZ_CHECK(classic_channels::room_filter(channel.text(), key, nsp) == name);

  Buffer all;
  classic_channels::append_broadcast(all, key, nsp, {});
  FUZZ_CHECK(classic_channels::room_filter(all.text(), key, nsp) == "");
  Buffer pattern;
  classic_channels::append_pattern(pattern, key, nsp);
  FUZZ_CHECK(literal_part(pattern.text()) == all.text());

  Buffer request;
  classic_channels::append_request(request, key, nsp);
  Buffer response;
  classic_channels::append_response(response, key, nsp);
  Buffer specific;
  classic_channels::append_specific_response(specific, key, nsp, name);
  FUZZ_CHECK(classic_channels::is_request(request.text(), key, nsp));
  FUZZ_CHECK(!classic_channels::is_response(request.text(), key, nsp));
  FUZZ_CHECK(classic_channels::is_response(response.text(), key, nsp));
  FUZZ_CHECK(classic_channels::is_specific_response(specific.text(), key, nsp, name));
  FUZZ_CHECK(!classic_channels::is_specific_response(response.text(), key, nsp, name));

  static_cast<void>(classic_channels::room_filter(name, key, nsp));
  static_cast<void>(classic_channels::is_request(name, key, nsp));
  return 0;
}
