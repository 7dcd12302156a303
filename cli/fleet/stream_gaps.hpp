#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "stream_position.hpp"

namespace socketio::cli::fleet {

/// What XINFO STREAM says about a stream.
struct StreamInfo {
  std::optional<StreamPosition> oldest;  ///< empty: there is no entry
  StreamPosition newest;                 ///< the last id that was given out
  std::uint64_t length = 0;
  std::optional<std::uint64_t> added;  ///< entries ever; Redis tells since version 7
};

/// Finds entries that a stream's trimming took away before they were read. Numbers the entries as Redis counts them: behind the
/// oldest one are as many as were added and are not there any more.
class StreamGaps {
 public:
  /// Reading begins behind `position`. `info` is of a later moment; empty when Redis does not tell.
  /// `read_max`  a read of fewer entries has taken all there was, and all there was since the one before.
  void begin(StreamPosition position, const std::optional<StreamInfo>& info, std::size_t read_max);

  /// These entries were read, the oldest first; there is at least one. True when the stream is to be looked at now, before more
  /// is read: entries may be missing.
  bool take(std::vector<StreamPosition> entries);

  struct Gap {
    std::optional<std::uint64_t> count;  ///< empty: some, maybe; Redis does not tell
  };
  /// What is missing before or behind the entries that were taken last, as far as was not told before.
  std::optional<Gap> look(const StreamInfo& info);

 private:
  StreamPosition position_;
  StreamPosition before_;  ///< `position_` before the entries that were taken last
  std::vector<StreamPosition> last_;
  bool was_there_ = false;         ///< `position_` was an entry once
  bool before_was_there_ = false;  ///< so was `before_`
  std::size_t read_max_ = 1;
  StreamPosition base_;                       ///< an id that was given out ...
  std::optional<std::uint64_t> base_number_;  ///< ... and how many entries had been added with it
  std::optional<std::uint64_t> number_;       ///< of the entry at `position_`
};

}  // namespace socketio::cli::fleet
