#include "checkpoint.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>

#include <socketio/protocol/utf8.hpp>

#include "common/exit_status.hpp"
#include "common/json_object.hpp"
#include "common/text.hpp"
#include "common/values.hpp"

namespace socketio::cli {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;
/// Size of a slot for a record. Only records with many separate lines sent ahead are longer.
constexpr std::uint64_t place_bytes = 4096;
constexpr double exact_max = 9007199254740992.0;  // 2^53: JSON readers lose precision above

bool take_number(transcode::JsonReader& reader, std::uint64_t& value) {
  double number = 0;
  if (!reader.number(number) || number < 0 || number > exact_max || number != std::floor(number)) {
    return false;
  }
  value = static_cast<std::uint64_t>(number);
  return true;
}

constexpr int hexadecimal = 16;

std::string digest_text(std::uint64_t digest) {
  std::string text(sizeof digest * 2, '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, digest /= hexadecimal) {
    *at = "0123456789abcdef"[digest % hexadecimal];
  }
  return text;
}

bool take_digest(transcode::JsonReader& reader, std::uint64_t& digest) {
  Buffer text;
  if (!reader.text(text) || text.size() != sizeof digest * 2) {
    return false;
  }
  const char* const end = text.text().data() + text.size();
  const auto [last, error] = std::from_chars(text.text().data(), end, digest, hexadecimal);
  return error == std::errc() && last == end;
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

/// Writes all of `content` at `offset`. Returns 0, or an errno.
int write_at(int fd, std::string_view content, std::uint64_t offset) {
  while (!content.empty()) {
    const ssize_t count = ::pwrite(fd, content.data(), content.size(), static_cast<off_t>(offset));
    if (count > 0) {
      content.remove_prefix(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    } else if (count == 0 || errno != EINTR) {
      return count == 0 ? ENOSPC : errno;
    }
  }
  return 0;
}

/// One line, padded with spaces to `size` bytes including its line feed.
std::string padded(std::string content, std::size_t size) {
  content.pop_back();  // the line feed
  content.resize(std::max(content.size(), size - 1), ' ');
  return content + "\n";
}

/// The record with the highest save number among the lines that can be read.
std::optional<CheckpointState> newest_in(std::string_view text) {
  std::optional<CheckpointState> newest;
  for (const std::string_view line : text::split(text, '\n')) {
    if (auto state = checkpoint_from_json(line); state && (!newest || state->save >= newest->save)) {
      newest = std::move(state);
    }
  }
  return newest;
}

/// The path as it is read back from JSON: invalid UTF-8 is replaced, because paths are bytes and JSON is text.
std::string as_json_keeps_it(std::string_view path) {
  return name_by([path](Buffer& out) { utf8::append_repaired(out, path); });
}

}  // namespace

std::string to_json(const CheckpointState& state) {
  return name_by([&state](Buffer& text) {
    JsonObject object(text);
    object.text("input", state.input).number("line", state.position.line);
    object.number("offset_bytes", state.position.offset_bytes);
    if (state.position.digest != 0) {
      object.text("digest", digest_text(state.position.digest));
    }
    if (!state.sent_ahead.empty()) {
      const auto range_text = [](const LineRange& range) {
        return "[" + std::to_string(range.first) + "," + std::to_string(range.last) + "]";
      };
      object.json("sent_ahead", "[" + text::joined(state.sent_ahead, ",", range_text) + "]");
    }
    if (state.ahead.digest != 0) {
      object.number("ahead_line", state.ahead.line).text("ahead_digest", digest_text(state.ahead.digest));
    }
    object.number("save", state.save).end_line();
  });
}

std::optional<CheckpointState> checkpoint_from_json(std::string_view text) {
  transcode::JsonReader reader(text);
  CheckpointState state;
  Buffer key;
  Buffer input;
  int members = 0;
  reader.begin_object();
  while (reader.next_member(key)) {
    const std::string_view name = key.text();
    members |= name == "input" ? 1 : name == "line" ? 2 : name == "offset_bytes" ? 4 : 0;
    const bool good = name == "input"          ? (input.clear(), reader.text(input))
                      : name == "line"         ? take_number(reader, state.position.line)
                      : name == "offset_bytes" ? take_number(reader, state.position.offset_bytes)
                      : name == "digest"       ? take_digest(reader, state.position.digest)
                      : name == "sent_ahead"   ? take_ranges(reader, state.sent_ahead)
                      : name == "ahead_line"   ? take_number(reader, state.ahead.line)
                      : name == "ahead_digest" ? take_digest(reader, state.ahead.digest)
                      : name == "save"         ? take_number(reader, state.save)
                                               : false;
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

CheckpointFile::CheckpointFile(const std::string& path, const std::string& input_identity, int input_descriptor)
    : path_(real_path(path)) {
  state_.input = as_json_keeps_it(input_identity);
  struct stat about {};
  const bool exists = ::stat(path_.c_str(), &about) == 0;
  if (!exists && errno != ENOENT) {
    fail_usage("Cannot use the checkpoint " + text::excerpt(path_, 200) + ": " + text::system_error(errno) + ".");
  }
  if (exists && S_ISDIR(about.st_mode)) {
    fail_usage("The checkpoint " + text::excerpt(path_, 200) + " is a folder: name a file.");
  }
  is_device_ = exists && !S_ISREG(about.st_mode);
  struct stat input {};
  if (exists && !is_device_ && ::fstat(input_descriptor, &input) == 0 && is_same_file(about, input)) {
    fail_usage("--checkpoint " + text::excerpt(path_, 200) + " is the input. Name another file.");
  }
  const int flags = is_device_ ? O_WRONLY | O_NONBLOCK | O_NOCTTY : O_RDWR | O_CREAT;
  file_ = Descriptor(::open(path_.c_str(), flags | O_CLOEXEC, 0666));
  open_error_ = file_.number() < 0 ? errno : 0;  // reported by save()
  if (open_error_ != 0 || is_device_) {
    return;
  }
  if (!lock_file(file_.number())) {
    fail_usage("Another run uses the checkpoint " + text::excerpt(path_, 200) +
               ": both would send the same lines. Wait for its end, or name another file.");
  }
  read_earlier(input_identity);
}

/// Reads the record that an earlier run left in the file, if any.
void CheckpointFile::read_earlier(const std::string& input_identity) {
  Buffer content;
  values::read_file(content, path_, file_bytes_max);
  if (content.size() == 0) {
    return;
  }
  const auto earlier = newest_in(content.text());
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

std::string CheckpointFile::save(const Position& position, const std::vector<LineRange>& sent_ahead, LineDigest ahead) {
  CheckpointState next{state_.input, position, sent_ahead, state_.save, ahead};
  if (is_reserved_ && next == state_) {
    return {};
  }
  ++next.save;
  const std::string content = to_json(next);
  const int error = open_error_ != 0 ? open_error_
                    : is_device_     ? write_at(file_.number(), content, 0)
                                     : write(content, next.save);
  if (error != 0) {
    if (!is_device_ && file_.number() >= 0 && state_.save == 0) {  // the next run would refuse a partial record
      [[maybe_unused]] const int status = ::ftruncate(file_.number(), 0);
    }
    return sentence(error);
  }
  state_ = std::move(next);
  is_reserved_ = true;
  return {};
}

std::string CheckpointFile::sentence(int error) const {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return "Cannot write the checkpoint " + text::excerpt(path_, 200) + ": " +
         (full ? "the disk is full (" + text::system_error(error) + "). Free some space"
               : text::system_error(error) + ". Choose another file") +
         ", then run the same command again.";
}

/// Writes the record to one of two slots in turn, so that one slot is complete while the other is written. The first save of a
/// run allocates both, so that later saves need no disk space. A record that is too long for a slot is written after the slots,
/// and removed when a shorter one is newer.
int CheckpointFile::write(const std::string& content, std::uint64_t save) {
  const bool is_long = content.size() > place_bytes;
  const std::uint64_t place = is_long ? 2 * place_bytes : (save + 1) % 2 * place_bytes;
  int error = write_at(file_.number(), is_long ? content : padded(content, place_bytes), place);
  struct stat about {};
  if (error == 0 && !is_reserved_ && !is_long && ::fstat(file_.number(), &about) == 0 &&
      about.st_size < static_cast<off_t>(2 * place_bytes)) {
    error = write_at(file_.number(), padded("\n", place_bytes), place_bytes - place);
  }
  if (error == 0 && ::fdatasync(file_.number()) != 0) {
    error = errno;
  }
  if (error == 0 && !is_long && std::exchange(is_long_, false)) {
    error = ::ftruncate(file_.number(), static_cast<off_t>(2 * place_bytes)) == 0 ? 0 : errno;
  }
  is_long_ = is_long_ || is_long;
  return error;
}

}  // namespace socketio::cli
