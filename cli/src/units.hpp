#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// How people write amounts, and how amounts are written for people.
namespace socketio::cli::units {

/// "500ms", "5s", "1.5s", "1m", "1h": more than nothing, at most a day. A bare number is refused: of what?
std::optional<std::chrono::milliseconds> duration(std::string_view text);

/// "4096", "512K", "64M", "1G": bytes, at least one, at most 1G.
std::optional<std::uint64_t> size(std::string_view text);

/// "1000/s" or "1000", also "0.5/s": more than nothing, at most a thousand million.
std::optional<double> rate(std::string_view text);

/// How many times as fast: "2", "0.5"; from a millionth to a million.
std::optional<double> speed(std::string_view text);

/// A number of things: digits only.
std::optional<std::uint64_t> count(std::string_view text);

/// "1,234,567".
std::string grouped(std::uint64_t number);
/// "1 server", "2 servers".
std::string counted(std::uint64_t number, std::string_view singular);
/// "64M", "1000 bytes": the shorter form where it is exact.
std::string size_text(std::uint64_t bytes);
/// "500ms", "5s", "1m30s".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace socketio::cli::units
