#pragma once

#include <map>

#include "common/files.hpp"
#include "position.hpp"

namespace socketio::cli {

/// File of --rejects: the lines of a batch that were not sent, or may not have reached all servers, unchanged, so that the file
/// can be sent again.
///
/// A line is written when it completes, so that a checkpoint never passes a reject that is not in the file, and the file always
/// ends with a complete line. Keeps the text of pending lines, whose number the Publisher bounds.
class Rejects {
 public:
  /// Opens or creates the file; its content stays until begin(). Fails with Failure(usage), also when it is the input or the
  /// checkpoint (`checkpoint` is the path of an existing one, or empty).
  Rejects(const std::string& path, int input_descriptor, const std::string& checkpoint);

  /// Begins the run: empties the file, or appends to it if the run continues an earlier one.
  void begin(bool goes_on);

  /// Keeps a line that is about to be sent; `before` is the position where it begins.
  void keep(std::uint64_t number, Position before, std::string_view line) {
    under_way_.emplace_hint(under_way_.end(), number, Line{before, std::string(line)});
  }
  /// Completes a line: a rejected one is written to the file.
  void end(std::uint64_t number, bool rejected);
  /// Writes a line that was not sent. False when it cannot be written.
  bool add(std::string_view line);

  /// Syncs the file to the disk, so that its lines survive a crash of the machine. Returns an empty text, or a sentence on why
  /// the file is not complete.
  std::string sync();
  [[nodiscard]] bool failed() const noexcept { return error_ != 0; }
  /// True if written lines may be lost; it is unknown which ones.
  [[nodiscard]] bool is_lost() const noexcept { return is_lost_; }

  /// A completed line that could not be written to the file.
  struct Unwritten {
    std::uint64_t number;
    Position before;
  };
  /// Sorted by line number.
  [[nodiscard]] const std::vector<Unwritten>& unwritten() const noexcept { return unwritten_; }

 private:
  struct Line {
    Position before;
    std::string text;
  };
  void drop_part_of_line();

  std::string path_;
  Descriptor file_;
  bool is_file_ = false;
  bool is_dirty_ = false;  ///< sync() has something to do
  bool is_lost_ = false;
  int error_ = 0;
  std::string written_;  ///< the line that is being written
  std::map<std::uint64_t, Line> under_way_;
  std::vector<Unwritten> unwritten_;
};

}  // namespace socketio::cli
