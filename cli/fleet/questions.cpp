#include "questions.hpp"

#include <unistd.h>

#include <cerrno>

#include "commander.hpp"
#include "common/explain.hpp"
#include "common/text.hpp"

namespace socketio::cli::fleet {
namespace {

/// Most bytes of lines that wait for the output. Lines beyond are lost and counted.
constexpr std::size_t answers_output_bytes_max = std::size_t{256} << 20;
/// Longest wait between two checks for signals and for a closed output.
constexpr std::chrono::milliseconds slice{100};
}  // namespace

Questions::Questions(const Options& options, Console& console, std::string_view command)
    : options_(options),
      console_(console),
      command_(command),
      signals_(loop_),
      redis_(loop_, options, command, console, signals_),
      lines_(STDOUT_FILENO, answers_output_bytes_max),
      last_bus_(options.buses.size() == 1 ? std::optional(options.buses.front()) : std::nullopt) {}

Bus Questions::one_bus() { return options_.buses.empty() ? detect_one(redis_, options_, console_) : options_.buses.front(); }

AsyncAsker& Questions::asker(Bus bus) {
  const auto found = askers_.find(bus);
  if (found != askers_.end()) {
    return found->second;
  }
  return askers_.try_emplace(bus, loop_, connection_options(options_, command_, console_), options_.settings(bus))
      .first->second;
}

asking::Options Questions::how() const {
  asking::Options how;
  how.timeout = options_.common.timeout;
  how.answers_bytes_max = options_.answers_bytes_max;
  return how;
}

Target Questions::target() const {
  Target target;
  target.nsp = options_.namespaces.front();
  target.rooms = options_.common.rooms;
  target.rooms.insert(target.rooms.end(), options_.rooms.begin(), options_.rooms.end());
  target.except.assign(options_.except.begin(), options_.except.end());
  return target;
}

bool Questions::is_over() const { return signals_.pending() != 0 || lines_.error() != 0; }

void Questions::wait(const std::function<bool()>& ended) {
  while (!ended() && !is_over()) {
    loop_.run_until([&] { return signals_.pending() != 0 || ended(); }, slice);
  }
  if (is_over()) {
    askers_.clear();  // cancels pending requests
  }
}

void Questions::account(const asking::Answered& answered, Bus bus, std::string_view nsp) {
  last_bus_ = bus;
  servers_asked_ += answered.servers_asked;
  servers_answered_ += answered.servers_answered;
  asked_ = asked_ || answered.asked;
  complete_ = complete_ && answered.complete;
  if (!answered.error.empty() && std::find(errors_.begin(), errors_.end(), answered.error) == errors_.end()) {
    errors_.push_back(answered.error);
  }
  if (answered.servers_missing() != 0) {
    silences_.push_back({bus, std::string(nsp), answered.servers_missing(), answered.servers_asked, answered.missing});
  }
}

void Questions::print(std::string_view line) {
  const bool json = options_.common.output == Output::json;
  if (options_.common.output != Output::quiet &&
      !lines_.push(json ? text::printable_json(line) : text::printable_lines(line))) {
    ++lines_lost_;
  }
}

/// A sentence that names another transport with servers; empty when there is none.
std::string Questions::elsewhere() {
  try {
    const FoundNamespaces found = look_at_fleet(redis_, options_);
    for (const Bus bus : all_buses) {
      if (bus != last_bus_ && !found.of(bus).empty()) {
        return " Servers that use the " + std::string(name_of(bus)) + " transport do: --transport " +
               std::string(name_of(bus)) + ".";
      }
    }
  } catch (const Failure&) {  // the sentence is only advice
  }
  return {};
}

void Questions::check_asked() {
  if (is_over()) {
    return;
  }
  if (!errors_.empty()) {
    if (asked_) {
      return;
    }
    cli::Options common = options_.common;
    common.transports = {last_bus_.value_or(Bus::classic)};
    fail_refused(explain::not_asked(errors_.front(), common));
  }
  if (was_asked()) {
    return;
  }
  fail_refused("No server listens with the key \"" + text::excerpt(options_.common.key) + "\"" + namespace_text(options_) +
               (last_bus_ ? " by the " + std::string(name_of(*last_bus_)) + " transport" : "") + " on this Redis." +
               elsewhere());
}

/// Writes all buffered lines. False when some are lost.
bool Questions::write_all() {
  const int before = signals_.pending();
  while (lines_.error() == 0 && !lines_.drain(slice)) {
    loop_.run_until([] { return false; }, std::chrono::milliseconds(1));  // lets signals arrive
    if (signals_.pending() != before) {
      console_.error("What waited for the reader of standard output is lost.");
      return false;
    }
  }
  if (lines_.error() != 0 && lines_.error() != EPIPE) {
    console_.error("Standard output takes no more: " + text::system_error(lines_.error()) + ".");
    return false;
  }
  if (lines_lost_ != 0) {
    console_.error(units::counted(lines_lost_, "line") + " not shown: " +
                   (lines_.error() == EPIPE ? "nobody reads standard output any more." : "the output is too slow."));
  }
  return lines_lost_ == 0;
}

ExitStatus Questions::finish() {
  check_asked();
  std::size_t missing = 0;
  for (const Silence& silence : silences_) {
    missing += silence.missing;
  }
  if (missing != 0 && options_.common.output == Output::json) {
    print("{\"missing\":" + std::to_string(missing) + "}\n");
  }
  const bool whole = write_all();
  if (signals_.pending() != 0) {
    return ended_by(signals_.pending());
  }
  if (lines_.error() == EPIPE) {
    return ExitStatus::ok;  // the reader had read enough
  }
  for (const Silence& silence : silences_) {
    console_.error(units::grouped(silence.missing) + " of " + units::counted(silence.asked, "server") +
                   " did not answer within " + units::duration_text(options_.common.timeout) + " (namespace " +
                   text::excerpt(silence.nsp) + ", " + std::string(name_of(silence.bus)) + ")" +
                   (silence.uids.empty() ? "" : ": " + text::some_of(silence.uids, text::shown)) + ".");
  }
  for (const std::string& error : errors_) {
    console_.error(text::excerpt(error, 300));
  }
  return !whole ? ExitStatus::incomplete : !complete_ || !errors_.empty() ? ExitStatus::unanswered : ExitStatus::ok;
}

}  // namespace socketio::cli::fleet
