#include "console.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "printable.hpp"
#include "text.hpp"

namespace socketio::cli {
namespace {

constexpr std::size_t output_piece = std::size_t{64} * 1024;
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view plain = "\x1b[0m";
constexpr std::string_view clear_line = "\r\x1b[K";

/// Writes all of `text`. Returns 0, or an errno.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {  // another process made our output non-blocking
      pollfd wait{fd, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

bool is_set(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

Console::Console(std::string_view tool)
    : tool_(std::string(tool) + ": "),
      error_is_terminal_(::isatty(STDERR_FILENO) == 1),
      colours_(error_is_terminal_ && !is_set("NO_COLOR")) {}

void Console::configure(Output output, bool verbose) {
  output_ = output;
  verbose_ = verbose;
}

void Console::error(std::string_view sentence) { say(sentence, red); }

void Console::note(std::string_view sentence) {
  if (output_ != Output::quiet) {
    say(sentence, {});
  }
}

void Console::detail(std::string_view sentence) {
  if (verbose_) {
    say(sentence, {});
  }
}

void Console::usage(std::string_view text) { write_all(STDERR_FILENO, text); }

void Console::say(std::string_view sentence, std::string_view colour) {
  std::string line;
  if (progress_shown_) {
    line += clear_line;
    progress_shown_ = false;
  }
  const bool coloured = colours_ && !colour.empty();
  line += coloured ? colour : "";
  line += tool_;
  line += coloured ? plain : "";
  line += text::printable_lines(sentence);
  line += '\n';
  write_all(STDERR_FILENO, line);
}

void Console::progress(std::string_view line) {
  write_all(STDERR_FILENO, std::string(clear_line) + text::printable(line));
  progress_shown_ = true;
}

void Console::clear_progress() {
  if (progress_shown_) {
    write_all(STDERR_FILENO, clear_line);
    progress_shown_ = false;
  }
}

void Console::data(std::string_view output) {
  if (output_error_ == 0) {
    pending_ += output_ == Output::json ? text::printable_json(output) : text::printable_lines(output);
    if (pending_.size() >= output_piece) {
      flush();
    }
  }
}

void Console::flush() {
  if (output_error_ == 0 && !pending_.empty()) {
    output_error_ = write_all(STDOUT_FILENO, pending_);
  }
  pending_.clear();
}

bool Console::loses_output() {
  flush();
  if (output_error_ != 0) {
    error("Standard output takes no more: " + text::system_error(output_error_) + ".");
  }
  return output_error_ != 0 && output_error_ != EPIPE;
}

}  // namespace socketio::cli
