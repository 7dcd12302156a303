#include "older_servers.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/glob.hpp>

#include "common/exit_status.hpp"
#include "common/explain.hpp"
#include "fleet.hpp"
#include "common/text.hpp"
#include "common/units.hpp"

namespace socketio::cli {
namespace {

using redis::CommandResult;
using redis::Outcome;

/// Longest wait between two checks for signals.
constexpr std::uint64_t answers_slice_ms = 100;

struct Answers {
  std::optional<CommandResult> all;  ///< subscribers of the response channel that all servers share
  std::optional<CommandResult> own;  ///< response channels of single servers
  [[nodiscard]] bool are_there() const { return all.has_value() && own.has_value(); }
};

/// Queries Redis for both. The results are empty when there is no connection, or no reply in time.
Answers ask(Loop& loop, const Options& options, Console& console, const Signals& signals) {
  Buffer shared;
  classic_channels::append_response(shared, options.key, options.nsp);
  Buffer pattern;
  glob::append_escaped(pattern, shared.text());
  pattern.append("?*#");
  Answers answers;
  redis::Client client(loop, redis_options(options, console));
  client.connect();
  const std::array<std::string_view, 3> count{"PUBSUB", "NUMSUB", shared.text()};
  client.command(count, [&answers](CommandResult result) { answers.all = std::move(result); });
  const std::array<std::string_view, 3> channels{"PUBSUB", "CHANNELS", pattern.text()};
  client.command(channels, [&answers](CommandResult result) { answers.own = std::move(result); });
  const auto failed = [&client] {
    return client.state() != redis::State::ready && client.counters().failed_attempts + client.counters().disconnects != 0;
  };
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  while (!answers.are_there() && !failed() && signals.pending() == 0 && std::chrono::steady_clock::now() < deadline) {
    loop.run_until([&] { return answers.are_there() || failed(); }, answers_slice_ms);
  }
  const Answers in_time = answers;  // results from closing the client come too late
  return in_time;
}

}  // namespace

void refuse_older_servers(Loop& loop, const Options& options, Console& console, const Signals& signals) {
  if (!options.uses(Transport::classic)) {
    return;
  }
  const Answers answers = ask(loop, options, console, signals);
  if (signals.pending() != 0) {
    throw Failure(static_cast<ExitStatus>(128 + signals.pending()), "Interrupted; nothing was sent.");
  }
  if (!answers.are_there()) {
    return;
  }
  for (const CommandResult* const result : {&*answers.all, &*answers.own}) {
    if (result->outcome == Outcome::refused) {
      throw Failure(ExitStatus::refused, explain::not_asked(result->message, options));
    }
    if (result->outcome != Outcome::ok) {
      return;
    }
  }
  const auto& count = answers.all->reply.elements;
  const std::uint64_t all = count.size() == 2 ? static_cast<std::uint64_t>(count[1].integer) : 0;
  const std::uint64_t own = answers.own->reply.elements.size();
  if (all > own) {
    const std::uint64_t older = all - own;
    throw Failure(ExitStatus::refused,
                  "Nothing was sent: " + units::counted(older, "server") + " in namespace " + text::excerpt(options.nsp) +
                      (older == 1 ? " is" : " are") +
                      " of an older generation (socket.io-redis 6 or redis-adapter 7.0), and a broadcast that asks for "
                      "acknowledgements would end " +
                      (older == 1 ? "it." : "them.") +
                      " Emit without --ack, or give all servers @socket.io/redis-adapter 7.2 or newer.");
  }
}

}  // namespace socketio::cli
