#include "tap_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/exit_status.hpp"
#include "common/json_object.hpp"
#include "common/text.hpp"

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

Descriptor open_record(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (file.number() < 0) {
    fail_usage("Cannot write " + text::excerpt(path, 200) + ": " + text::system_error(errno) + ".");
  }
  struct stat about {};
  const bool is_file = ::fstat(file.number(), &about) == 0 && S_ISREG(about.st_mode);
  if (is_file && !lock_file(file.number())) {
    fail_usage("Another tap records to " + text::excerpt(path, 200) + ". Wait for its end, or name another file.");
  }
  if (is_file && ::ftruncate(file.number(), 0) != 0) {
    fail_usage("Cannot empty " + text::excerpt(path, 200) + ": " + text::system_error(errno) + ".");
  }
  return file;
}

/// Makes a line of JSON safe for a terminal.
void escape(Buffer& line) {
  if (text::needs_json_escapes(line.text())) {
    const std::string escaped = text::printable_json(line.text());
    line.clear();
    line.append(escaped);
  }
}

}  // namespace

TapOutput::TapOutput(const Options& options, Console& console)
    : options_(options), console_(console), lines_(STDOUT_FILENO, output_bytes_max) {
  if (options.record) {
    file_ = open_record(*options.record);
    file_lines_.emplace(file_.number(), file_bytes_max);
  }
}

/// Leaves the file open if a thread is still blocked in a write to it: the system closes it then.
TapOutput::~TapOutput() {
  if (file_lines_ && file_lines_->waiting() != 0) {
    static_cast<void>(file_.release());
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
    escape(line_);
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
    ++dropped_unreported_;
  }
}

/// Shows a line, after a line with the number of dropped messages if there are any.
bool TapOutput::show_line(std::string_view line) {
  if (dropped_unreported_ != 0) {
    const std::string count = std::to_string(dropped_unreported_);
    const std::string told = console_.output() == Output::json ? "{\"kind\":\"dropped\",\"count\":" + count + "}\n"
                                                               : "(" + units::counted(dropped_unreported_, "message") +
                                                                     " not shown: the output is too slow)\n";
    if (!lines_.push(told)) {
      return false;
    }
    dropped_unreported_ = 0;
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
  const bool is_line = show::append_recorded(line_, message, last_at_ms_);
  escape(line_);
  if (is_line && file_lines_->push(line_.text())) {
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
  return name_by([this](Buffer& out) {
    JsonObject object(out);
    object.text("kind", "summary").number("seen", counts_.seen).number("bytes", counts_.bytes);
    object.number("shown", counts_.shown).number("passed_over", counts_.passed_over).number("dropped", counts_.dropped);
    object.number("malformed", counts_.malformed).number("recorded", counts_.recorded);
    object.number("not_recorded", counts_.not_recorded);
    object.json("missed", counts_.missed_unknown ? "null" : std::to_string(counts_.missed));
    object.number("interruptions", counts_.interruptions).end_line();
  });
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
    if (dropped_unreported_ != 0) {
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
