#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Reads amounts as people write them, and writes amounts for people.
namespace socketio::cli::units {

/// A duration: "500ms", "5s", "1.5s", "1m", "1h": more than 0, at most a day. A number without a unit is refused.
std::optional<std::chrono::milliseconds> duration(std::string_view text);

/// A size in bytes: "4096", "512K", "64M", "1G": at least 1, at most 1G.
std::optional<std::uint64_t> size(std::string_view text);

/// A rate: "1000/s" or "1000", also "0.5/s": more than 0, at most 1,000,000,000.
std::optional<double> rate(std::string_view text);

/// A factor for the speed: "2", "0.5"; from 1/1,000,000 to 1,000,000.
std::optional<double> speed(std::string_view text);

/// A count: digits only.
std::optional<std::uint64_t> count(std::string_view text);

/// "1,234,567".
std::string grouped(std::uint64_t number);
/// "1 server", "2 servers"; with a plural, "2 entries".
std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural = {});
/// "64M", "1000 bytes": the shorter form where it is exact.
std::string size_text(std::uint64_t bytes);
/// "500ms", "5s", "1m30s".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace socketio::cli::units
