#include "report.hpp"

#include <cerrno>
#include <cstdio>

#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/name_by.hpp>

#include "common/text.hpp"

namespace socketio::cli {
namespace {

using std::chrono::nanoseconds;

double seconds(nanoseconds duration) { return std::max(std::chrono::duration<double>(duration).count(), 1e-9); }

std::string number_or_null(const std::optional<double>& number) {
  return number ? name_by([&](Buffer& out) { js_number::append(out, *number); }) : "null";
}

std::string seconds_text(nanoseconds elapsed) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", seconds(elapsed));
  return text.data();
}

std::uint64_t per_second(std::uint64_t count, nanoseconds elapsed) {
  return static_cast<std::uint64_t>(static_cast<double>(count) / seconds(elapsed));
}

/// For example "handed to all nodes of the Redis Cluster, of which one counted its own servers: 2".
std::string one_node_text(const Tally& tally) {
  const auto min = static_cast<std::uint64_t>(tally.receivers.min().value_or(0));
  const bool same = tally.receivers.below(min + 1) == tally.receivers.total();
  return "handed to all nodes of the Redis Cluster, of which one counted its own servers: " +
         (same ? units::grouped(min)
               : "at least " + units::grouped(min) + ", in the median " + number_or_null(tally.receivers.median()));
}

/// Number of emits by the number of servers they reached, such as {"1":2849,"2":47151}.
std::string histogram_json(const Tally& tally) {
  std::string text;
  tally.receivers.for_each([&text](std::int64_t receivers, std::uint64_t emits) {
    text += (text.empty() ? "\"" : ",\"") + std::to_string(receivers) + "\":" + std::to_string(emits);
  });
  return "{" + text + "}";
}

/// For example ": 2,849 reached 1 server, 47,151 reached 2 servers"; of many different counts, the smallest ones.
std::string histogram_text(const Tally& tally) {
  constexpr std::size_t shown_max = 8;
  std::string text;
  std::size_t count = 0;
  tally.receivers.for_each([&](std::int64_t receivers, std::uint64_t emits) {
    if (++count <= shown_max) {
      text += (text.empty() ? ": " : ", ") + units::grouped(emits) + " reached " +
              (receivers == 0 ? "no server" : units::counted(static_cast<std::uint64_t>(receivers), "server"));
    }
  });
  return text + (count > shown_max ? ", the others more" : "");
}

/// For example "reached 2 servers each" or "reached no server".
std::string reached_text(const Tally& tally, const Options& options) {
  const std::uint64_t counted = tally.receivers.total();
  if (counted == 0) {
    return "into a stream, which does not tell who reads it";
  }
  if (tally.receivers_unknown != 0) {
    Tally rest = tally;
    rest.receivers_unknown = 0;
    return units::grouped(tally.receivers_unknown) + " of them into a stream, which does not tell who reads it; the others " +
           reached_text(rest, options);
  }
  if (options.counts_one_node()) {
    return one_node_text(tally);
  }
  const auto min = static_cast<std::uint64_t>(tally.receivers.min().value_or(0));
  const std::uint64_t none = tally.no_receivers();
  if (none == tally.sent() && tally.empty_rooms == none) {
    return std::string("reached no server (servers listen, but none has a client in ") +
           (!options.input && options.rooms.size() == 1 ? "that room" : "these rooms") +
           (options.no_room_channels
                ? "; or their subscriptionMode is static, for no room has a channel: then give --sharded-mode static)"
                : ")");
  }
  if (none == tally.sent()) {
    return "reached no server (none listens with the key \"" + text::excerpt(options.key) + "\" on this Redis" +
           (options.input ? ")" : ", namespace " + text::excerpt(options.nsp) + ")");
  }
  if (tally.receivers.below(min + 1) == tally.sent()) {
    return "reached " + units::counted(min, "server") + (tally.sent() == 1 ? "" : " each");
  }
  return "reached " + (none == 0 ? "at least " + units::counted(min, "server") + ", " : "") + "in the median " +
         number_or_null(tally.receivers.median()) + histogram_text(tally);
}

}  // namespace

namespace report {

std::string summary_json(const Tally& tally, const Options& options) {
  const auto min = tally.receivers.min();
  const std::uint64_t unknown = tally.receivers_unknown;
  return "{\"sent\":" + std::to_string(tally.sent()) + ",\"failed\":" + std::to_string(tally.failed) +
         ",\"unconfirmed\":" + std::to_string(tally.unconfirmed) + ",\"no_receivers\":" +
         (options.counts_one_node() ? "null"
          : min                     ? std::to_string(tally.no_receivers())
          : unknown != 0            ? "null"
                                    : "0") +
         ",\"receivers_min\":" + (min ? std::to_string(*min) : "null") +
         ",\"receivers_median\":" + number_or_null(tally.receivers.median()) +
         (options.input ? ",\"receivers\":" + histogram_json(tally) : "") +
         (tally.fewer != 0 ? ",\"reached_fewer\":" + std::to_string(tally.fewer) : "") +
         (tally.selected_nobody != 0 ? ",\"selected_nobody\":" + std::to_string(tally.selected_nobody) : "") +
         (unknown != 0 ? ",\"receivers_unknown\":" + std::to_string(unknown) : "") +
         (options.counts_one_node() ? ",\"receivers_of_one_node\":true" : "") + "}";
}

std::string summary_text(const Tally& tally, const Options& options, nanoseconds elapsed) {
  std::string text = "sent " + units::grouped(tally.sent());
  if (tally.failed != 0) {
    text += ", failed " + units::grouped(tally.failed);
  }
  if (tally.unconfirmed != 0) {
    text += ", unconfirmed " + units::grouped(tally.unconfirmed) + " (may have arrived; not sent again)";
  }
  if (tally.selected_nobody != 0) {
    text += ", " + units::grouped(tally.selected_nobody) + " for nobody (an empty list of rooms)";
  }
  if (tally.sent() != 0) {
    text += ", " + reached_text(tally, options);
  }
  if (options.input) {
    text += " (" + seconds_text(elapsed) + ", " + units::grouped(per_second(tally.sent(), elapsed)) + " a second)";
  }
  return text;
}

std::string progress_text(std::uint64_t emits, nanoseconds elapsed, std::optional<double> share) {
  std::string text =
      units::counted(emits, "emit") + ", " + units::grouped(per_second(emits, elapsed)) + "/s, " + seconds_text(elapsed);
  if (share) {
    text += ", " + std::to_string(static_cast<int>(std::clamp(*share, 0.0, 1.0) * 100)) + "%";
  }
  return text;
}

ExitStatus status(const Tally& tally, const Options& options, Halt halt, int signal) {
  if (halt == Halt::signal) {
    return ended_by(signal);
  }
  if (halt == Halt::bad_line || halt == Halt::read_error) {
    return ExitStatus::usage;
  }
  const bool got_through = tally.sent() + tally.unconfirmed != 0;
  if (!got_through && (tally.refused != 0 || halt == Halt::lost)) {
    return ExitStatus::refused;
  }
  if (tally.failed + tally.unconfirmed + tally.fewer != 0 || halt == Halt::lost || halt == Halt::stopped ||
      halt == Halt::checkpoint) {
    return ExitStatus::incomplete;
  }
  return tally.receivers.below(options.require_receivers.value_or(0)) != 0 ? ExitStatus::too_few : ExitStatus::ok;
}

void summarize(Console& console, const Tally& tally, const Options& options, nanoseconds elapsed) {
  console.clear_progress();
  if (const std::uint64_t few = tally.receivers.below(options.require_receivers.value_or(0)); few != 0) {
    console.error(units::counted(few, "emit") + " reached fewer than " + units::counted(*options.require_receivers, "server") +
                  ".");
  }
  if (console.output() == Output::json) {
    console.data(summary_json(tally, options) + "\n");
  } else {
    console.note(summary_text(tally, options, elapsed));
  }
  console.flush();
  if (console.output_error() == EPIPE) {
    console.error("Nobody reads standard output any more, so the summary is here: " + summary_text(tally, options, elapsed));
  } else if (console.output_error() != 0) {
    console.error("Standard output takes no summary (" + text::system_error(console.output_error()) +
                  "), so it is here: " + summary_text(tally, options, elapsed));
  }
}

}  // namespace report

void LineErrors::add(std::uint64_t line, const std::string& sentence) {
  if (++count_ <= printed_max) {
    console_.error(names_lines_ ? "line " + std::to_string(line) + ": " + sentence : sentence);
  }
}

void LineErrors::finish() {
  if (count_ > printed_max) {
    console_.error("... and " + units::counted(count_ - printed_max, "more line") + ".");
  }
}

}  // namespace socketio::cli
