#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio::adapter {

/// The id of a stream's entry: milliseconds, and the place among the entries of the same one.
using StreamId = std::pair<std::uint64_t, std::uint64_t>;

/// Reads "1700000000123-0"; nothing for anything else.
[[nodiscard]] std::optional<StreamId> parse_stream_id(std::string_view text) noexcept;
[[nodiscard]] std::string text_of(const StreamId& id);
/// The smallest one that is larger.
[[nodiscard]] StreamId next_after(const StreamId& id) noexcept;

}  // namespace socketio::adapter
