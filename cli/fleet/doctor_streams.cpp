// What the streams tell: entries that nobody reads, and history that is too short.

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <socketio/protocol/stream_names.hpp>

#include "../src/text.hpp"
#include "../src/units.hpp"
#include "doctor.hpp"
#include "names.hpp"
#include "stream_position.hpp"

namespace socketio::cli::fleet {
namespace {

using redis::Reply;
using std::chrono::milliseconds;

/// Streams of other counts that are looked for: more parts than that are rare.
constexpr std::uint32_t parts_max = 64;
constexpr std::string_view entries_looked_at = "100";

struct StreamState {
  std::string name;
  std::uint64_t length = 0;
  StreamPosition first;
  StreamPosition last;
};

const Reply* member(const Reply& pairs, std::string_view name) {
  for (std::size_t index = 0; index + 1 < pairs.elements.size(); index += 2) {
    if (pairs.elements[index].text == name) {
      return &pairs.elements[index + 1];
    }
  }
  return nullptr;
}

std::vector<std::string> possible_names(const Options& options) {
  const std::string& name = options.stream_name;
  std::vector<std::string> result{name};
  for (std::uint32_t index = 0; index < std::max(parts_max, options.stream_count); ++index) {
    result.push_back(name + "-" + std::to_string(index));
    if (index != 0) {
      result.push_back(name + "--" + std::to_string(index));
    }
  }
  return result;
}

/// Those that are there and not empty.
std::vector<StreamState> look(Examination& fleet) {
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
      return {};
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

std::uint64_t now_ms(Commander& redis) {
  const Reply time = redis.need({"TIME"});
  return time.elements.size() == 2
             ? units::count(time.elements[0].text).value_or(0) * 1'000 + units::count(time.elements[1].text).value_or(0) / 1'000
             : 0;
}

std::string age_text(std::uint64_t now, const StreamPosition& position) {
  return units::duration_text(milliseconds(now > position.first ? now - position.first : 0));
}

/// The namespaces of the last entries.
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

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + text::excerpt(name);
  }
  return text;
}

void check_count(Examination& fleet, const StreamState& stream, std::uint64_t now) {
  const Options& options = fleet.options;
  const auto expected = stream_names::all(options.stream_name, options.stream_count);
  const auto place = std::find(expected.begin(), expected.end(), stream.name);
  const std::set<std::string> namespaces = namespaces_in(fleet.redis, stream.name);
  const std::string with_count = "with a streamCount of " + std::to_string(options.stream_count);
  const std::string seen = "It has " + units::grouped(stream.length) + (stream.length == 1 ? " entry" : " entries") +
                           ", the newest " + age_text(now, stream.last) + " old, of the namespaces " + joined(namespaces) + ".";
  if (place == expected.end()) {
    const bool negative = stream.name.starts_with(options.stream_name + "--");
    fleet.findings.push_back(
        {"stream-count",
         "Servers " + with_count + " do not read the stream " + text::excerpt(stream.name) + ", and something wrote to it.",
         seen,
         negative
             ? "Its namespaces have a negative hash: official servers write their events there and read them nowhere. Use a "
               "streamCount of 1, or other names."
             : "Give all servers and emitters the same streamCount, and this tool the same --stream-count. If the stream is "
               "left "
               "over from before, delete it."});
    return;
  }
  std::set<std::string> misplaced;
  for (const std::string& nsp : namespaces) {
    if (options.stream_count > 1 && names::stream_index(nsp, options.stream_count) != place - expected.begin()) {
      misplaced.insert(nsp);
    }
  }
  if (!misplaced.empty()) {
    fleet.findings.push_back({"stream-count",
                              "The stream " + text::excerpt(stream.name) + " has entries that servers " + with_count +
                                  " would look for in another stream: of " + joined(misplaced) + ".",
                              seen, "Give all servers and emitters the same streamCount."});
  }
}

void check_length(Examination& fleet, const StreamState& stream, std::uint64_t now) {
  const Options& options = fleet.options;
  const auto window = static_cast<std::uint64_t>(options.recovery_window.count());
  const bool full = stream.length >= options.stream_maxlen - options.stream_maxlen / 10;
  const std::uint64_t age = now > stream.first.first ? now - stream.first.first : 0;
  if (full && age < window) {
    fleet.findings.push_back(
        {"stream-length",
         "The stream " + text::excerpt(stream.name) + " is shorter than the recovery window: clients that come back within " +
             units::duration_text(options.recovery_window) +
             " may have missed events, which are gone, and servers that were away, too.",
         "It is full (" + units::grouped(stream.length) + " entries, the maxLen is " + units::grouped(options.stream_maxlen) +
             "), and its oldest entry is " + age_text(now, stream.first) + " old.",
         "Raise maxLen to at least " + units::grouped(stream.length * window / std::max<std::uint64_t>(age, 1)) +
             ", or send less through the fleet (volatile events go there, too)."});
  }
}

}  // namespace

void check_streams(Examination& fleet) {
  if (!fleet.looks_at(Bus::streams)) {
    return;
  }
  const std::vector<StreamState> streams = look(fleet);
  const auto expected = stream_names::all(fleet.options.stream_name, fleet.options.stream_count);
  const std::uint64_t now = now_ms(fleet.redis);
  for (const StreamState& stream : streams) {
    check_count(fleet, stream, now);
    if (std::find(expected.begin(), expected.end(), stream.name) != expected.end()) {
      check_length(fleet, stream, now);
    }
  }
}

}  // namespace socketio::cli::fleet
