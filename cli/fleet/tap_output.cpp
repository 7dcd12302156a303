#include "tap_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "common/exit_status.hpp"
#include "common/file_lock.hpp"
#include "common/printable.hpp"
#include "common/text.hpp"
#include "common/units.hpp"

namespace socketio::cli::fleet {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{16} << 20;
constexpr std::size_t file_bytes_max = std::size_t{64} << 20;
constexpr std::string_view clear_line = "\r\x1b[K";

std::string bytes_text(double bytes) {
  constexpr const char* units[] = {"B", "kB", "MB", "GB"};
  std::size_t unit = 0;
  for (; bytes >= 1'000 && unit < 3; ++unit) {
    bytes /= 1'000;
  }
  const auto tenths = static_cast<std::uint64_t>(bytes * 10);
  return std::to_string(tenths / 10) + (unit == 0 ? "" : "." + std::to_string(tenths % 10)) + " " + units[unit];
}

int open_record(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    fail_usage("Cannot write " + text::excerpt(path, 200) + ": " + text::system_error(errno) + ".");
  }
  struct stat about {};
  const bool is_file = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
  std::string problem;
  if (is_file && !lock_file(file)) {
    problem = "Another tap records to " + text::excerpt(path, 200) + ". Wait for its end, or name another file.";
  } else if (is_file && ::ftruncate(file, 0) != 0) {
    problem = "Cannot empty " + text::excerpt(path, 200) + ": " + text::system_error(errno) + ".";
  }
  if (!problem.empty()) {
    ::close(file);
    fail_usage(problem);
  }
  return file;
}

}  // namespace

TapOutput::TapOutput(const Options& options, Console& console)
    : options_(options), console_(console), lines_(STDOUT_FILENO, output_bytes_max) {
  if (options.record) {
    file_ = open_record(*options.record);
    file_lines_.emplace(file_, file_bytes_max);
  }
}

/// Closes the file unless a thread is still blocked in a write to it: the system closes it then.
TapOutput::~TapOutput() {
  if (file_ >= 0 && file_lines_->waiting() == 0) {
    ::close(file_);
  }
}

void TapOutput::take(const Message& message) {
  if (has_enough()) {
    return;
  }
  ++counts_.seen;
  counts_.bytes += message.bytes;
  counts_.malformed += message.kind == Kind::malformed ? 1U : 0U;
  const show::Time time = show::time_of(message, std::chrono::system_clock::now());
  if (file_lines_) {
    record(message, time);
  }
  const Output output = console_.output();
  line_.clear();
  if (output == Output::json) {
    show::append_json(line_, message, time);
    if (text::needs_json_escapes(line_.text())) {
      const std::string escaped = text::printable_json(line_.text());
      line_.clear();
      line_.append(escaped);
    }
  } else if (output == Output::text) {
    if (console_.shows_progress() && options_.output_is_terminal) {
      line_.append(clear_line);
    }
    show::append_text(line_, message, time, console_.verbose());
  }
  if (output == Output::quiet || show_line(line_.text())) {
    ++counts_.shown;
  } else {
    ++counts_.dropped;
    ++dropped_untold_;
  }
}

/// Shows a line, after a line with the number of dropped messages if there are any.
bool TapOutput::show_line(std::string_view line) {
  if (dropped_untold_ != 0) {
    const std::string count = std::to_string(dropped_untold_);
    const std::string told = console_.output() == Output::json
                                 ? "{\"kind\":\"dropped\",\"count\":" + count + "}\n"
                                 : "(" + units::counted(dropped_untold_, "message") + " not shown: the output is too slow)\n";
    if (!lines_.push(told)) {
      return false;
    }
    dropped_untold_ = 0;
  }
  return lines_.push(line);
}

void TapOutput::record(const Message& message, show::Time time) {
  if (!show::is_recorded(message)) {
    return;
  }
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time - first_recorded_.value_or(time)).count();
  last_at_ms_ = std::max(last_at_ms_, static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0)));
  line_.clear();
  if (show::append_recorded(line_, message, last_at_ms_) && file_lines_->push(line_.text())) {
    ++counts_.recorded;
    first_recorded_ = first_recorded_.value_or(time);
  } else {
    ++counts_.not_recorded;
  }
}

bool TapOutput::is_over() const { return lines_.error() != 0 || (file_lines_ && file_lines_->error() != 0); }

void TapOutput::tick(std::chrono::milliseconds since_last) {
  const double seconds = std::max(std::chrono::duration<double>(since_last).count(), 1e-3);
  const auto rate = [&](std::uint64_t now, std::uint64_t before) { return static_cast<double>(now - before) / seconds; };
  if (console_.shows_progress()) {
    console_.progress(units::grouped(static_cast<std::uint64_t>(rate(counts_.seen, at_last_tick_.seen))) + " messages/s, " +
                      bytes_text(rate(counts_.bytes, at_last_tick_.bytes)) + "/s; " + summary_text());
  }
  at_last_tick_ = counts_;
}

std::string TapOutput::summary_text() const {
  std::string text = "seen " + units::grouped(counts_.seen) + " (" + bytes_text(static_cast<double>(counts_.bytes)) +
                     "), shown " + units::grouped(counts_.shown);
  const auto add = [&text](std::uint64_t count, std::string_view what) {
    if (count != 0) {
      text += ", " + std::string(what) + " " + units::grouped(count);
    }
  };
  add(counts_.passed_over, "passed over");
  add(counts_.malformed, "malformed");
  add(counts_.dropped, lines_.error() == EPIPE ? "not shown because nobody reads the output any more"
                       : lines_.error() != 0   ? "not shown because the output takes no more"
                                               : "not shown because the output is too slow");
  add(counts_.recorded, "recorded");
  add(counts_.not_recorded, "not recorded");
  add(counts_.missed, "missed");
  text += counts_.missed_unknown ? ", missed an unknown number" : "";
  add(counts_.interruptions, "interruptions");
  return text;
}

std::string TapOutput::summary_json() const {
  std::string text = "{\"kind\":\"summary\"";
  const std::pair<const char*, std::uint64_t> members[] = {
      {"seen", counts_.seen},         {"bytes", counts_.bytes},
      {"shown", counts_.shown},       {"passed_over", counts_.passed_over},
      {"dropped", counts_.dropped},   {"malformed", counts_.malformed},
      {"recorded", counts_.recorded}, {"not_recorded", counts_.not_recorded},
      {"missed", counts_.missed},     {"interruptions", counts_.interruptions}};
  for (const auto& [name, count] : members) {
    const bool is_unknown = counts_.missed_unknown && std::string_view(name) == "missed";
    text += ",\"" + std::string(name) + "\":" + (is_unknown ? "null" : std::to_string(count));
  }
  return text + "}\n";
}

bool TapOutput::finish() {
  console_.clear_progress();
  const bool is_json = console_.output() == Output::json;
  const bool drained = lines_.drain(options_.common.timeout);
  if (!drained || (lines_.error() != 0 && lines_.error() != EPIPE)) {  // buffered lines were not shown
    const std::uint64_t unwritten = std::min(lines_.waiting(), counts_.shown);
    counts_.shown -= unwritten;
    counts_.dropped += unwritten;
  }
  if (!drained) {
    console_.error("Nobody reads standard output: what waits there is lost.");
  } else if (is_json && lines_.error() == 0) {
    if (dropped_untold_ != 0) {
      show_line("");
    }
    lines_.push(summary_json());
    lines_.drain(options_.common.timeout);
  }
  const bool is_broken = !drained || (lines_.error() != 0 && lines_.error() != EPIPE);
  if (drained && is_broken) {
    console_.error("Standard output takes no more: " + text::system_error(lines_.error()) + ".");
  }
  bool file_whole = counts_.not_recorded == 0;
  if (file_lines_) {
    const bool written = file_lines_->drain(options_.common.timeout) && file_lines_->error() == 0;
    if (!written) {
      counts_.not_recorded += file_lines_->waiting();
      counts_.recorded -= file_lines_->waiting();
      console_.error("The record is not complete: " + text::excerpt(*options_.record, 200) + " takes no more" +
                     (file_lines_->error() != 0 ? " (" + text::system_error(file_lines_->error()) + ")." : "."));
    }
    file_whole = file_whole && written;
  }
  if (!is_json || lines_.error() != 0) {
    console_.note(summary_text());
  }
  return file_whole && counts_.dropped == 0 && counts_.missed == 0 && !counts_.missed_unknown && !is_broken;
}

}  // namespace socketio::cli::fleet
