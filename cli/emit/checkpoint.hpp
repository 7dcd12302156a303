#pragma once

#include <optional>

#include "common/files.hpp"
#include "position.hpp"

namespace socketio::cli {

/// Progress of a batch, kept in a small file that the next run reads:
///
///   {"input":"/data/events.ndjson","line":812,"offset_bytes":123456,"digest":"0123456789abcdef","sent_ahead":[[815,820]],
///    "ahead_line":820,"ahead_digest":"fedcba9876543210","save":7}
///
/// Everything up to `line` is done; `digest` is that of these bytes. Lines in `sent_ahead` (usually none) come later and have
/// already been sent; `ahead_digest` is the digest of the input up to `ahead_line`, which is not before the last of them.
struct CheckpointState {
  std::string input;
  Position position;
  std::vector<LineRange> sent_ahead;
  std::uint64_t save = 0;  ///< number of times it was saved: of several records the one with the highest number is valid
  LineDigest ahead{};      ///< only with `sent_ahead`
  friend bool operator==(const CheckpointState&, const CheckpointState&) = default;
};

std::string to_json(const CheckpointState& state);
/// Empty when the text is not a checkpoint.
std::optional<CheckpointState> checkpoint_from_json(std::string_view text);

/// The checkpoint file: two records at fixed places, written in turn, so that a reader finds a complete state even after a
/// crash, and a disk that fills up later does no harm. It is locked: a second run with it is refused.
class CheckpointFile {
 public:
  /// Locks the file and reads what an earlier run left. Fails with Failure(usage) for a file that is not a checkpoint, is a
  /// folder, is the input itself, belongs to another input, or is used by another run.
  ///
  /// `input_descriptor`  the input, if there is one to compare with.
  CheckpointFile(const std::string& path, const std::string& input_identity, int input_descriptor = -1);

  /// State to continue from; the beginning when there was no earlier run.
  [[nodiscard]] const CheckpointState& state() const noexcept { return state_; }

  /// Writes the state if it has changed. Returns an empty text, or a sentence on why it could not be written.
  [[nodiscard]] std::string save(const Position& position, const std::vector<LineRange>& sent_ahead, LineDigest ahead = {});

 private:
  void read_earlier(const std::string& input_identity);
  [[nodiscard]] int write(const std::string& content, std::uint64_t save);
  [[nodiscard]] std::string sentence(int error) const;

  std::string path_;
  Descriptor file_;
  int open_error_ = 0;
  bool is_device_ = false;    ///< not a regular file: records are written without slots
  bool is_long_ = true;       ///< the file may contain a record after the two slots
  bool is_reserved_ = false;  ///< both slots have been written by this run
  CheckpointState state_;
};

}  // namespace socketio::cli
