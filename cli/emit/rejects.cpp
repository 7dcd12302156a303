#include "rejects.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/exit_status.hpp"
#include "common/text.hpp"

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
  const auto open = [&path](int mode) { return Descriptor(::open(path.c_str(), mode | O_CREAT | O_APPEND | O_CLOEXEC, 0666)); };
  if (!exists || S_ISREG(about.st_mode)) {
    file_ = open(O_RDWR);
  }
  if (file_.number() < 0) {  // the file may not be readable, or is a pipe
    file_ = open(O_WRONLY);
  }
  if (file_.number() < 0 || ::fstat(file_.number(), &about) != 0) {
    fail_usage("Cannot write --rejects " + text::excerpt(path, 200) + ": " + text::system_error(errno) + ".");
  }
  is_file_ = S_ISREG(about.st_mode);
  if (is_file_ && !lock_file(file_.number())) {
    fail_usage("Another run writes --rejects " + text::excerpt(path, 200) +
               ": each would lose lines of the other. Wait for its end, or name another file.");
  }
}

void Rejects::begin(bool goes_on) {
  if (!is_file_) {
    return;
  }
  if (goes_on) {
    drop_part_of_line();
  } else if (::ftruncate(file_.number(), 0) != 0) {
    fail_usage("Cannot empty --rejects " + text::excerpt(path_, 200) + ": " + text::system_error(errno) + ".");
  }
}

/// Removes an incomplete last line of a run that was killed. The checkpoint did not pass that line, so it is read again.
void Rejects::drop_part_of_line() {
  constexpr off_t piece_max = 64 * 1024;
  const off_t size = ::lseek(file_.number(), 0, SEEK_END);
  std::string piece;
  for (off_t end = size; end > 0;) {
    const off_t begin = std::max<off_t>(0, end - piece_max);
    piece.resize(static_cast<std::size_t>(end - begin));
    if (::pread(file_.number(), piece.data(), piece.size(), begin) != static_cast<ssize_t>(piece.size())) {
      return;  // the file may not be readable
    }
    const std::size_t feed = piece.rfind('\n');
    end = feed == std::string::npos ? begin : begin + static_cast<off_t>(feed) + 1;
    if (feed != std::string::npos || end == 0) {
      [[maybe_unused]] const int status = end == size ? 0 : ::ftruncate(file_.number(), end);
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
  const off_t size = is_file_ ? ::lseek(file_.number(), 0, SEEK_END) : -1;
  std::string_view rest = written_;
  if (error_ == 0) {
    error_ = write_all(file_.number(), rest);
  }
  if (!rest.empty() && size >= 0 && rest.size() != written_.size()) {
    [[maybe_unused]] const int status = ::ftruncate(file_.number(), size);
  }
  is_dirty_ = is_dirty_ || rest.empty();
  return rest.empty();
}

std::string Rejects::sync() {
  if (is_dirty_ && is_file_ && ::fdatasync(file_.number()) != 0) {
    error_ = errno;
    is_lost_ = true;
  }
  is_dirty_ = false;
  return error_ == 0 ? "" : "--rejects " + text::excerpt(path_, 200) + " is not whole: " + text::system_error(error_) + ".";
}

}  // namespace socketio::cli
