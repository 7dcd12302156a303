#include "option_table.hpp"

#include <socketio/common/error.hpp>
#include <socketio/protocol/utf8.hpp>

#include "exit_status.hpp"
#include "text.hpp"
#include "values.hpp"

namespace socketio::cli {
namespace {

using Text = const std::string&;

constexpr const char* duration_hint = "write a number with its unit, like 500ms, 5s or 1m";

Room room(const char* option, Text value) { return Room(checked(std::string("The room of ") + option, value)); }

std::optional<std::uint64_t> positive(std::string_view text) {
  const auto count = units::count(text);
  return count == std::uint64_t{0} ? std::nullopt : count;
}

std::optional<std::uint64_t> number_of_streams(std::string_view text) {
  const auto count = positive(text);
  return count.value_or(0) > limits::streams_max ? std::nullopt : count;
}

/// True if the value is the first word, false if it is the second one.
bool is_first(const char* option, Text value, std::string_view first, std::string_view second, const char* hint) {
  if (value != first && value != second) {
    bad_value(option, value, hint);
  }
  return value == first;
}

void set_flag(bool& flag, Text value) { flag = value == "true"; }

void set_speed(Collected& all, Text value) {
  all.speed_given = true;
  all.options.speed = units::speed(value);
  if (!all.options.speed && value != "max") {
    bad_value("--speed", value, "write how many times as fast, like 2 or 0.5, or max");
  }
}

void set_compress(Collected& all, bool compress) {
  if (all.options.compress && *all.options.compress != compress) {
    fail_usage("--compress and --no-compress contradict each other.");
  }
  all.options.compress = compress;
}

void set_nsp(Collected& all, Text value) {
  try {
    all.options.nsp = target::namespace_name(checked("The namespace", value));
  } catch (const Error& error) {
    fail_usage(error.what());
  }
}

void set_sharded_mode(Collected& all, Text value) {
  using Mode = SubscriptionMode;
  if (value != "static" && value != "dynamic" && value != "dynamic-private") {
    bad_value("--sharded-mode", value, "it is dynamic (default), static or dynamic-private");
  }
  all.options.sharded_mode = value == "static" ? Mode::only_static : value == "dynamic" ? Mode::dynamic : Mode::dynamic_private;
  all.sharded_mode_given = true;
}

void set_stream_count(Collected& all, Text value) {
  const auto count = read_value("--stream-count", value, number_of_streams, "write the servers' streamCount, like 4");
  all.options.stream_count = static_cast<std::uint32_t>(count);
  all.options.stream_count_given = true;
  all.stream_option = "--stream-count";
}

constexpr OptionEntry table[] = {
    {"r,redis", true, [](Collected& all, Text value) { all.url = value; }},
    {"user", true, [](Collected& all, Text value) { all.user = value; }},
    {"password-file", true, [](Collected& all, Text value) { all.password_file = value; }},
    {"sentinel-user", true, [](Collected& all, Text value) { all.sentinel_user = value; }},
    {"sentinel-password-file", true, [](Collected& all, Text value) { all.sentinel_password_file = value; }},
    {"tls-ca", true, [](Collected& all, Text value) { all.tls_ca = value; }},
    {"tls-cert", true, [](Collected& all, Text value) { all.tls_certificate = value; }},
    {"tls-key", true, [](Collected& all, Text value) { all.tls_key = value; }},
    {"tls-insecure", false, [](Collected& all, Text value) { set_flag(all.tls_insecure, value); }},
    {"transport", true, [](Collected& all, Text value) { all.transport = value; }},
    {"force-transport", false, [](Collected& all, Text value) { set_flag(all.options.force_transport, value); }},
    {"key", true,
     [](Collected& all, Text value) {
       all.options.key = checked_name("The key", value);
       all.key_given = true;
     }},
    {"sharded-mode", true, set_sharded_mode},
    {"stream-name", true,
     [](Collected& all, Text value) {
       all.options.stream_name = checked_name("The name of the stream", value);
       all.stream_option = "--stream-name";
     }},
    {"stream-count", true, set_stream_count},
    {"stream-maxlen", true,
     [](Collected& all, Text value) {
       all.options.stream_length_max = read_value("--stream-maxlen", value, positive, "write a number of entries, like 10000");
       all.stream_option = "--stream-maxlen";
     }},
    {"n,nsp", true, set_nsp},
    {"timeout", true,
     [](Collected& all, Text value) { all.options.timeout = read_value("--timeout", value, units::duration, duration_hint); }},
    {"o,output", true, [](Collected& all, Text value) { all.output = value; }},
    {"v,verbose", false, [](Collected& all, Text value) { set_flag(all.options.verbose, value); }},
    {"V,version", false, [](Collected&, Text) {}},
    {"h,help", false, [](Collected&, Text) {}},
    {"s,string", false, [](Collected& all, Text value) { set_flag(all.options.plain_strings, value); }},
    {"t,to,room,in", true, [](Collected& all, Text value) { values::add_once(all.options.rooms, room("--to", value)); }},
    {"room-number", true, [](Collected& all, Text value) { values::add_once(all.options.rooms, values::numeric_room(value)); }},
    {"x,except", true, [](Collected& all, Text value) { values::add_once(all.options.except, room("--except", value)); }},
    {"all", false, [](Collected& all, Text value) { set_flag(all.options.all, value); }},
    {"volatile", false, [](Collected& all, Text value) { set_flag(all.options.is_volatile, value); }},
    {"compress", false, [](Collected& all, Text value) { set_compress(all, value == "true"); }},
    {"no-compress", false, [](Collected& all, Text value) { set_compress(all, value != "true"); }},
    {"ack", false, [](Collected& all, Text value) { set_flag(all.options.ack, value); }},
    {"first", false, [](Collected& all, Text value) { set_flag(all.first, value); }},
    {"quorum", false, [](Collected& all, Text value) { set_flag(all.quorum, value); }},
    {"expected", true,
     [](Collected& all, Text value) {
       all.options.expected = read_value("--expected", value, positive, "write a number of answers, like 3");
     }},
    {"server-side", false, [](Collected& all, Text value) { set_flag(all.server_side, value); }},
    {"join", true,
     [](Collected& all, Text value) {
       all.join = true;
       values::add_once(all.options.op_rooms, room("--join", value));
     }},
    {"leave", true,
     [](Collected& all, Text value) {
       all.leave = true;
       values::add_once(all.options.op_rooms, room("--leave", value));
     }},
    {"disconnect", false, [](Collected& all, Text value) { set_flag(all.disconnect, value); }},
    {"close", false, [](Collected& all, Text value) { set_flag(all.options.close, value); }},
    {"input", true, [](Collected& all, Text value) { all.options.input = value; }},
    {"replay", true, [](Collected& all, Text value) { all.replay = value; }},
    {"speed", true, set_speed},
    {"format", true,
     [](Collected& all, Text value) {
       all.lines_are_text = is_first("--format", value, "lines", "json", "it is json (default) or lines");
     }},
    {"rate", true,
     [](Collected& all, Text value) {
       all.options.rate = read_value("--rate", value, units::rate, "write emits per second, like 1000/s");
     }},
    {"line-max", true,
     [](Collected& all, Text value) {
       all.options.line_max = read_value("--line-max", value, units::size, "write a size of at most 1G, like 512K or 64M");
       all.line_max_given = true;
     }},
    {"on-error", true,
     [](Collected& all, Text value) {
       all.options.skip_bad_lines = is_first("--on-error", value, "skip", "stop", "it is stop (default) or skip");
       all.on_error_given = true;
     }},
    {"checkpoint", true, [](Collected& all, Text value) { all.options.checkpoint = value; }},
    {"rejects", true, [](Collected& all, Text value) { all.options.rejects = value; }},
    {"require-receivers", true,
     [](Collected& all, Text value) {
       const char* const hint = "write a number of servers, like 2";
       all.options.require_receivers = read_value("--require-receivers", value, units::count, hint);
     }},
    {"dry-run", false, [](Collected& all, Text value) { set_flag(all.options.dry_run, value); }},
};

}  // namespace

std::string checked(std::string_view what, const std::string& value) {
  if (!utf8::valid(value)) {
    fail_usage(std::string(what) + " is not UTF-8.");
  }
  return value;
}

std::string checked_name(std::string_view what, const std::string& value) {
  const auto is_control = [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; };
  if (std::any_of(value.begin(), value.end(), is_control)) {
    fail_usage(std::string(what) + " has a control character: \"" + text::excerpt(value) + "\".");
  }
  return checked(what, value);
}

void bad_value(std::string_view option, std::string_view value, std::string_view hint) {
  fail_usage(std::string(option) + " cannot be \"" + text::excerpt(value) + "\": " + std::string(hint) + ".");
}

std::span<const OptionEntry> option_table() { return table; }

bool is_named(const OptionEntry& entry, std::string_view name) {
  bool found = false;
  for_each_name(entry, [&](std::string_view one) { found = found || one == name; });
  return found;
}

}  // namespace socketio::cli
