#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "position.hpp"

namespace socketio::cli {

/// How far a batch got, in a small file that a second run reads:
///
///   {"input":"/data/events.ndjson","line":812,"offset_bytes":123456,"sent_ahead":[[815,820]]}
///
/// Everything up to `line` lies behind. Lines in `sent_ahead` (usually there are none) come later and were sent already.
struct CheckpointState {
  std::string input;
  Position position;
  std::vector<LineRange> sent_ahead;
  friend bool operator==(const CheckpointState&, const CheckpointState&) = default;
};

std::string to_json(const CheckpointState& state);
/// Nothing when the text is no checkpoint.
std::optional<CheckpointState> checkpoint_from_json(std::string_view text);

/// The file. It is replaced as a whole: whoever reads it, even after a crash, finds one state or the next.
class CheckpointFile {
 public:
  /// Reads what an earlier run left. Fails with Failure(usage) for a file that is no checkpoint, is a folder, or belongs to
  /// another input.
  CheckpointFile(const std::string& path, const std::string& input_identity);

  /// Where to go on; the beginning when there was no earlier run.
  [[nodiscard]] const CheckpointState& state() const noexcept { return state_; }

  /// Writes when there is something new. Returns an empty text, or a sentence that says why it could not be written.
  [[nodiscard]] std::string save(const Position& position, const std::vector<LineRange>& sent_ahead);

 private:
  [[nodiscard]] std::string replace(std::string_view content) const;
  [[nodiscard]] std::string write_in_place(std::string_view content) const;
  [[nodiscard]] std::string sentence(int error) const;

  std::string path_;
  bool in_place_ = false;  ///< not a regular file: never replaced
  bool saved_ = false;
  CheckpointState state_;
};

}  // namespace socketio::cli
