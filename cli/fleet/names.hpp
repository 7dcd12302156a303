#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The channels and streams of a fleet by their names.
namespace socketio::cli::fleet::names {

/// Bytes of a name that are shown to people.
inline constexpr std::size_t bytes_shown = 80;

/// Text inside a pattern of Redis, matching itself.
std::string escaped(std::string_view text);

std::string request_channel(std::string_view key, std::string_view nsp);   ///< classic: K-request#N#
std::string response_channel(std::string_view key, std::string_view nsp);  ///< classic: K-response#N#
std::string main_channel(std::string_view key, std::string_view nsp);      ///< K#N#: broadcasts, or what all of a fleet hear

/// Whether a name could be the uid of a sharded or streams adapter.
bool is_uid(std::string_view name) noexcept;
/// What stands behind a channel's namespace, "U" of "socket.io#/#U#"; nothing when nothing does.
std::optional<std::string_view> last_of(std::string_view channel, std::string_view key, std::string_view nsp);

/// JavaScript's index of a namespace's stream: it may be negative.
std::int64_t stream_index(std::string_view nsp, std::uint32_t count) noexcept;

}  // namespace socketio::cli::fleet::names
