#include "input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "common/exit_status.hpp"
#include "common/text.hpp"

namespace socketio::cli {
namespace {

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr), std::free);
  return resolved ? std::string(resolved.get()) : path;
}

[[noreturn]] void fail_interrupted(int signal) {
  throw Failure(static_cast<ExitStatus>(128 + signal), "Interrupted; nothing was sent.");
}

}  // namespace

Input::Input(const std::string& path, const Signals& signals)
    : descriptor_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      name_(path == "-" ? "standard input" : text::excerpt(path, 200)),
      identity_(path == "-" ? path : real_path(path)) {
  if (descriptor_ < 0 && signals.pending() != 0) {
    fail_interrupted(signals.pending());
  }
  struct stat about {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &about) != 0) {
    fail_usage("Cannot open " + name_ + ": " + text::system_error(errno) + ".");
  }
  if (S_ISDIR(about.st_mode)) {
    fail_usage(name_ + " is a folder, not a file.");
  }
  if (S_ISREG(about.st_mode)) {
    size_ = static_cast<std::uint64_t>(about.st_size);
  }
}

Input::~Input() {
  if (descriptor_ > STDIN_FILENO) {
    ::close(descriptor_);
  }
}

Position Input::skip_to(Position position, const Signals& signals) {
  if (position.offset_bytes == 0) {
    return position;
  }
  // Skips one byte less than requested: the last byte must be the end of a line.
  char last = 0;
  const std::uint64_t before = position.offset_bytes - 1;
  std::uint64_t skipped = size_ ? seek(before) : 0;
  skipped += read_over(position.offset_bytes - skipped, last, signals);
  if (skipped < position.offset_bytes) {
    fail_usage("The checkpoint lies behind the end of " + name_ + ": it belongs to another input. Remove it to start anew.");
  }
  if (last == '\n' || (size_ && *size_ == position.offset_bytes)) {
    return position;
  }
  // The earlier run read a last line that had no line feed yet.
  char next = 0;
  const std::uint64_t more = read_over(1, next, signals);
  if (more == 1 && next != '\n') {
    fail_usage("The checkpoint lies in the middle of a line of " + name_ +
               ": it belongs to another input. Remove it to start anew.");
  }
  return {position.line, position.offset_bytes + more};
}

/// Returns the offset reached, at most the end of the input; 0 when it cannot seek.
std::uint64_t Input::seek(std::uint64_t offset) const {
  const std::uint64_t target = std::min(offset, *size_);
  const off_t start = ::lseek(descriptor_, 0, SEEK_CUR);
  return start == 0 && ::lseek(descriptor_, static_cast<off_t>(target), SEEK_SET) >= 0 ? target : 0;
}

/// Reads and drops bytes. Returns how many were read.
std::uint64_t Input::read_over(std::uint64_t count, char& last, const Signals& signals) const {
  constexpr std::uint64_t piece = std::uint64_t{64} * 1024;
  const auto memory = std::make_unique_for_overwrite<char[]>(static_cast<std::size_t>(std::min(count, piece)));
  std::uint64_t done = 0;
  while (done < count) {
    if (signals.wait(descriptor_, -1) == Signals::Woken::signal) {
      fail_interrupted(signals.pending());
    }
    const ssize_t got = ::read(descriptor_, memory.get(), static_cast<std::size_t>(std::min(count - done, piece)));
    if (got == 0) {
      break;
    }
    if (got > 0) {
      done += static_cast<std::uint64_t>(got);
      last = memory[static_cast<std::size_t>(got) - 1];
    } else if (errno != EINTR && errno != EAGAIN) {
      fail_usage("Cannot read " + name_ + ": " + text::system_error(errno) + ".");
    }
  }
  return done;
}

}  // namespace socketio::cli
