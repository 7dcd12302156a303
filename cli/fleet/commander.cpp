#include "commander.hpp"

#include <signal.h>
#include <unistd.h>

#include "common/exit_status.hpp"
#include "common/explain.hpp"
#include "common/signals.hpp"
#include "common/text.hpp"

namespace socketio::cli::fleet {

StopSignals::StopSignals(Loop& loop) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (number == SIGHUP && is_ignored(SIGHUP)) {
      continue;
    }
    loop.on_signal(number, [this, number] {
      if (pending_ == 0) {
        pending_ = number;
      } else if (number != SIGHUP) {  // a closed terminal sends it more than once
        ::_exit(128 + number);
      }
    });
  }
}

redis::Options connection_options(const Options& options, std::string_view purpose, Console& console) {
  redis::Options redis = options.common.redis;
  redis.client_name = "socketio-fleet-" + std::string(purpose);
  redis.connect_timeout = options.common.timeout;
  redis.command_timeout = options.common.timeout;
  if (options.common.verbose) {
    redis.log = console.log();
  }
  return redis;
}

Commander::Commander(Loop& loop, const Options& options, std::string_view purpose, Console& console, const StopSignals& signals)
    : loop_(loop), options_(options), signals_(signals), client_(loop, connection_options(options, purpose, console)) {}

void Commander::connect(bool one_node_suffices) {
  client_.connect();
  wait([this] { return client_.state() == redis::State::ready || client_.last_error_is_refusal(); }, options_.common.timeout);
  if (client_.state() != redis::State::ready) {
    const std::string error = client_.last_error();
    fail_refused(explain::no_connection(error.empty() ? explain::no_reply : error, options_.common));
  }
  if (!one_node_suffices && options_.common.redis.topology != redis::Topology::cluster) {
    refuse_cluster_node();
  }
}

void Commander::refuse_cluster_node() {
  const redis::CommandResult hello = ask({"HELLO"});  // allowed for every user
  const redis::Reply* const mode = member(hello.reply, "mode");
  if (mode != nullptr && mode->text == "cluster") {
    fail_refused(explain::one_cluster_node(options_.common) +
                 " (The messages of classic servers reach every node: tap --transport classic.)");
  }
}

bool Commander::wait(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
  const bool result = loop_.run_until([&] { return signals_.pending() != 0 || done(); }, timeout);
  if (signals_.pending() != 0) {
    throw Failure(ended_by(signals_.pending()), "Interrupted.");
  }
  return result;
}

redis::CommandResult Commander::ask(const Words& words) {
  return ask_all({std::vector<std::string>(words.begin(), words.end())}).front();
}

std::vector<redis::CommandResult> Commander::ask_all(const std::vector<std::vector<std::string>>& commands) {
  redis::CommandResult late;
  late.outcome = redis::Outcome::unconfirmed;
  late.message = explain::no_reply;
  // Replies may arrive after this call has returned.
  const auto answers = std::make_shared<std::vector<redis::CommandResult>>(commands.size(), late);
  const auto count = std::make_shared<std::size_t>(0);
  for (std::size_t index = 0; index < commands.size(); ++index) {
    const Words words(commands[index].begin(), commands[index].end());
    client_.command(words, [answers, count, index](redis::CommandResult result) {
      (*answers)[index] = std::move(result);
      ++*count;
    });
  }
  wait([&] { return *count == commands.size(); }, options_.common.timeout);
  return *answers;
}

redis::Reply Commander::need(const Words& words) {
  redis::CommandResult result = ask(words);
  if (result.outcome != redis::Outcome::ok) {
    const std::string user = options_.common.redis.username.empty() ? "default" : options_.common.redis.username;
    fail_refused("Redis did not answer " + std::string(words.front()) + ": " + text::excerpt(result.message, 300) +
                 (result.message.starts_with("NOPERM") ? " (the user is \"" + user + "\")" : ""));
  }
  return std::move(result.reply);
}

const redis::Reply* member(const redis::Reply& pairs, std::string_view name) {
  for (std::size_t index = 0; index + 1 < pairs.elements.size(); index += 2) {
    if (pairs.elements[index].text == name) {
      return &pairs.elements[index + 1];
    }
  }
  return nullptr;
}

std::optional<std::vector<std::string>> channels_like(Commander& redis, const std::string& pattern, bool shard) {
  redis::CommandResult result = redis.ask({"PUBSUB", shard ? "SHARDCHANNELS" : "CHANNELS", pattern});
  if (result.outcome != redis::Outcome::ok) {
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (redis::Reply& element : result.reply.elements) {
    names.push_back(std::move(element.text));
  }
  return names;
}

std::optional<std::uint64_t> subscribers_of(Commander& redis, std::string_view channel, bool shard) {
  const redis::CommandResult result = redis.ask({"PUBSUB", shard ? "SHARDNUMSUB" : "NUMSUB", channel});
  if (result.outcome != redis::Outcome::ok || result.reply.elements.size() != 2) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(result.reply.elements[1].integer);
}

FoundNamespaces look_at_fleet(Commander& redis, const Options& options) {
  // The reply may arrive after this call has returned.
  const auto found = std::make_shared<std::optional<FoundNamespaces>>();
  find_namespaces(redis.client(), options.settings(Bus::classic), options.namespaces,
                  [found](const FoundNamespaces& result) { *found = result; });
  if (!redis.wait([&] { return found->has_value(); }, options.common.timeout)) {
    fail_refused(explain::no_reply);
  }
  if ((*found)->outcome != redis::Outcome::ok) {
    fail_refused(text::excerpt((*found)->message, 300));
  }
  return std::move(**found);
}

std::string namespace_text(const Options& options) {
  return options.namespaces.size() == 1 ? " in namespace " + text::excerpt(options.namespaces.front()) : std::string();
}

bool is_harmful(const FoundNamespaces& found, const std::string& nsp) {
  return std::binary_search(found.classic.begin(), found.classic.end(), nsp);
}

Bus detect_one(Commander& redis, const Options& options, Console& console) {
  constexpr std::string_view so = " The classic transport is used; name another one with --transport.";
  FoundNamespaces found;
  try {
    found = look_at_fleet(redis, options);
  } catch (const Failure& failure) {
    if (!options.is_by_default || failure.status() != ExitStatus::refused) {
      throw;
    }
    console.note(failure.what() + std::string(so));
    return Bus::classic;
  }
  if (found.transport) {
    return *found.transport;
  }
  if (options.is_by_default && found.classic.empty() && found.sharded.empty() && found.streams.empty()) {
    console.note("No server listens" + namespace_text(options) + " with the key \"" + text::excerpt(options.common.key) +
                 "\" on this Redis." + std::string(so));
    return Bus::classic;
  }
  fail_usage(text::excerpt(found.message, 600));
}

}  // namespace socketio::cli::fleet
