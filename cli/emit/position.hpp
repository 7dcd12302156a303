#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace socketio::cli {

/// Progress of a batch: number of complete lines that are done, and their size.
struct Position {
  std::uint64_t line = 0;
  std::uint64_t offset_bytes = 0;
  std::uint64_t digest = 0;  ///< Digest of the input up to here, for a batch with a checkpoint; 0: unknown
  friend bool operator==(const Position&, const Position&) = default;
};

/// A line, and the digest of the input up to its end.
struct LineDigest {
  std::uint64_t line = 0;
  std::uint64_t digest = 0;
  friend bool operator==(const LineDigest&, const LineDigest&) = default;
};

/// A range of line numbers, including the last one.
struct LineRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const LineRange&, const LineRange&) = default;
};

// Sorted ranges of lines that neither overlap nor touch.
namespace line_ranges {

/// Adds a line to the range before or after it, or as a new range. Lines complete nearly in order, so the search starts at the
/// end.
void add(std::vector<LineRange>& ranges, std::uint64_t line);
/// Removes one line, splitting its range if necessary.
void remove(std::vector<LineRange>& ranges, std::uint64_t line);
[[nodiscard]] bool contain(const std::vector<LineRange>& ranges, std::uint64_t line) noexcept;
/// "line 7", "lines 7 to 9 and 20"; of many ranges, only the first ones.
[[nodiscard]] std::string text(const std::vector<LineRange>& ranges);

}  // namespace line_ranges
}  // namespace socketio::cli
