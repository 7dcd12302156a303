#include "rejects.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/exit_status.hpp"
#include "common/file_lock.hpp"
#include "common/text.hpp"
#include "same_file.hpp"

namespace socketio::cli {
Rejects::Rejects(const std::string& path, int input_descriptor, const std::string& checkpoint) : path_(path) {
  struct stat about {};
  struct stat other {};
  const bool exists = ::stat(path.c_str(), &about) == 0;
  if (exists) {
    if (::fstat(input_descriptor, &other) == 0 && is_same_file(about, other)) {
      fail_usage("--rejects " + text::excerpt(path, 200) + " is the input. Name another file.");
    }
    if (!checkpoint.empty() && S_ISREG(about.st_mode) && ::stat(checkpoint.c_str(), &other) == 0 &&
        is_same_file(about, other)) {
      fail_usage("--rejects " + text::excerpt(path, 200) + " and --checkpoint " + text::excerpt(checkpoint, 200) +
                 " are one file. Name two.");
    }
  }
  if (!exists || S_ISREG(about.st_mode)) {
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  }
  if (descriptor_ < 0) {  // the file may not be readable, or is a pipe
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  }
  if (descriptor_ < 0 || ::fstat(descriptor_, &about) != 0) {
    fail_usage("Cannot write --rejects " + text::excerpt(path, 200) + ": " + text::system_error(errno) + ".");
  }
  is_file_ = S_ISREG(about.st_mode);
  if (is_file_ && !lock_file(descriptor_)) {
    ::close(descriptor_);
    fail_usage("Another run writes --rejects " + text::excerpt(path, 200) +
               ": each would lose lines of the other. Wait for its end, or name another file.");
  }
}

Rejects::~Rejects() { ::close(descriptor_); }

void Rejects::begin(bool goes_on) {
  if (!is_file_) {
    return;
  }
  if (goes_on) {
    drop_part_of_line();
  } else if (::ftruncate(descriptor_, 0) != 0) {
    fail_usage("Cannot empty --rejects " + text::excerpt(path_, 200) + ": " + text::system_error(errno) + ".");
  }
}

/// Removes an incomplete last line of a run that was killed. The checkpoint did not pass that line, so it is read again.
void Rejects::drop_part_of_line() {
  constexpr off_t piece_max = 64 * 1024;
  const off_t size = ::lseek(descriptor_, 0, SEEK_END);
  std::string piece;
  for (off_t end = size; end > 0;) {
    const off_t begin = std::max<off_t>(0, end - piece_max);
    piece.resize(static_cast<std::size_t>(end - begin));
    if (::pread(descriptor_, piece.data(), piece.size(), begin) != static_cast<ssize_t>(piece.size())) {
      return;  // the file may not be readable
    }
    const std::size_t feed = piece.rfind('\n');
    end = feed == std::string::npos ? begin : begin + static_cast<off_t>(feed) + 1;
    if (feed != std::string::npos || end == 0) {
      [[maybe_unused]] const int status = end == size ? 0 : ::ftruncate(descriptor_, end);
      return;
    }
  }
}

void Rejects::end(std::uint64_t number, bool rejected) {
  const auto found = under_way_.find(number);
  if (found != under_way_.end()) {
    if (rejected && !add(found->second.text)) {
      const auto place =
          std::find_if(unwritten_.begin(), unwritten_.end(), [number](const Unwritten& line) { return line.number > number; });
      unwritten_.insert(place, {number, found->second.before});
    }
    under_way_.erase(found);
  }
}

bool Rejects::add(std::string_view line) {
  written_ = line;
  written_ += '\n';
  const off_t size = is_file_ ? ::lseek(descriptor_, 0, SEEK_END) : -1;
  std::string_view rest = written_;
  while (error_ == 0 && !rest.empty()) {
    const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
    if (count > 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      error_ = count == 0 ? ENOSPC : errno;
    }
  }
  if (!rest.empty() && size >= 0 && rest.size() != written_.size()) {
    [[maybe_unused]] const int status = ::ftruncate(descriptor_, size);
  }
  is_dirty_ = is_dirty_ || rest.empty();
  return rest.empty();
}

std::string Rejects::sync() {
  if (is_dirty_ && is_file_ && ::fdatasync(descriptor_) != 0) {
    error_ = errno;
    is_lost_ = true;
  }
  is_dirty_ = false;
  return error_ == 0 ? "" : "--rejects " + text::excerpt(path_, 200) + " is not whole: " + text::system_error(error_) + ".";
}

}  // namespace socketio::cli
