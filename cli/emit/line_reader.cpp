#include "line_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace socketio::cli {
namespace {

constexpr std::size_t read_bytes = std::size_t{256} * 1024;
/// Smallest free space in the buffer for which read() is called.
constexpr std::size_t room_min = std::size_t{64} * 1024;

}  // namespace

LineReader::LineReader(int fd, std::size_t line_max, Position start, Digest* digest)
    : fd_(fd),
      line_max_(line_max),
      digest_(digest),
      memory_(std::make_unique_for_overwrite<char[]>(read_bytes)),
      capacity_(read_bytes),
      position_(start),
      line_number_(start.line) {}

LineReader::Next LineReader::next(std::string_view& line) {
  for (;;) {
    if (too_long_ && !pass_over_long_line()) {
      return ended_ ? Next::end : Next::starved;
    }
    const char* const from = memory_.get() + begin_;
    const void* const feed = std::memchr(memory_.get() + searched_, '\n', end_ - searched_);
    if (feed == nullptr) {
      searched_ = end_;
      if (end_ - begin_ > line_max_ + 1) {  // one more for "\r"
        line_number_ = position_.line + 1;
        too_long_ = true;
        return Next::too_long;
      }
      return ended_ ? last_line(line) : Next::starved;
    }
    const auto with_end = static_cast<std::size_t>(static_cast<const char*>(feed) - from) + 1;
    line = {from, with_end - 1};
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    line_number_ = position_.line + 1;
    if (line.size() > line_max_) {
      too_long_ = true;
      return Next::too_long;
    }
    begin_ += with_end;
    searched_ = begin_;
    complete_line({from, with_end});
    if (!line.empty()) {
      return Next::line;
    }
  }
}

/// Returns the text after the last line feed as the last line.
LineReader::Next LineReader::last_line(std::string_view& line) {
  if (begin_ == end_) {
    return Next::end;
  }
  line = {memory_.get() + begin_, end_ - begin_};
  line_number_ = position_.line + 1;
  if (line.size() > line_max_) {
    too_long_ = true;
    return Next::too_long;
  }
  unterminated_ = true;
  complete_line(line);
  begin_ = searched_ = end_;
  return Next::line;
}

/// Advances the position by a line. `bytes` is the line, or the last part of one that is too long.
void LineReader::complete_line(std::string_view bytes) {
  ++position_.line;
  position_.offset_bytes += discarded_ + bytes.size();
  if (digest_ != nullptr) {
    digest_->add(bytes);
    if (!bytes.ends_with('\n')) {
      digest_->add("\n");  // the input may grow, and then has a line feed here
    }
    position_.digest = digest_->value();
  }
}

/// Drops the buffered part of a line that is too long. Returns whether the end of the line was reached.
bool LineReader::pass_over_long_line() {
  const char* const from = memory_.get() + begin_;
  const void* const feed = std::memchr(from, '\n', end_ - begin_);
  const std::size_t size =
      feed == nullptr ? end_ - begin_ : static_cast<std::size_t>(static_cast<const char*>(feed) - from) + 1;
  begin_ += size;
  searched_ = begin_;
  if (feed == nullptr && !ended_) {
    discarded_ += size;
    if (digest_ != nullptr) {
      digest_->add({from, size});
    }
    return false;
  }
  complete_line({from, size});
  discarded_ = 0;
  too_long_ = false;
  return true;
}

LineReader::Fill LineReader::fill() {
  make_room();
  const ssize_t count = ::read(fd_, memory_.get() + end_, capacity_ - end_);
  if (count > 0) {
    end_ += static_cast<std::size_t>(count);
    return Fill::data;
  }
  if (count == 0) {
    ended_ = true;
    return Fill::end;
  }
  return errno == EINTR || errno == EAGAIN ? Fill::again : Fill::error;
}

/// Moves the unread bytes to the front, and grows the buffer for a line that does not fit.
void LineReader::make_room() {
  const std::size_t left = end_ - begin_;
  if (left != 0 && capacity_ - end_ >= room_min) {
    return;
  }
  if (left + room_min > capacity_) {
    const std::size_t capacity = std::max(left + room_min, std::min(capacity_ * 2, line_max_ + read_bytes));
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(larger.get(), memory_.get() + begin_, left);
    memory_ = std::move(larger);
    capacity_ = capacity;
  } else {
    std::memmove(memory_.get(), memory_.get() + begin_, left);
  }
  searched_ -= begin_;
  begin_ = 0;
  end_ = left;
}

}  // namespace socketio::cli
