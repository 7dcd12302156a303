#include "option_check.hpp"

#include <utility>

#include <socketio/common/buffer.hpp>
#include <socketio/common/error.hpp>

#include "exit_status.hpp"
#include "text.hpp"
#include "values.hpp"

namespace socketio::cli {
namespace {

constexpr std::size_t password_bytes_max = 64 * 1024;

/// A variable of the environment that is set to something.
std::optional<std::string> variable(const Surroundings& surroundings, const char* name) {
  auto value = surroundings.variable ? surroundings.variable(name) : std::nullopt;
  return value && value->empty() ? std::nullopt : value;
}

redis::Options read_url(const std::string& url, const char* source) {
  try {
    return redis::parse_url(url);
  } catch (const Error& error) {
    fail_usage(std::string(source) + ": " + error.what());
  }
}

std::string read_password(const std::string& path) {
  Buffer content;
  values::read_file(content, path, password_bytes_max);
  std::string_view line = content.text().substr(0, content.text().find('\n'));
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (line.empty()) {
    fail_usage("There is no password in the first line of " + text::excerpt(path, 200) + ".");
  }
  return std::string(line);
}

void complete_redis(Collected& all, const Surroundings& surroundings) {
  redis::Options& redis = all.options.redis;
  if (all.url) {
    redis = read_url(*all.url, "--redis");
  } else if (const auto url = variable(surroundings, "SOCKETIO_REDIS")) {
    redis = read_url(*url, "SOCKETIO_REDIS");
  } else if (const auto fallback = variable(surroundings, "REDIS_URL")) {
    redis = read_url(*fallback, "REDIS_URL");
  }
  if (all.user) {
    redis.username = *all.user;
  }
  if (all.password_file) {
    redis.password = read_password(*all.password_file);
  } else if (redis.password.empty()) {
    redis.password = variable(surroundings, "SOCKETIO_REDIS_PASSWORD").value_or("");
  }
}

void check_transport(const std::string& transport, const char* source) {
  if (transport == "sharded" || transport == "streams" || transport == "auto") {
    fail_usage("The transport " + transport + " (" + source + ") is not supported yet; only classic is.");
  }
  if (transport != "classic") {
    fail_usage(std::string(source) + " cannot be \"" + text::excerpt(transport) + "\": it is classic (default).");
  }
}

void complete_output(Collected& all, const Surroundings& surroundings) {
  if (!all.output) {
    all.options.output = surroundings.output_is_terminal ? Output::text : Output::json;
  } else if (*all.output == "text") {
    all.options.output = Output::text;
  } else if (*all.output == "json") {
    all.options.output = Output::json;
  } else if (*all.output == "quiet") {
    all.options.output = Output::quiet;
  } else {
    fail_usage("--output cannot be \"" + text::excerpt(*all.output) + "\": it is text, json or quiet.");
  }
}

void complete_operation(Collected& all) {
  Options& options = all.options;
  options.op = all.join          ? Op::join
               : all.leave       ? Op::leave
               : all.disconnect  ? Op::disconnect
               : all.server_side ? Op::server_side
                                 : Op::emit;
  options.lines_are_text = all.lines_are_text.value_or(false);
  if (!all.words.empty()) {
    options.event = all.words.front();
    options.arguments.assign(all.words.begin() + 1, all.words.end());
  }
}

[[noreturn]] void refuse_pair(const std::string& one, const std::string& other, const std::string& why) {
  fail_usage(one + " and " + other + " do not go together: " + why + ".");
}

void check_operation(const Collected& all) {
  const std::pair<bool, const char*> instead[] = {
      {all.join, "--join"}, {all.leave, "--leave"}, {all.disconnect, "--disconnect"}, {all.server_side, "--server-side"}};
  const char* first = nullptr;
  for (const auto& [given, name] : instead) {
    if (given && first != nullptr) {
      refuse_pair(first, name, "a call does one thing");
    }
    first = given ? name : first;
  }
  const Options& options = all.options;
  const bool takes_event = options.op == Op::emit || options.op == Op::server_side;
  if (!takes_event && options.event) {
    refuse_pair(first, "the event \"" + text::excerpt(*options.event) + "\"",
                std::string(first) + " stands instead of an event");
  }
  if (options.close && !all.disconnect) {
    fail_usage("--close belongs to --disconnect: it closes the whole connection of those who are disconnected.");
  }
  if (options.op != Op::emit && !options.input) {
    if (options.is_volatile || options.compress) {
      refuse_pair(first,
                  options.is_volatile        ? "--volatile"
                  : options.compress.value() ? "--compress"
                                             : "--no-compress",
                  "that is for events to clients");
    }
    if (all.server_side && !(options.rooms.empty() && options.except.empty())) {
      refuse_pair("--server-side", options.rooms.empty() ? "--except" : "--to", "the event goes to every server");
    }
  }
}

void check_batch_only(const Collected& all) {
  const Options& options = all.options;
  const std::pair<bool, const char*> batch_only[] = {{all.lines_are_text.has_value(), "--format"},
                                                     {options.rate.has_value(), "--rate"},
                                                     {all.line_max_given, "--line-max"},
                                                     {all.on_error_given, "--on-error"},
                                                     {options.checkpoint.has_value(), "--checkpoint"}};
  for (const auto& [given, name] : batch_only) {
    if (given && !options.input) {
      fail_usage(std::string(name) + " belongs to a batch: add --input FILE, or --input - for standard input.");
    }
  }
}

void check_input(const Collected& all) {
  const Options& options = all.options;
  const bool takes_event = options.op == Op::emit || options.op == Op::server_side;
  if (!options.input) {
    if (takes_event && !options.event) {
      fail_usage("What is to be sent? Give an EVENT, or a batch with --input.\nsocketio-emit --help shows examples.");
    }
    return;
  }
  if (options.lines_are_text && !takes_event) {
    refuse_pair("--format lines", std::string("--") + name_of(options.op), "each line is an argument of an event");
  }
  if (options.lines_are_text && !options.event) {
    fail_usage("--format lines needs an EVENT: each line becomes its argument.");
  }
  if (!options.lines_are_text && options.event) {
    refuse_pair("--input", "the event \"" + text::excerpt(*options.event) + "\"",
                "the lines of a batch name their events; to send plain lines as arguments of this one, add --format lines");
  }
  if (!options.arguments.empty()) {
    refuse_pair("--input", "the argument " + text::excerpt(options.arguments.front()),
                "the lines of the input are the arguments");
  }
  if (options.plain_strings && !options.lines_are_text) {
    refuse_pair("--input", "--string", "the lines of a batch are JSON; for plain lines use --format lines");
  }
  if (options.checkpoint && options.dry_run) {
    refuse_pair("--checkpoint", "--dry-run", "nothing is sent that could be remembered");
  }
}

}  // namespace

void complete(Collected& all, const Surroundings& surroundings) {
  if (all.transport) {
    check_transport(*all.transport, "--transport");
  } else if (const auto transport = variable(surroundings, "SOCKETIO_TRANSPORT")) {
    check_transport(*transport, "SOCKETIO_TRANSPORT");
  }
  if (const auto key = variable(surroundings, "SOCKETIO_KEY"); key && !all.key_given) {
    all.options.key = *key;
  }
  complete_output(all, surroundings);
  complete_operation(all);
  complete_redis(all, surroundings);
}

void check(const Collected& all) {
  check_operation(all);
  check_batch_only(all);
  check_input(all);
  if (all.options.event && all.options.event->empty()) {
    fail_usage("The name of the event is empty.");
  }
  if (all.options.dry_run && all.options.require_receivers) {
    refuse_pair("--dry-run", "--require-receivers", "nothing is sent that could reach a server");
  }
}

}  // namespace socketio::cli
