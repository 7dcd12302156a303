#include "stream_id.hpp"

#include <charconv>
#include <limits>
#include <system_error>

namespace socketio::adapter {

std::optional<StreamId> parse_stream_id(std::string_view text) noexcept {
  StreamId id;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, id.first);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') {
    return std::nullopt;
  }
  const auto second = std::from_chars(first.ptr + 1, end, id.second);
  return second.ec == std::errc() && second.ptr == end ? std::optional(id) : std::nullopt;
}

std::string text_of(const StreamId& id) { return std::to_string(id.first) + "-" + std::to_string(id.second); }

StreamId next_after(const StreamId& id) noexcept {
  return id.second == std::numeric_limits<std::uint64_t>::max() ? StreamId{id.first + 1, 0} : StreamId{id.first, id.second + 1};
}

}  // namespace socketio::adapter
