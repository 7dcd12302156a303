#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace socketio::cli::fleet {

/// Id of a stream entry: milliseconds since 1970, and a sequence number within the millisecond.
using StreamPosition = std::pair<std::uint64_t, std::uint64_t>;

/// Reads "1700000000123-0", and "1700000000123" for the first of that millisecond. Empty for anything else.
[[nodiscard]] std::optional<StreamPosition> parse_position(std::string_view text) noexcept;
[[nodiscard]] std::string text_of(const StreamPosition& position);
/// The next smaller id; 0-0 stays.
[[nodiscard]] StreamPosition just_before(const StreamPosition& position) noexcept;

/// State of a stream, from XINFO STREAM.
struct StreamInfo {
  std::optional<StreamPosition> oldest;  ///< empty: there is no entry
  StreamPosition newest;                 ///< the last id that Redis generated
  std::uint64_t length = 0;
  std::optional<std::uint64_t> added;  ///< all entries ever; reported since Redis 7
};

/// Finds entries that were trimmed from a stream before they were read. Numbers the entries as Redis counts them: the number of
/// entries before the oldest one is the number of added entries minus the length.
class StreamGaps {
 public:
  /// Begins to read after `position`. `info` is of a later moment; empty when Redis does not report it.
  /// `read_max`  most entries per read: a shorter read has returned all new entries since the read before.
  void begin(StreamPosition position, const std::optional<StreamInfo>& info, std::size_t read_max);

  /// Notes the entries of a read, the oldest first; at least one. True when look() must be called before the next read, because
  /// entries may be missing.
  bool take(std::vector<StreamPosition> entries);

  struct Gap {
    std::optional<std::uint64_t> count;  ///< empty: unknown, maybe none
  };
  /// Entries missing before or after those of the last read, unless reported before.
  std::optional<Gap> look(const StreamInfo& info);

 private:
  StreamPosition position_;
  StreamPosition before_;  ///< `position_` before the entries that were taken last
  std::vector<StreamPosition> last_;
  bool was_there_ = false;         ///< `position_` was the id of an entry
  bool before_was_there_ = false;  ///< so was `before_`
  std::size_t read_max_ = 1;
  StreamPosition base_;                       ///< an id that Redis generated ...
  std::optional<std::uint64_t> base_number_;  ///< ... and the number of entries added up to it
  std::optional<std::uint64_t> number_;       ///< of the entry at `position_`
};

}  // namespace socketio::cli::fleet
