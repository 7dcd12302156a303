#pragma once

#include <cstdint>

namespace socketio::cli {

/// How far a batch has got: whole lines that lie behind, and their bytes.
struct Position {
  std::uint64_t line = 0;
  std::uint64_t offset_bytes = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

/// Lines by their numbers, the last one included.
struct LineRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const LineRange&, const LineRange&) = default;
};

}  // namespace socketio::cli
