#include "commander.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

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
    redis.log = [&console](const LogRecord& record) {
      console.detail(std::string(record.component) + ": " + std::string(record.message) +
                     (record.detail.empty() ? "" : " [" + std::string(record.detail) + "]"));
    };
  }
  return redis;
}

Commander::Commander(Loop& loop, const Options& options, std::string_view purpose, Console& console, const StopSignals& signals)
    : loop_(loop), options_(options), signals_(signals), client_(loop, connection_options(options, purpose, console)) {}

void Commander::connect() {
  client_.connect();
  wait([this] { return client_.state() == redis::State::ready || client_.last_error_is_refusal(); }, options_.common.timeout);
  if (client_.state() != redis::State::ready) {
    const std::string error = client_.last_error();
    throw Failure(ExitStatus::refused,
                  explain::no_connection(error.empty() ? "Redis did not answer in time." : error, options_.common));
  }
}

bool Commander::wait(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
  const bool result =
      loop_.run_until([&] { return signals_.pending() != 0 || done(); }, static_cast<std::uint64_t>(timeout.count()));
  if (signals_.pending() != 0) {
    throw Failure(static_cast<ExitStatus>(128 + signals_.pending()), "Interrupted.");
  }
  return result;
}

redis::CommandResult Commander::ask(const Words& words) {
  // The reply may arrive after this call has returned.
  const auto answer = std::make_shared<std::optional<redis::CommandResult>>();
  client_.command(words, [answer](redis::CommandResult result) { *answer = std::move(result); });
  if (!wait([&] { return answer->has_value(); }, options_.common.timeout)) {
    redis::CommandResult late;
    late.outcome = redis::Outcome::unconfirmed;
    late.message = "Redis did not answer in time.";
    return late;
  }
  return std::move(**answer);
}

std::vector<redis::CommandResult> Commander::ask_all(const std::vector<std::vector<std::string>>& commands) {
  redis::CommandResult late;
  late.outcome = redis::Outcome::unconfirmed;
  late.message = "Redis did not answer in time.";
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
    throw Failure(ExitStatus::refused, "Redis did not answer " + std::string(words.front()) + ": " +
                                           text::excerpt(result.message, 300) +
                                           (result.message.starts_with("NOPERM") ? " (the user is \"" + user + "\")" : ""));
  }
  return std::move(result.reply);
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

}  // namespace socketio::cli::fleet
