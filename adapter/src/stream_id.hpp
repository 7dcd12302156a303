#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio::adapter {

/// Id of a stream's entry: milliseconds, and the position among the entries of the same millisecond.
using StreamId = std::pair<std::uint64_t, std::uint64_t>;

/// Reads "1700000000123-0"; empty for anything else.
[[nodiscard]] std::optional<StreamId> parse_stream_id(std::string_view text) noexcept;
[[nodiscard]] std::string text_of(const StreamId& id);
/// Returns the smallest id that is larger.
[[nodiscard]] StreamId next_after(const StreamId& id) noexcept;

}  // namespace socketio::adapter
