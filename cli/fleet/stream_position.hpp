#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace socketio::cli::fleet {

/// Id of a stream entry: milliseconds since 1970, and a sequence number within the millisecond.
using StreamPosition = std::pair<std::uint64_t, std::uint64_t>;

/// Reads "1700000000123-0", and "1700000000123" for the first of that millisecond. Empty for anything else.
[[nodiscard]] std::optional<StreamPosition> parse_position(std::string_view text) noexcept;
[[nodiscard]] std::string text_of(const StreamPosition& position);
/// The next smaller id; 0-0 stays.
[[nodiscard]] StreamPosition just_before(const StreamPosition& position) noexcept;

}  // namespace socketio::cli::fleet
