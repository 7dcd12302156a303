#include "checkpoint.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

#include "exit_status.hpp"
#include "text.hpp"
#include "values.hpp"

namespace socketio::cli {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;
constexpr double exact_max = 9007199254740992.0;  // 2^53: the numbers of JSON

bool take_number(transcode::JsonReader& reader, std::uint64_t& value) {
  double number = 0;
  if (!reader.number(number) || number < 0 || number > exact_max || number != std::floor(number)) {
    return false;
  }
  value = static_cast<std::uint64_t>(number);
  return true;
}

bool take_ranges(transcode::JsonReader& reader, std::vector<LineRange>& ranges) {
  reader.begin_array();
  while (reader.next_element()) {
    LineRange range;
    reader.begin_array();
    if (!reader.next_element() || !take_number(reader, range.first) || !reader.next_element() ||
        !take_number(reader, range.last) || reader.next_element() || range.last < range.first) {
      return false;
    }
    ranges.push_back(range);
  }
  return reader.ok();
}

/// Returns 0, or an errno.
int write_and_close(int fd, std::string_view content, bool sync) {
  int error = 0;
  while (error == 0 && !content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count > 0) {
      content.remove_prefix(static_cast<std::size_t>(count));
    } else {
      error = count == 0 ? ENOSPC : errno == EINTR ? 0 : errno;
    }
  }
  if (error == 0 && sync && ::fsync(fd) != 0) {
    error = errno;
  }
  if (::close(fd) != 0 && error == 0) {
    error = errno;
  }
  return error;
}

/// Paths are bytes, JSON is not.
std::string as_json_keeps_it(std::string_view path) {
  Buffer repaired;
  utf8::append_repaired(repaired, path);
  return std::string(repaired.text());
}

/// The file behind symbolic links: they are to stay.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? std::string(real.get()) : path;
}

}  // namespace

std::string to_json(const CheckpointState& state) {
  Buffer text;
  text.append(std::string_view("{\"input\":"));
  transcode::append_json_string(text, state.input);
  std::string result(text.text());
  result +=
      ",\"line\":" + std::to_string(state.position.line) + ",\"offset_bytes\":" + std::to_string(state.position.offset_bytes);
  if (!state.sent_ahead.empty()) {
    result += ",\"sent_ahead\":[";
    for (const LineRange& range : state.sent_ahead) {
      result += (result.ends_with('[') ? "[" : ",[") + std::to_string(range.first) + "," + std::to_string(range.last) + "]";
    }
    result += "]";
  }
  return result + "}\n";
}

std::optional<CheckpointState> checkpoint_from_json(std::string_view text) {
  transcode::JsonReader reader(text);
  CheckpointState state;
  Buffer key;
  Buffer input;
  int members = 0;
  reader.begin_object();
  while (reader.next_member(key)) {
    bool good = false;
    if (key.text() == "input") {
      input.clear();
      good = reader.text(input);
      members |= 1;
    } else if (key.text() == "line") {
      good = take_number(reader, state.position.line);
      members |= 2;
    } else if (key.text() == "offset_bytes") {
      good = take_number(reader, state.position.offset_bytes);
      members |= 4;
    } else if (key.text() == "sent_ahead") {
      good = take_ranges(reader, state.sent_ahead);
    }
    if (!good) {
      return std::nullopt;
    }
  }
  if (!reader.finish() || members != 7) {
    return std::nullopt;
  }
  state.input = input.text();
  return state;
}

CheckpointFile::CheckpointFile(const std::string& path, const std::string& input_identity) : path_(resolved(path)) {
  state_.input = as_json_keeps_it(input_identity);
  struct stat about {};
  if (::stat(path_.c_str(), &about) != 0) {
    if (errno != ENOENT) {
      fail_usage("Cannot use the checkpoint " + text::excerpt(path_, 200) + ": " + text::system_error(errno) + ".");
    }
    return;
  }
  if (S_ISDIR(about.st_mode)) {
    fail_usage("The checkpoint " + text::excerpt(path_, 200) + " is a folder: name a file.");
  }
  in_place_ = !S_ISREG(about.st_mode);
  if (in_place_ || about.st_size == 0) {
    return;
  }
  Buffer content;
  values::read_file(content, path_, file_bytes_max);
  const auto earlier = checkpoint_from_json(content.text());
  if (!earlier) {
    fail_usage(text::excerpt(path_, 200) +
               " is no checkpoint of socketio-emit. Name another file, or remove it to start anew.");
  }
  if (earlier->input != state_.input) {
    fail_usage("The checkpoint " + text::excerpt(path_, 200) + " belongs to the input " + text::excerpt(earlier->input, 200) +
               ", not to " + text::excerpt(input_identity, 200) + ". Name another file, or remove it to start anew.");
  }
  state_ = *earlier;
}

std::string CheckpointFile::save(const Position& position, const std::vector<LineRange>& sent_ahead) {
  CheckpointState next{state_.input, position, sent_ahead};
  if (saved_ && next == state_) {
    return {};
  }
  const std::string content = to_json(next);
  std::string problem = in_place_ ? write_in_place(content) : replace(content);
  if (problem.empty()) {
    state_ = std::move(next);
    saved_ = true;
  }
  return problem;
}

std::string CheckpointFile::sentence(int error) const {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return "Cannot write the checkpoint " + text::excerpt(path_, 200) + ": " +
         (full ? "the disk is full (" + text::system_error(error) + "). Free some space"
               : text::system_error(error) + ". Choose another file") +
         ", then run the same command again.";
}

std::string CheckpointFile::write_in_place(std::string_view content) const {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const int error = fd < 0 ? errno : write_and_close(fd, content, false);
  return error == 0 ? "" : sentence(error);
}

/// Writes beside the file, then puts the new one in its place.
std::string CheckpointFile::replace(std::string_view content) const {
  const std::string beside = path_ + ".tmp";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  int error = fd < 0 ? errno : write_and_close(fd, content, true);
  if (error == 0 && ::rename(beside.c_str(), path_.c_str()) != 0) {
    error = errno;
  }
  if (error == 0) {
    return {};
  }
  if (fd >= 0) {
    ::unlink(beside.c_str());
  }
  return sentence(error);
}

}  // namespace socketio::cli
