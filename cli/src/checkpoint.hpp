#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "position.hpp"

namespace socketio::cli {

/// How far a batch got, in a small file that a second run reads:
///
///   {"input":"/data/events.ndjson","line":812,"offset_bytes":123456,"sent_ahead":[[815,820]],"save":7}
///
/// Everything up to `line` lies behind. Lines in `sent_ahead` (usually there are none) come later and were sent already.
struct CheckpointState {
  std::string input;
  Position position;
  std::vector<LineRange> sent_ahead;
  std::uint64_t save = 0;  ///< counts the times it was written: of several records the one with the highest number holds
  friend bool operator==(const CheckpointState&, const CheckpointState&) = default;
};

std::string to_json(const CheckpointState& state);
/// Nothing when the text is no checkpoint.
std::optional<CheckpointState> checkpoint_from_json(std::string_view text);

/// The file: two records that are written in turns, each in its place, so that whoever reads it, even after a crash, finds one
/// state or the next, and a disk that fills up later does no harm. It is locked: a second run with it is refused.
class CheckpointFile {
 public:
  /// Locks the file, and reads what an earlier run left. Fails with Failure(usage) for a file that is no checkpoint, is a
  /// folder, belongs to another input, or is used by another run.
  CheckpointFile(const std::string& path, const std::string& input_identity);
  ~CheckpointFile();
  CheckpointFile(const CheckpointFile&) = delete;
  CheckpointFile& operator=(const CheckpointFile&) = delete;

  /// Where to go on; the beginning when there was no earlier run.
  [[nodiscard]] const CheckpointState& state() const noexcept { return state_; }

  /// Writes when there is something new. Returns an empty text, or a sentence that says why it could not be written.
  [[nodiscard]] std::string save(const Position& position, const std::vector<LineRange>& sent_ahead);

 private:
  void read_earlier(const std::string& input_identity);
  [[nodiscard]] int write(const std::string& content, std::uint64_t save);
  [[nodiscard]] std::string sentence(int error) const;

  std::string path_;
  int descriptor_ = -1;
  int open_error_ = 0;
  bool is_device_ = false;    ///< not a regular file: written as it comes
  bool is_long_ = true;       ///< there may be a record behind the two places
  bool is_reserved_ = false;  ///< both places have been written by this run
  CheckpointState state_;
};

}  // namespace socketio::cli
