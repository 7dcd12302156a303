#include "option_table.hpp"

#include <string_view>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/protocol/utf8.hpp>

#include "exit_status.hpp"
#include "text.hpp"
#include "units.hpp"
#include "values.hpp"

namespace socketio::cli {
namespace {

using OptionText = const std::string&;

std::string checked(const std::string& what, const std::string& value) {
  if (!utf8::valid(value)) {
    fail_usage(what + " is not UTF-8.");
  }
  return value;
}

Room room(const std::string& option, const std::string& value) { return Room(checked("The room of " + option, value)); }

[[noreturn]] void bad_value(const std::string& option, const std::string& value, const std::string& hint) {
  fail_usage(option + " cannot be \"" + text::excerpt(value) + "\": " + hint + ".");
}

void set_flag(bool& flag, const std::string& value) { flag = value == "true"; }

void set_timeout(Collected& all, OptionText value) {
  const auto timeout = units::duration(value);
  if (!timeout) {
    bad_value("--timeout", value, "write a number with its unit, like 500ms, 5s or 1m");
  }
  all.options.timeout = *timeout;
}

void set_rate(Collected& all, OptionText value) {
  all.options.rate = units::rate(value);
  if (!all.options.rate) {
    bad_value("--rate", value, "write emits per second, like 1000/s");
  }
}

void set_speed(Collected& all, OptionText value) {
  all.speed_given = true;
  all.options.speed = units::speed(value);
  if (!all.options.speed && value != "max") {
    bad_value("--speed", value, "write how many times as fast, like 2 or 0.5, or max");
  }
}

void set_expected(Collected& all, OptionText value) {
  all.options.expected = units::count(value);
  if (!all.options.expected || *all.options.expected == 0) {
    bad_value("--expected", value, "write a number of answers, like 3");
  }
}

void set_line_max(Collected& all, OptionText value) {
  const auto size = units::size(value);
  if (!size) {
    bad_value("--line-max", value, "write a size of at most 1G, like 512K or 64M");
  }
  all.options.line_max = *size;
  all.line_max_given = true;
}

void set_required(Collected& all, OptionText value) {
  all.options.require_receivers = units::count(value);
  if (!all.options.require_receivers) {
    bad_value("--require-receivers", value, "write a number of servers, like 2");
  }
}

void set_format(Collected& all, OptionText value) {
  if (value != "lines" && value != "json") {
    bad_value("--format", value, "it is json (default) or lines");
  }
  all.lines_are_text = value == "lines";
}

void set_on_error(Collected& all, OptionText value) {
  if (value != "stop" && value != "skip") {
    bad_value("--on-error", value, "it is stop (default) or skip");
  }
  all.options.skip_bad_lines = value == "skip";
  all.on_error_given = true;
}

void set_compress(Collected& all, bool compress) {
  if (all.options.compress && *all.options.compress != compress) {
    fail_usage("--compress and --no-compress contradict each other.");
  }
  all.options.compress = compress;
}

void set_nsp(Collected& all, OptionText value) {
  try {
    all.options.nsp = target::namespace_name(checked("The namespace", value));
  } catch (const Error& error) {
    fail_usage(error.what());
  }
}

void set_key(Collected& all, OptionText value) {
  all.options.key = checked("The key", value);
  all.key_given = true;
}

void set_sharded_mode(Collected& all, OptionText value) {
  using Mode = SubscriptionMode;
  if (value != "static" && value != "dynamic" && value != "dynamic-private") {
    bad_value("--sharded-mode", value, "it is dynamic (default), static or dynamic-private");
  }
  all.options.sharded_mode = value == "static" ? Mode::only_static : value == "dynamic" ? Mode::dynamic : Mode::dynamic_private;
  all.sharded_mode_given = true;
}

void set_stream_name(Collected& all, OptionText value) {
  all.options.stream_name = checked("The name of the stream", value);
  all.stream_option = "--stream-name";
}

void set_stream_count(Collected& all, OptionText value) {
  const auto count = units::count(value);
  if (!count || *count == 0 || *count > limits::streams_max) {
    bad_value("--stream-count", value, "write the servers' streamCount, like 4");
  }
  all.options.stream_count = static_cast<std::uint32_t>(*count);
  all.options.stream_count_given = true;
  all.stream_option = "--stream-count";
}

void set_stream_length(Collected& all, OptionText value) {
  const auto length = units::count(value);
  if (!length || *length == 0) {
    bad_value("--stream-maxlen", value, "write a number of entries, like 10000");
  }
  all.options.stream_length_max = *length;
  all.stream_option = "--stream-maxlen";
}

constexpr OptionEntry table[] = {
    {"r,redis", true, [](Collected& all, OptionText value) { all.url = value; }},
    {"user", true, [](Collected& all, OptionText value) { all.user = value; }},
    {"password-file", true, [](Collected& all, OptionText value) { all.password_file = value; }},
    {"sentinel-user", true, [](Collected& all, OptionText value) { all.sentinel_user = value; }},
    {"sentinel-password-file", true, [](Collected& all, OptionText value) { all.sentinel_password_file = value; }},
    {"tls-ca", true, [](Collected& all, OptionText value) { all.tls_ca = value; }},
    {"tls-cert", true, [](Collected& all, OptionText value) { all.tls_certificate = value; }},
    {"tls-key", true, [](Collected& all, OptionText value) { all.tls_key = value; }},
    {"tls-insecure", false, [](Collected& all, OptionText value) { set_flag(all.tls_insecure, value); }},
    {"transport", true, [](Collected& all, OptionText value) { all.transport = value; }},
    {"force-transport", false, [](Collected& all, OptionText value) { set_flag(all.options.force_transport, value); }},
    {"key", true, set_key},
    {"sharded-mode", true, set_sharded_mode},
    {"stream-name", true, set_stream_name},
    {"stream-count", true, set_stream_count},
    {"stream-maxlen", true, set_stream_length},
    {"n,nsp", true, set_nsp},
    {"timeout", true, set_timeout},
    {"o,output", true, [](Collected& all, OptionText value) { all.output = value; }},
    {"v,verbose", false, [](Collected& all, OptionText value) { set_flag(all.options.verbose, value); }},
    {"V,version", false, [](Collected&, OptionText) {}},
    {"h,help", false, [](Collected&, OptionText) {}},
    {"s,string", false, [](Collected& all, OptionText value) { set_flag(all.options.plain_strings, value); }},
    {"t,to,room,in", true, [](Collected& all, OptionText value) { values::add_room(all.options.rooms, room("--to", value)); }},
    {"room-number", true,
     [](Collected& all, OptionText value) { values::add_room(all.options.rooms, values::numeric_room(value)); }},
    {"x,except", true, [](Collected& all, OptionText value) { values::add_room(all.options.except, room("--except", value)); }},
    {"all", false, [](Collected& all, OptionText value) { set_flag(all.options.all, value); }},
    {"volatile", false, [](Collected& all, OptionText value) { set_flag(all.options.is_volatile, value); }},
    {"compress", false, [](Collected& all, OptionText value) { set_compress(all, value == "true"); }},
    {"no-compress", false, [](Collected& all, OptionText value) { set_compress(all, value != "true"); }},
    {"ack", false, [](Collected& all, OptionText value) { set_flag(all.options.ack, value); }},
    {"first", false, [](Collected& all, OptionText value) { set_flag(all.first, value); }},
    {"quorum", false, [](Collected& all, OptionText value) { set_flag(all.quorum, value); }},
    {"expected", true, set_expected},
    {"server-side", false, [](Collected& all, OptionText value) { set_flag(all.server_side, value); }},
    {"join", true,
     [](Collected& all, OptionText value) {
       all.join = true;
       values::add_room(all.options.op_rooms, room("--join", value));
     }},
    {"leave", true,
     [](Collected& all, OptionText value) {
       all.leave = true;
       values::add_room(all.options.op_rooms, room("--leave", value));
     }},
    {"disconnect", false, [](Collected& all, OptionText value) { set_flag(all.disconnect, value); }},
    {"close", false, [](Collected& all, OptionText value) { set_flag(all.options.close, value); }},
    {"input", true, [](Collected& all, OptionText value) { all.options.input = value; }},
    {"replay", true, [](Collected& all, OptionText value) { all.replay = value; }},
    {"speed", true, set_speed},
    {"format", true, set_format},
    {"rate", true, set_rate},
    {"line-max", true, set_line_max},
    {"on-error", true, set_on_error},
    {"checkpoint", true, [](Collected& all, OptionText value) { all.options.checkpoint = value; }},
    {"rejects", true, [](Collected& all, OptionText value) { all.options.rejects = value; }},
    {"require-receivers", true, set_required},
    {"dry-run", false, [](Collected& all, OptionText value) { set_flag(all.options.dry_run, value); }},
};

}  // namespace

std::span<const OptionEntry> option_table() { return table; }

bool is_named(const OptionEntry& entry, std::string_view name) {
  bool found = false;
  for_each_name(entry, [&](std::string_view one) { found = found || one == name; });
  return found;
}

}  // namespace socketio::cli
