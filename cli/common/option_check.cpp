#include "option_check.hpp"

#include <socketio/common/error.hpp>

#include "exit_status.hpp"
#include "text.hpp"
#include "values.hpp"

namespace socketio::cli {
namespace {

void refuse(bool refused, const char* sentence) {
  if (refused) {
    fail_usage(sentence);
  }
}

void refuse_pair(bool refused, std::string_view one, std::string_view other, std::string_view why) {
  if (refused) {
    fail_usage(std::string(one) + " and " + std::string(other) + " do not go together: " + std::string(why) + ".");
  }
}

void check_tls(const Collected& all, redis::Options& redis) {
  const bool any = !all.tls_ca.empty() || !all.tls_certificate.empty() || !all.tls_key.empty() || all.tls_insecure;
  refuse(any && !redis.tls,
         "The TLS options are for a Redis URL that begins with rediss:// (or rediss+sentinel://, rediss+cluster://).");
  refuse(all.tls_certificate.empty() != all.tls_key.empty(),
         "--tls-cert and --tls-key go together: one is the certificate, the other its key.");
  refuse(all.tls_insecure && !all.tls_ca.empty(),
         "--tls-insecure accepts every certificate, so --tls-ca means nothing beside it. Leave one of them out.");
  redis.tls_ca = all.tls_ca;
  redis.tls_certificate = all.tls_certificate;
  redis.tls_key = all.tls_key;
  redis.tls_insecure = all.tls_insecure;
}

constexpr std::size_t password_bytes_max = 64 * 1024;

/// Value of an environment variable; empty when it is unset or has no text.
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
  if (const std::string problem = text::utf16_problem(line); !problem.empty()) {
    fail_usage(text::excerpt(path, 200) + ": " + problem);
  }
  line = text::without_mark(line);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (line.empty()) {
    fail_usage("There is no password in the first line of " + text::excerpt(path, 200) + ".");
  }
  return std::string(line);
}

void complete_sentinel(const Collected& all, const Surroundings& surroundings, redis::Options& redis) {
  if (redis.topology != redis::Topology::sentinel) {
    refuse(all.sentinel_user || all.sentinel_password_file,
           "--sentinel-user and --sentinel-password-file are for a Redis URL that begins with redis+sentinel://.");
    return;
  }
  redis.sentinel_username = all.sentinel_user.value_or("");
  redis.sentinel_password = all.sentinel_password_file ? read_password(*all.sentinel_password_file)
                                                       : variable(surroundings, "SOCKETIO_SENTINEL_PASSWORD").value_or("");
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
  check_tls(all, redis);
  if (all.password_file) {
    redis.password = read_password(*all.password_file);
  } else if (redis.password.empty()) {
    redis.password = variable(surroundings, "SOCKETIO_REDIS_PASSWORD").value_or("");
  }
  complete_sentinel(all, surroundings, redis);
}

/// Reads "classic", "auto", or several transports separated by commas.
void read_transports(Collected& all, const std::string& list, const char* source) {
  std::vector<Transport>& transports = all.options.transports;
  transports.clear();
  if (list == "auto") {
    all.options.transport_choice = TransportChoice::automatic;
    return;
  }
  all.options.transport_choice = TransportChoice::named;
  for (std::string_view rest = list;;) {
    const std::string_view name = rest.substr(0, rest.find(','));
    const auto known = {Transport::classic, Transport::sharded, Transport::streams};
    const auto found = std::find_if(known.begin(), known.end(), [&](Transport one) { return name_of(one) == name; });
    if (found == known.end()) {
      constexpr std::string_view known_names[] = {"classic", "sharded", "streams", "auto"};
      fail_usage(std::string(source) + " cannot be \"" + text::excerpt(list) +
                 "\": it is classic, sharded, streams or auto, or several of the first three, like classic,streams." +
                 text::did_you_mean(name, known_names));
    }
    if (all.options.uses(*found)) {
      fail_usage(std::string(source) + " names " + std::string(name) + " twice.");
    }
    transports.push_back(*found);
    if (name.size() == rest.size()) {
      return;
    }
    rest.remove_prefix(name.size() + 1);
  }
}

void complete_output(Collected& all, const Surroundings& surroundings) {
  const std::pair<std::string_view, Output> forms[] = {
      {"text", Output::text}, {"json", Output::json}, {"quiet", Output::quiet}};
  const std::string name = all.output.value_or(surroundings.output_is_terminal ? "text" : "json");
  const auto form = std::find_if(std::begin(forms), std::end(forms), [&name](const auto& one) { return one.first == name; });
  if (form == std::end(forms)) {
    bad_value("--output", name, "it is text, json or quiet");
  }
  all.options.output = form->second;
}

void complete_operation(Collected& all) {
  Options& options = all.options;
  options.op = all.join          ? Op::join
               : all.leave       ? Op::leave
               : all.disconnect  ? Op::disconnect
               : all.server_side ? Op::server_side
                                 : Op::emit;
  options.lines_are_text = all.lines_are_text.value_or(false);
  options.until = all.first ? asking::Until::first : all.quorum ? asking::Until::quorum : asking::Until::all;
  if (all.replay && !options.input) {
    options.input = all.replay;
    options.replay = true;
  }
  if (!all.words.empty()) {
    options.event = all.words.front();
    options.arguments.assign(all.words.begin() + 1, all.words.end());
  }
}

/// Name of the option that makes this call a batch.
const char* input_option(const Options& options) { return options.replay ? "--replay" : "--input"; }

std::string quoted_event(const Options& options) { return "the event \"" + text::excerpt(*options.event) + "\""; }

void check_operation(const Collected& all) {
  const std::pair<bool, const char*> instead[] = {
      {all.join, "--join"}, {all.leave, "--leave"}, {all.disconnect, "--disconnect"}, {all.server_side, "--server-side"}};
  const char* first = "";
  for (const auto& [given, name] : instead) {
    refuse_pair(given && *first != '\0', first, name, "a call does one thing");
    first = given ? name : first;
  }
  const Options& options = all.options;
  const bool takes_event = options.op == Op::emit || options.op == Op::server_side;
  if (!takes_event && options.event) {
    refuse_pair(true, first, quoted_event(options), std::string(first) + " stands instead of an event");
  }
  refuse(options.close && !all.disconnect,
         "--close belongs to --disconnect: it closes the whole connection of those who are disconnected.");
  refuse_pair(options.all && !options.rooms.empty(), "--all", "--to",
              "the one means everybody in the namespace, the other those in a room");
  refuse_pair(all.server_side && options.all, "--all", "--server-side", "the event goes to every server");
  const bool takes_away = options.op == Op::disconnect || options.op == Op::leave;
  if (takes_away && options.rooms.empty() && !options.all && !options.input) {
    fail_usage(std::string(first) + " without a room is for everybody in the namespace: add --all if that is meant, or name " +
               "rooms with --to.");
  }
  if (options.op != Op::emit && !options.input) {
    const char* const flag = options.is_volatile                ? "--volatile"
                             : options.compress.value_or(false) ? "--compress"
                                                                : "--no-compress";
    refuse_pair(options.is_volatile || options.compress, first, flag, "that is for events to clients");
    refuse_pair(all.server_side && !(options.rooms.empty() && options.except.empty()), "--server-side",
                options.rooms.empty() ? "--except" : "--to", "the event goes to every server");
  }
}

void check_batch_only(const Collected& all) {
  const Options& options = all.options;
  refuse(all.speed_given && !all.replay,
         "--speed belongs to the replay of a recording: add --replay FILE, or --replay - for standard input.");
  const std::pair<bool, const char*> batch_only[] = {{all.lines_are_text.has_value(), "--format"},
                                                     {options.rate.has_value(), "--rate"},
                                                     {all.line_max_given, "--line-max"},
                                                     {all.on_error_given, "--on-error"},
                                                     {options.checkpoint.has_value(), "--checkpoint"},
                                                     {options.rejects.has_value(), "--rejects"}};
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
    refuse(takes_event && !options.event,
           "What is to be sent? Give an EVENT, or a batch with --input.\nsocketio-emit --help shows examples.");
    return;
  }
  const char* const input = input_option(options);
  refuse_pair(all.replay && !options.replay, "--replay", "--input", "one input is read at a time");
  refuse_pair(options.replay && all.lines_are_text, "--replay", "--format", "the lines of a recording are JSON");
  refuse_pair(options.lines_are_text && !takes_event, "--format lines", std::string("--") + name_of(options.op),
              "each line is an argument of an event");
  refuse(options.lines_are_text && !options.event, "--format lines needs an EVENT: each line becomes its argument.");
  if (!options.lines_are_text && options.event) {
    refuse_pair(true, input, quoted_event(options),
                options.replay ? "the lines of a recording name their events"
                               : "the lines of a batch name their events; to send plain lines as arguments of this one, add "
                                 "--format lines");
  }
  if (!options.arguments.empty()) {
    refuse_pair(true, "--input", "the argument " + text::excerpt(options.arguments.front()),
                "the lines of the input are the arguments");
  }
  refuse_pair(options.plain_strings && !options.lines_are_text, input, "--string",
              options.replay ? "the lines of a recording are JSON"
                             : "the lines of a batch are JSON; for plain lines use --format lines");
  refuse_pair(options.rejects && options.dry_run, "--rejects", "--dry-run", "nothing is sent that could fail to arrive");
  refuse_pair(options.checkpoint && options.dry_run, "--checkpoint", "--dry-run", "nothing is sent that could be remembered");
}

void check_ack(const Collected& all) {
  const Options& options = all.options;
  const std::pair<bool, const char*> enough[] = {
      {all.first, "--first"}, {all.quorum, "--quorum"}, {options.expected.has_value(), "--expected"}};
  const char* before = "";
  for (const auto& [given, name] : enough) {
    if (given && !options.ack) {
      fail_usage(std::string(name) + " says which answers are enough: it belongs to --ack.");
    }
    refuse_pair(given && *before != '\0', before, name, "each of them says which answers are enough");
    before = given ? name : before;
  }
  if (!options.ack) {
    return;
  }
  refuse_pair(options.input.has_value(), "--ack", input_option(options), "one event is asked about at a time");
  refuse_pair(options.op != Op::emit && options.op != Op::server_side, "--ack", std::string("--") + name_of(options.op),
              "nobody answers to that");
  refuse_pair(options.transports.size() > 1, "--ack", "several transports", "each has its own answers");
  refuse_pair(options.dry_run, "--ack", "--dry-run", "nobody is there to answer");
  refuse_pair(options.require_receivers.has_value(), "--ack", "--require-receivers",
              "the summary tells which servers did not answer");
}

void check_transport(const Collected& all) {
  const Options& options = all.options;
  const bool is_named = options.transport_choice == TransportChoice::named;
  refuse(all.sharded_mode_given && is_named && !options.uses(Transport::sharded),
         "--sharded-mode belongs to sharded fleets: add --transport sharded.");
  if (all.stream_option != nullptr && is_named && !options.uses(Transport::streams)) {
    fail_usage(std::string(all.stream_option) + " belongs to streams fleets: add --transport streams.");
  }
  refuse(options.force_transport && !is_named,
         "--force-transport belongs to a --transport that is named: it sends by that one, whoever listens.");
  refuse_pair(options.transport_choice == TransportChoice::automatic && options.dry_run, "--transport auto", "--dry-run",
              "nothing is asked of Redis");
  if (is_named) {  // otherwise checked once the transport is known
    check_countable(options);
  }
}

}  // namespace

void check_countable(const Options& options) {
  refuse_pair(options.require_receivers && options.uses(Transport::streams), "--require-receivers", "streams",
              "a stream does not tell who reads it");
  refuse_pair(options.require_receivers && options.counts_one_node(), "--require-receivers", "classic on a Redis Cluster",
              "a node counts only its own subscribers");
}

void complete(Collected& all, const Surroundings& surroundings) {
  if (all.transport) {
    read_transports(all, *all.transport, "--transport");
  } else if (const auto transport = variable(surroundings, "SOCKETIO_TRANSPORT")) {
    read_transports(all, *transport, "SOCKETIO_TRANSPORT");
  }
  complete_operation(all);
  complete_common(all, surroundings);
}

void complete_common(Collected& all, const Surroundings& surroundings) {
  if (const auto key = variable(surroundings, "SOCKETIO_KEY"); key && !all.key_given) {
    all.options.key = checked_name("The key in SOCKETIO_KEY", *key);
  }
  complete_output(all, surroundings);
  complete_redis(all, surroundings);
}

void check(const Collected& all) {
  check_transport(all);
  check_ack(all);
  check_operation(all);
  check_batch_only(all);
  check_input(all);
  const std::optional<std::string>& event = all.options.event;
  refuse(event && event->empty(), "The name of the event is empty.");
  refuse(event && event->ends_with('\r'),
         "The name of the event ends with a carriage return, as in a script or file with Windows line ends.");
  refuse_pair(all.options.dry_run && all.options.require_receivers, "--dry-run", "--require-receivers",
              "nothing is sent that could reach a server");
}

}  // namespace socketio::cli
