#include "values.hpp"

#include <unistd.h>

#include <cerrno>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

#include "exit_status.hpp"
#include "files.hpp"
#include "text.hpp"

namespace socketio::cli::values {
namespace {

constexpr transcode::JsonOptions json_options{limits::depth_max, /*binary_members=*/true, /*strict_utf8=*/true};

/// True if the text begins as no JSON value does: the quotes were probably forgotten.
bool looks_like_a_word(std::string_view argument) {
  const std::size_t start = argument.find_first_not_of(" \t\r\n");
  return start == std::string_view::npos || std::string_view("{[\"-0123456789").find(argument[start]) == std::string_view::npos;
}

[[noreturn]] void refuse_argument(std::size_t number, const std::string& argument, const DecodeError& error) {
  const std::string which = "Argument " + std::to_string(number) + " is not JSON";
  if (!utf8::valid(argument)) {
    fail_usage("Argument " + std::to_string(number) + " is not UTF-8: send bytes as @FILE or as {\"$binary\":\"<base64>\"}.");
  }
  if (looks_like_a_word(argument)) {
    Buffer quoted;
    transcode::append_json_string(quoted, text::excerpt(argument));
    fail_usage(which + (argument.empty() ? ", it is empty." : ": " + text::excerpt(argument)) +
               "\nFor a string, quote it twice: " + text::shell_quoted(quoted.text()) +
               ", or take all arguments as plain strings with --string.");
  }
  fail_usage(
      which + ": " + text::json_problem(argument, error) + ": " + text::excerpt(argument) +
      "\nPut it into single quotes, so that the shell leaves it alone, or take all arguments as plain strings with --string.");
}

void pack_file(Buffer& out, const std::string& path) {
  if (path.empty()) {
    fail_usage("@ must be followed by the path of a file, or by - for standard input.");
  }
  Buffer content;
  read_file(content, path, limits::message_bytes_max);
  pack::binary(out, content.bytes());
}

}  // namespace

void read_file(Buffer& out, const std::string& path, std::size_t size_max) {
  constexpr std::size_t step = std::size_t{64} * 1024;
  const std::string name = path == "-" ? "standard input" : path;
  const Descriptor file = open_input(path);
  struct stat about {};
  if (file.number() < 0 || ::fstat(file.number(), &about) != 0) {
    fail_usage("Cannot open " + text::excerpt(name, 200) + ": " + text::system_error(errno) + ".");
  }
  if (S_ISDIR(about.st_mode)) {
    fail_usage(text::excerpt(name, 200) + " is a folder, not a file.");
  }
  const std::size_t before = out.size();
  for (;;) {
    const ssize_t count = ::read(file.number(), out.reserve(step), step);
    if (count == 0) {
      return;
    }
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      fail_usage("Cannot read " + text::excerpt(name, 200) + ": " + text::system_error(errno) + ".");
    }
    out.commit(static_cast<std::size_t>(count));
    if (out.size() - before > size_max) {
      fail_usage(text::excerpt(name, 200) + " is too large: one message holds at most " + std::to_string(size_max) + " bytes.");
    }
  }
}

void pack_event(Buffer& out, std::string_view event, std::span<const std::string> arguments, bool plain) {
  if (!utf8::valid(event)) {
    fail_usage("The name of the event is not UTF-8.");
  }
  pack::array_header(out, static_cast<std::uint32_t>(arguments.size() + 1));
  pack::text(out, event);
  bool input_taken = false;
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    const std::string& argument = arguments[index];
    if (plain) {
      if (!utf8::valid(argument)) {
        fail_usage("Argument " + std::to_string(index + 1) + " is not UTF-8.");
      }
      pack::text(out, argument);
    } else if (argument.starts_with('@')) {
      if (argument == "@-" && std::exchange(input_taken, true)) {
        fail_usage("Standard input can be one argument only: @- stands here twice.");
      }
      pack_file(out, argument.substr(1));
    } else if (const auto read = transcode::json_to_msgpack(argument, out, json_options); !read.ok()) {
      refuse_argument(index + 1, argument, read.error());
    }
  }
}

Room numeric_room(const std::string& text) {
  transcode::JsonReader reader(text);
  double value = 0;
  if (!reader.number(value) || !reader.finish() || value - value != 0) {
    fail_usage("--room-number must be a number, like 42; for a room that is named by text use --to.");
  }
  return Room::number(value);
}

}  // namespace socketio::cli::values
