#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "position.hpp"

namespace socketio::cli {

/// Cuts what comes from a file descriptor into lines. Reads in large pieces; holds one piece and one line.
///
/// A line ends with "\n" or "\r\n", the last one also with the input. Empty lines are passed over, but counted.
class LineReader {
 public:
  /// `fd`        borrowed.
  /// `start`     where the input stands already.
  /// `line_max`  bytes in a line, its end not counted.
  LineReader(int fd, std::size_t line_max, Position start = {});

  enum class Next : std::uint8_t {
    line,      ///< a line
    too_long,  ///< a line above the limit; the next call goes on behind it
    starved,   ///< fill() first
    end,       ///< the input has ended
  };
  /// `line` is good until the next call of any function that is not const. No I/O.
  Next next(std::string_view& line);

  enum class Fill : std::uint8_t { data, end, again, error };
  /// One read(). At the end of the input, what is left becomes the last line. On error errno tells more.
  Fill fill();

  /// The number of the line that next() gave last.
  [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }
  /// The line that next() gave last ended with the input.
  [[nodiscard]] bool is_unterminated() const noexcept { return unterminated_; }
  /// Behind the last whole line.
  [[nodiscard]] Position position() const noexcept { return position_; }

 private:
  Next last_line(std::string_view& line);
  bool pass_over_long_line();
  void make_room();

  const int fd_;
  const std::size_t line_max_;
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_;
  std::size_t begin_ = 0;     ///< of what is not taken yet
  std::size_t searched_ = 0;  ///< no line feed before here
  std::size_t end_ = 0;
  Position position_;
  std::uint64_t line_number_ = 0;
  std::uint64_t discarded_ = 0;  ///< bytes of a line that is too long
  bool too_long_ = false;
  bool ended_ = false;
  bool unterminated_ = false;
};

}  // namespace socketio::cli
