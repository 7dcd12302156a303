#include <algorithm>
#include <chrono>
#include <string_view>
#include <vector>

#include "common/exit_status.hpp"
#include "common/text.hpp"
#include "common/units.hpp"
#include "collected.hpp"
#include "stream_position.hpp"

#include <socketio/protocol/target.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio::cli::fleet {
namespace {

using Base = cli::Collected;
using Text = const std::string&;

Options& options_of(Base& all) { return static_cast<Collected&>(all).fleet; }

std::string checked(std::string_view what, Text value) {
  if (!utf8::valid(value)) {
    fail_usage(std::string(what) + " is not UTF-8.");
  }
  return value;
}

[[noreturn]] void bad_value(std::string_view option, Text value, std::string_view hint) {
  fail_usage(std::string(option) + " cannot be \"" + text::excerpt(value) + "\": " + std::string(hint) + ".");
}

void add(std::vector<std::string>& list, std::string value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) {
    list.push_back(std::move(value));
  }
}

void add_nsp(Base& all, Text value) {
  add(options_of(all).namespaces, target::namespace_name(checked("The namespace", value)));
}

std::uint64_t number(std::string_view option, Text value, std::uint64_t min, std::uint64_t max) {
  const auto count = units::count(value);
  if (!count || *count < min || *count > max) {
    bad_value(option, value, "write a number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return *count;
}

std::chrono::milliseconds duration(std::string_view option, Text value) {
  const auto result = units::duration(value);
  if (!result) {
    bad_value(option, value, "write a number with its unit, like 500ms, 5s or 1m");
  }
  return *result;
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
    {"t,to,room", true, [](Base& all, Text value) { add(options_of(all).rooms, checked("The room of --to", value)); }},
    {"e,event", true, [](Base& all, Text value) { add(options_of(all).events, checked("The name of the event", value)); }},
    {"from", true, set_from},
    {"last", true, [](Base& all, Text value) { options_of(all).last = number("--last", value, 1, 1'000'000); }},
    {"record", true, [](Base& all, Text value) { options_of(all).record = value; }},
    {"limit", true, [](Base& all, Text value) { options_of(all).limit = number("--limit", value, 1, many); }},
    {"recovery-window", true,
     [](Base& all, Text value) { options_of(all).recovery_window = duration("--recovery-window", value); }},
    {"requests-timeout", true,
     [](Base& all, Text value) { options_of(all).requests_timeout = duration("--requests-timeout", value); }},
    {"listen", true, [](Base& all, Text value) { options_of(all).listen_for = duration("--listen", value); }},
    {"x,except", true, [](Base& all, Text value) { add(options_of(all).except, checked("The room of --except", value)); }},
    {"without-ids", false, [](Base& all, Text) { options_of(all).without_ids = true; }},
    {"answers-max", true,
     [](Base& all, Text value) {
       const auto size = units::size(value);
       if (!size) {
         bad_value("--answers-max", value, "write a number of bytes, like 4096, 512K, 64M or 1G");
       }
       options_of(all).answers_bytes_max = static_cast<std::size_t>(*size);
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

}  // namespace socketio::cli::fleet
