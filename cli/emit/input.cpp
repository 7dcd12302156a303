#include "input.hpp"

#include <unistd.h>

#include <cerrno>
#include <memory>

#include "common/exit_status.hpp"
#include "common/text.hpp"

namespace socketio::cli {
Input::Input(const std::string& path, const Signals& signals)
    : file_(open_input(path)),
      name_(path == "-" ? "standard input" : text::excerpt(path, 200)),
      identity_(path == "-" ? path : real_path(path)) {
  if (descriptor() < 0) {
    signals.fail_if_pending();
  }
  struct stat about {};
  if (descriptor() < 0 || ::fstat(descriptor(), &about) != 0) {
    fail_usage("Cannot open " + name_ + ": " + text::system_error(errno) + ".");
  }
  if (S_ISDIR(about.st_mode)) {
    fail_usage(name_ + " is a folder, not a file.");
  }
  if (S_ISREG(about.st_mode)) {
    size_ = static_cast<std::uint64_t>(about.st_size);
  }
}

Position Input::skip_to(Position position, Digest& digest, const Signals& signals) {
  if (position.offset_bytes == 0) {
    return position;
  }
  char last = 0;
  if (read_over(position.offset_bytes, last, digest, signals) < position.offset_bytes) {
    fail_usage("The checkpoint lies behind the end of " + name_ + ": it belongs to another input. Remove it to start anew.");
  }
  if (last != '\n') {
    digest.add("\n");
  }
  if (last != '\n' && !(size_ && *size_ == position.offset_bytes)) {
    // The earlier run read a last line that had no line feed yet.
    char next = 0;
    Digest unused;
    const std::uint64_t more = read_over(1, next, unused, signals);
    if (more == 1 && next != '\n') {
      fail_usage("The checkpoint lies in the middle of a line of " + name_ +
                 ": it belongs to another input. Remove it to start anew.");
    }
    position.offset_bytes += more;
  }
  if (position.digest != 0 && position.digest != digest.value()) {
    fail_usage(name_ + " does not begin with the " + units::counted(position.line, "line") +
               " that the checkpoint counts as sent: it belongs to another input. Remove it to start anew, or name another "
               "file.");
  }
  return {position.line, position.offset_bytes, digest.value()};
}

/// Reads bytes and adds them to the digest. Returns how many were read.
std::uint64_t Input::read_over(std::uint64_t count, char& last, Digest& digest, const Signals& signals) const {
  constexpr std::uint64_t piece = std::uint64_t{64} * 1024;
  const auto memory = std::make_unique_for_overwrite<char[]>(static_cast<std::size_t>(std::min(count, piece)));
  std::uint64_t done = 0;
  while (done < count) {
    if (signals.wait(descriptor(), -1) == Signals::Woken::signal) {
      signals.fail_if_pending();
    }
    const ssize_t got = ::read(descriptor(), memory.get(), static_cast<std::size_t>(std::min(count - done, piece)));
    if (got == 0) {
      break;
    }
    if (got > 0) {
      done += static_cast<std::uint64_t>(got);
      last = memory[static_cast<std::size_t>(got) - 1];
      digest.add({memory.get(), static_cast<std::size_t>(got)});
    } else if (errno != EINTR && errno != EAGAIN) {
      fail_usage("Cannot read " + name_ + ": " + text::system_error(errno) + ".");
    }
  }
  return done;
}

}  // namespace socketio::cli
