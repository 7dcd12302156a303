// Findings from the streams: entries that no server reads, and a history that is too short.

#include <socketio/protocol/stream_names.hpp>

#include "common/text.hpp"
#include "doctor.hpp"
#include "names.hpp"
#include "stream_gaps.hpp"

namespace socketio::cli::fleet {
namespace {

using redis::Reply;
using std::chrono::milliseconds;

/// Largest streamCount for which streams are searched; larger ones are rare.
constexpr std::uint32_t parts_max = 64;
constexpr std::string_view entries_looked_at = "100";
/// Most SCAN calls, of 1,000 keys each.
constexpr int scans_max = 100;

struct StreamState {
  std::string name;
  std::uint64_t length = 0;
  StreamPosition first;
  StreamPosition last;
};

std::vector<std::string> possible_names(const Options& options) {
  const std::string& name = options.common.stream_name;
  std::vector<std::string> result{name};
  for (std::uint32_t index = 0; index < std::max(parts_max, options.common.stream_count); ++index) {
    result.push_back(name + "-" + std::to_string(index));
    if (index != 0) {
      result.push_back(name + "--" + std::to_string(index));
    }
  }
  return result;
}

bool is_expected(const Options& options, const std::string& stream) {
  const auto expected = stream_names::all(options.common);
  return std::find(expected.begin(), expected.end(), stream) != expected.end();
}

/// Possible streams that exist and are not empty. Empty optional when Redis does not report them.
std::optional<std::vector<StreamState>> look(Examination& fleet) {
  const std::vector<std::string> possible = possible_names(fleet.options);
  std::vector<std::vector<std::string>> commands;
  for (const std::string& name : possible) {
    commands.push_back({"XINFO", "STREAM", name});
  }
  const auto answers = fleet.redis.ask_all(commands);
  std::vector<StreamState> found;
  for (std::size_t index = 0; index < answers.size(); ++index) {
    const Reply& reply = answers[index].reply;
    const Reply* const length = member(reply, "length");
    const Reply* const first = member(reply, "first-entry");
    const Reply* const last = member(reply, "last-entry");
    if (answers[index].message.starts_with("NOPERM")) {
      fleet.not_checked.push_back("the streams: this user may not look at them (XINFO).");
      return std::nullopt;
    }
    if (answers[index].message.starts_with("WRONGTYPE") && is_expected(fleet.options, possible[index])) {
      fleet.report(
          "stream-type",
          "The key " + text::excerpt(possible[index]) + " is no stream: servers can neither write events to it nor read any.",
          "Redis says so (XINFO: WRONGTYPE).",
          "Find what uses that key (TYPE, OBJECT), and remove it or give the servers another streamName.");
    }
    if (length == nullptr || first == nullptr || first->elements.empty() || last == nullptr || last->elements.empty()) {
      continue;
    }
    found.push_back({possible[index], static_cast<std::uint64_t>(length->integer),
                     parse_position(first->elements[0].text).value_or(StreamPosition{}),
                     parse_position(last->elements[0].text).value_or(StreamPosition{})});
  }
  return found;
}

/// Redis' time, in ms since 1970. Empty when Redis does not report it.
std::optional<std::uint64_t> now_ms(Commander& redis) {
  const auto time = redis.ask({"TIME"});
  const std::vector<Reply>& parts = time.reply.elements;
  if (time.outcome != redis::Outcome::ok || parts.size() != 2) {
    return std::nullopt;
  }
  return units::count(parts[0].text).value_or(0) * 1'000 + units::count(parts[1].text).value_or(0) / 1'000;
}

std::string age_text(std::uint64_t now, const StreamPosition& position) {
  return units::duration_text(milliseconds(now > position.first ? now - position.first : 0));
}

/// A sentence about the streamCount in use, from the names of the streams that have entries.
std::string count_in_use(const Options& options, const std::vector<StreamState>& streams) {
  std::vector<std::string> names;
  std::uint64_t highest = 0;
  for (const StreamState& stream : streams) {
    names.push_back(text::excerpt(stream.name));
    if (stream.name.size() > options.common.stream_name.size() + 1) {
      highest = std::max(highest, units::count(stream.name.substr(options.common.stream_name.size() + 1)).value_or(0) + 1);
    }
  }
  return "Entries are in " + shown_some(names) + ": the streamCount in use is " +
         (highest == 0 ? "1." : (streams.size() == highest ? "" : "at least ") + std::to_string(highest) + ".");
}

/// Namespaces of the last entries of a stream.
std::set<std::string> namespaces_in(Commander& redis, const std::string& stream) {
  std::set<std::string> namespaces;
  const auto entries = redis.ask({"XREVRANGE", stream, "+", "-", "COUNT", entries_looked_at});
  for (const Reply& entry : entries.reply.elements) {
    if (entry.elements.size() == 2) {
      if (const Reply* const nsp = member(entry.elements[1], "nsp")) {
        namespaces.insert(nsp->text);
      }
    }
  }
  return namespaces;
}

/// A stream without writes for this long may be left over from before.
constexpr std::uint64_t leftover_ms = 3'600'000;

std::string leftover_advice(const StreamState& stream, std::optional<std::uint64_t> now) {
  const bool is_old = now && *now > stream.last.first && *now - stream.last.first > leftover_ms;
  return is_old ? "It may be left over from before: find out whether any process still reads or writes it before you remove it."
                : "Somebody writes to it: do not delete it.";
}

void check_count(Examination& fleet, const StreamState& stream, const std::vector<StreamState>& streams,
                 std::optional<std::uint64_t> now) {
  const Options& options = fleet.options;
  const auto expected = stream_names::all(options.common);
  const auto place = std::find(expected.begin(), expected.end(), stream.name);
  const std::set<std::string> namespaces = namespaces_in(fleet.redis, stream.name);
  const std::string with_count = "with a streamCount of " + std::to_string(options.common.stream_count);
  const std::string seen = "It has " + units::grouped(stream.length) + (stream.length == 1 ? " entry" : " entries") +
                           (now ? ", the newest " + age_text(*now, stream.last) + " old" : std::string()) +
                           (namespaces.size() == 1 ? ", of the namespace " : ", of the namespaces ") +
                           text::joined(namespaces, ", ", text::shown) + ". " + count_in_use(options, streams);
  if (place == expected.end()) {
    const bool negative = stream.name.starts_with(options.common.stream_name + "--");
    fleet.report(
        "stream-count",
        "Servers " + with_count + " do not read the stream " + text::excerpt(stream.name) + ", and something wrote to it.",
        seen,
        negative
            ? "Its namespaces have a negative hash: official servers write their events there and read them nowhere. Use a "
              "streamCount of 1, or other names."
            : "Give all servers and emitters the same streamCount, and this tool the same --stream-count. " +
                  leftover_advice(stream, now));
    return;
  }
  std::set<std::string> misplaced;
  for (const std::string& nsp : namespaces) {
    if (options.common.stream_count > 1 && names::stream_index(nsp, options.common.stream_count) != place - expected.begin()) {
      misplaced.insert(nsp);
    }
  }
  if (!misplaced.empty()) {
    fleet.report("stream-count",
                 "The stream " + text::excerpt(stream.name) + " has entries that servers " + with_count +
                     " would look for in another stream: of " + text::joined(misplaced, ", ", text::shown) + ".",
                 seen, "Give all servers and emitters the same streamCount.");
  }
}

/// Streams of any name whose last entry has the form of a streams fleet, with the uid that wrote it.
std::vector<std::pair<std::string, std::string>> fleet_streams(Commander& redis) {
  std::vector<std::pair<std::string, std::string>> found;
  std::string cursor = "0";
  for (int round = 0; round < scans_max; ++round) {
    const auto keys = redis.ask({"SCAN", cursor, "COUNT", "1000", "TYPE", "stream"});
    if (keys.outcome != redis::Outcome::ok || keys.reply.elements.size() != 2) {
      break;
    }
    for (const Reply& key : keys.reply.elements[1].elements) {
      const auto last = redis.ask({"XREVRANGE", key.text, "+", "-", "COUNT", "1"});
      const std::vector<Reply>& entries = last.reply.elements;
      if (entries.empty() || entries[0].elements.size() != 2) {
        continue;
      }
      const Reply* const uid = member(entries[0].elements[1], "uid");
      if (uid != nullptr && member(entries[0].elements[1], "nsp") != nullptr &&
          member(entries[0].elements[1], "type") != nullptr) {
        found.emplace_back(key.text, uid->text);
      }
    }
    cursor = keys.reply.elements[0].text;
    if (cursor == "0") {
      break;
    }
  }
  return found;
}

/// Reports servers of this fleet, identified by uid, that write to a stream of another name. If no expected stream exists,
/// reports streams of other names.
void check_names(Examination& fleet, const std::vector<StreamState>& streams) {
  const std::vector<std::string> possible = possible_names(fleet.options);
  std::vector<std::string> of_servers;
  std::vector<std::string> others;
  for (const auto& [name, uid] : fleet_streams(fleet.redis)) {
    if (std::find(possible.begin(), possible.end(), name) != possible.end()) {
      continue;
    }
    const bool is_ours = std::any_of(fleet.places.begin(), fleet.places.end(), [&writer = uid](const Place& place) {
      return place.bus == Bus::streams && place.uids.count(writer) != 0;
    });
    (is_ours ? of_servers : others).push_back(text::excerpt(name, 200));
  }
  const std::vector<std::string>& found = of_servers.empty() ? others : of_servers;
  if (found.empty() || (of_servers.empty() && !streams.empty()) || fleet.fleet.of(Bus::streams).empty()) {
    return;
  }
  const std::string names = shown_some(found);
  const std::string name = text::excerpt(fleet.options.common.stream_name);
  fleet.report("stream-name",
               of_servers.empty() ? "There is no stream " + name + ", but " + names + "."
                                  : "Servers of this fleet write to " + names + ": servers that use the stream " + name +
                                        " do not receive that.",
               of_servers.empty() ? "The last entries there are those of a streams fleet."
                                  : "The last entry was written by a server that is subscribed with this key.",
               "Give all servers the same streamName, and this tool the same --stream-name.");
}

void check_length(Examination& fleet, const StreamState& stream, std::uint64_t now) {
  const Options& options = fleet.options;
  const auto window = static_cast<std::uint64_t>(options.recovery_window.count());
  const std::uint64_t length_max = options.common.stream_length_max;
  const bool full = stream.length >= length_max - length_max / 10;
  const std::uint64_t age = now > stream.first.first ? now - stream.first.first : 0;
  if (full && age < window) {
    fleet.report("stream-length",
                 "The stream " + text::excerpt(stream.name) +
                     " is shorter than the recovery window: clients that come back within " +
                     units::duration_text(options.recovery_window) +
                     " may have missed events, which are gone, and servers that were away, too.",
                 "It is full (" + units::grouped(stream.length) + " entries, the maxLen is " + units::grouped(length_max) +
                     "), and its oldest entry is " + age_text(now, stream.first) + " old.",
                 "Raise maxLen to at least " + units::grouped(stream.length * window / std::max<std::uint64_t>(age, 1)) +
                     ", or send less through the fleet (volatile events go there, too).");
  }
}

}  // namespace

void check_streams(Examination& fleet) {
  if (!fleet.looks_at(Bus::streams)) {
    return;
  }
  const auto streams = look(fleet);
  if (!streams) {
    return;
  }
  const auto now = now_ms(fleet.redis);
  if (!now) {
    fleet.not_checked.push_back("the age of the streams' entries, because Redis does not tell the time (TIME).");
  }
  for (const StreamState& stream : *streams) {
    check_count(fleet, stream, *streams, now);
    if (now && is_expected(fleet.options, stream.name)) {
      check_length(fleet, stream, *now);
    }
  }
  check_names(fleet, *streams);
  if (!fleet.has_seen_stream && streams->empty() && !fleet.fleet.of(Bus::streams).empty()) {
    fleet.not_checked.push_back("whether the servers use the stream " + text::excerpt(fleet.options.common.stream_name) +
                                ": it is not there yet, for nothing was written. If their streamName is another one, name it "
                                "with --stream-name.");
  }
}

}  // namespace socketio::cli::fleet
