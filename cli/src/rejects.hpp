#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "position.hpp"

namespace socketio::cli {

/// The file of --rejects: the lines of a batch that did not reach everybody, as they were read, so that it can be fed in again.
///
/// Each line is written when it ends, so that a checkpoint never passes one that is not in the file, and the file ends with a
/// whole line whatever happens. Keeps the text of the lines under way, which the Publisher bounds.
class Rejects {
 public:
  /// Opens the file, or makes it; what it holds stays until begin(). Fails with Failure(usage), also when it is the input, or
  /// the checkpoint (`checkpoint` is the path of one that exists, or empty).
  Rejects(const std::string& path, int input_descriptor, const std::string& checkpoint);
  ~Rejects();
  Rejects(const Rejects&) = delete;
  Rejects& operator=(const Rejects&) = delete;

  /// The run begins. One that goes on where an earlier one ended appends; another one empties the file.
  void begin(bool goes_on);

  /// A line is about to be sent; `before` is where it begins.
  void keep(std::uint64_t number, Position before, std::string_view line) {
    under_way_.emplace_hint(under_way_.end(), number, Line{before, std::string(line)});
  }
  /// It has ended.
  void end(std::uint64_t number, bool rejected);
  /// A line that was not sent. False when it cannot be written.
  bool add(std::string_view line);

  /// What was written is on the disk, whatever becomes of the machine. Returns an empty text, or a sentence that says why the
  /// file is not whole.
  std::string sync();
  [[nodiscard]] bool failed() const noexcept { return error_ != 0; }
  /// Lines that were written may be lost, and nobody knows which.
  [[nodiscard]] bool is_lost() const noexcept { return is_lost_; }

  /// A line that has ended, but for which there was no room in the file.
  struct Unwritten {
    std::uint64_t number;
    Position before;
  };
  /// In the order of their numbers.
  [[nodiscard]] const std::vector<Unwritten>& unwritten() const noexcept { return unwritten_; }

 private:
  struct Line {
    Position before;
    std::string text;
  };
  void drop_part_of_line();

  std::string path_;
  int descriptor_ = -1;
  bool is_file_ = false;
  bool is_dirty_ = false;  ///< there is something to sync()
  bool is_lost_ = false;
  int error_ = 0;
  std::string written_;  ///< the line that is being written
  std::map<std::uint64_t, Line> under_way_;
  std::vector<Unwritten> unwritten_;
};

}  // namespace socketio::cli
