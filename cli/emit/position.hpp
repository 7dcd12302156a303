#pragma once

#include <cstdint>

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

}  // namespace socketio::cli
