#include "common/text.hpp"
#include "common/values.hpp"
#include "options.hpp"
#include "stream_gaps.hpp"

namespace socketio::cli::fleet {
namespace {

using Base = cli::Collected;
using Text = const std::string&;

Options& options_of(Base& all) { return static_cast<Collected&>(all).fleet; }

void add_nsp(Base& all, Text value) {
  values::add_once(options_of(all).namespaces, target::namespace_name(checked("The namespace", value)));
}

std::uint64_t number(std::string_view option, Text value, std::uint64_t min, std::uint64_t max) {
  const auto in_range = [min, max](std::string_view text) {
    const auto count = units::count(text);
    return count && *count >= min && *count <= max ? count : std::nullopt;
  };
  return read_value(option, value, in_range, "write a number from " + std::to_string(min) + " to " + std::to_string(max));
}

std::chrono::milliseconds duration(std::string_view option, Text value) {
  return read_value(option, value, units::duration, "write a number with its unit, like 500ms, 5s or 1m");
}

void set_from(Base& all, Text value) {
  if (!parse_position(value)) {
    bad_value("--from", value, "it is the id of an entry, like 1700000000123-0, or its milliseconds, or 0 for the oldest");
  }
  options_of(all).from = value;
}

constexpr std::uint64_t many = 1'000'000'000'000;

/// Options with the same meaning in both tools: they come from the table of socketio-emit.
constexpr std::string_view shared_names[] = {
    "redis",        "user",        "password-file", "sentinel-user", "sentinel-password-file",
    "tls-ca",       "tls-cert",    "tls-key",       "tls-insecure",  "key",
    "sharded-mode", "stream-name", "stream-count",  "stream-maxlen", "room-number",
    "timeout",      "output",      "verbose",       "version"};

constexpr OptionEntry fleet_options[] = {
    {"h,help", false, [](Base&, Text) {}},
    {"transport", true, [](Base& all, Text value) { static_cast<Collected&>(all).transports.push_back(value); }},
    {"n,nsp", true, add_nsp},
    {"t,to,room", true,
     [](Base& all, Text value) { values::add_once(options_of(all).rooms, checked("The room of --to", value)); }},
    {"e,event", true,
     [](Base& all, Text value) { values::add_once(options_of(all).events, checked("The name of the event", value)); }},
    {"from", true, set_from},
    {"last", true, [](Base& all, Text value) { options_of(all).last = number("--last", value, 1, 1'000'000); }},
    {"record", true, [](Base& all, Text value) { options_of(all).record = value; }},
    {"limit", true, [](Base& all, Text value) { options_of(all).limit = number("--limit", value, 1, many); }},
    {"recovery-window", true,
     [](Base& all, Text value) { options_of(all).recovery_window = duration("--recovery-window", value); }},
    {"requests-timeout", true,
     [](Base& all, Text value) { options_of(all).requests_timeout = duration("--requests-timeout", value); }},
    {"listen", true, [](Base& all, Text value) { options_of(all).listen_for = duration("--listen", value); }},
    {"x,except", true,
     [](Base& all, Text value) { values::add_once(options_of(all).except, checked("The room of --except", value)); }},
    {"without-ids", false, [](Base& all, Text) { options_of(all).without_ids = true; }},
    {"answers-max", true,
     [](Base& all, Text value) {
       const char* const hint = "write a number of bytes, like 4096, 512K, 64M or 1G";
       options_of(all).answers_bytes_max = static_cast<std::size_t>(read_value("--answers-max", value, units::size, hint));
     }},
    {"for", true, [](Base& all, Text value) { options_of(all).run_for = duration("--for", value); }},
};

std::vector<OptionEntry> whole_table() {
  std::vector<OptionEntry> table;
  for (const std::string_view name : shared_names) {
    for (const OptionEntry& entry : cli::option_table()) {
      if (is_named(entry, name)) {
        table.push_back(entry);
      }
    }
  }
  table.insert(table.end(), std::begin(fleet_options), std::end(fleet_options));
  return table;
}

}  // namespace

std::span<const OptionEntry> option_table() {
  static const std::vector<OptionEntry> table = whole_table();
  return table;
}

namespace {

constexpr Subcommand commands[] = {
    {"servers", "the servers: namespaces, time of the answer, sockets", "answers-max", true, false, run_servers},
    {"rooms", "the rooms and their sizes", "without-ids,answers-max", false, true, run_rooms},
    {"sockets", "the sockets: id, rooms, data, handshake", "to,room-number,except,answers-max", false, true, run_sockets},
    {"count", "how many sockets there are", "to,room-number,except,answers-max", false, true, run_count},
    {"tap", "everything on the bus, decoded, live", "to,event,from,last,record,limit,for", false, false, run_tap},
    {"doctor", "what is wrong with this fleet, and what to do about it", "recovery-window,requests-timeout,listen", true, false,
     run_doctor},
};

}  // namespace

std::span<const Subcommand> subcommands() { return commands; }

const Subcommand* find_subcommand(std::string_view name) noexcept {
  const auto found =
      std::find_if(std::begin(commands), std::end(commands), [name](const Subcommand& one) { return one.name == name; });
  return found == std::end(commands) ? nullptr : &*found;
}

}  // namespace socketio::cli::fleet
