#include "console.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "files.hpp"
#include "text.hpp"

namespace socketio::cli {
namespace {

constexpr std::size_t output_piece = std::size_t{64} * 1024;
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view plain = "\x1b[0m";
constexpr std::string_view clear_line = "\r\x1b[K";

int write(int descriptor, std::string_view text) { return write_all(descriptor, text); }

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

void Console::error(std::string_view sentence) { print(sentence, red); }

void Console::note(std::string_view sentence) {
  if (output_ != Output::quiet) {
    print(sentence, {});
  }
}

void Console::detail(std::string_view sentence) {
  if (verbose_) {
    print(sentence, {});
  }
}

void Console::usage(std::string_view text) { write(STDERR_FILENO, text); }

void Console::print(std::string_view sentence, std::string_view colour) {
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
  write(STDERR_FILENO, line);
}

void Console::progress(std::string_view line) {
  write(STDERR_FILENO, std::string(clear_line) + text::printable(line));
  progress_shown_ = true;
}

void Console::clear_progress() {
  if (progress_shown_) {
    write(STDERR_FILENO, clear_line);
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
    output_error_ = write(STDOUT_FILENO, pending_);
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
