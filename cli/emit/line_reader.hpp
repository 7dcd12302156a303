#pragma once

#include <memory>

#include "digest.hpp"
#include "position.hpp"

namespace socketio::cli {

/// Splits the input from a file descriptor into lines. Reads in large pieces; buffers one piece and one line.
///
/// A line ends with "\n" or "\r\n", the last one also at the end of the input. Empty lines are skipped, but counted.
class LineReader {
 public:
  /// `fd`        borrowed.
  /// `line_max`  longest line in bytes, without its line ending.
  /// `start`     current position of the input.
  /// `digest`    borrowed; the digest of the input up to `start`. Null: positions get no digest.
  LineReader(int fd, std::size_t line_max, Position start = {}, Digest* digest = nullptr);

  enum class Next : std::uint8_t {
    line,      ///< a line
    too_long,  ///< a line above the limit; the next call continues after it
    starved,   ///< call fill() first
    end,       ///< the input has ended
  };
  /// Returns the next line. `line` is valid until the next call of a function that is not const. No I/O.
  Next next(std::string_view& line);

  enum class Fill : std::uint8_t { data, end, again, error };
  /// Calls read() once. At the end of the input, the rest becomes the last line. On error, errno is set.
  Fill fill();

  /// Number of the line that next() returned last.
  [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }
  /// True if the line that next() returned last ended with the input, without a line feed.
  [[nodiscard]] bool is_unterminated() const noexcept { return unterminated_; }
  /// Position after the last complete line.
  [[nodiscard]] Position position() const noexcept { return position_; }

 private:
  Next last_line(std::string_view& line);
  void complete_line(std::string_view bytes);
  bool pass_over_long_line();
  void make_room();

  const int fd_;
  const std::size_t line_max_;
  Digest* const digest_;
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_;
  std::size_t begin_ = 0;     ///< first byte not returned yet
  std::size_t searched_ = 0;  ///< no line feed before here
  std::size_t end_ = 0;
  Position position_;
  std::uint64_t line_number_ = 0;
  std::uint64_t discarded_ = 0;  ///< dropped bytes of a line that is too long
  bool too_long_ = false;
  bool ended_ = false;
  bool unterminated_ = false;
};

}  // namespace socketio::cli
