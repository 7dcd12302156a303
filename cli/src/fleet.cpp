#include "fleet.hpp"

#include <algorithm>
#include <chrono>

#include <socketio/emitter/find_transport.hpp>
#include <socketio/redis/client.hpp>

#include "exit_status.hpp"
#include "explain.hpp"
#include "option_check.hpp"

namespace socketio::cli {
namespace {

constexpr std::uint32_t backoff_max_ms = 500;
/// How long a signal may go unnoticed.
constexpr std::uint64_t slice_ms = 100;

}  // namespace

redis::Options redis_options(const Options& options, Console& console) {
  const auto timeout_ms = static_cast<std::uint32_t>(options.timeout.count());
  redis::Options redis = options.redis;
  redis.connect_timeout_ms = timeout_ms;
  redis.command_timeout_ms = timeout_ms;
  redis.backoff_max_ms = std::max(redis.backoff_min_ms, std::min(backoff_max_ms, timeout_ms / 4));
  redis.queue_bytes_max = limits::message_bytes_max * 2;
  if (console.verbose()) {
    redis.log = [&console](const redis::LogRecord& record) {
      console.detail(std::string(record.component) + ": " + std::string(record.message) +
                     (record.detail.empty() ? "" : " [" + std::string(record.detail) + "]"));
    };
  }
  return redis;
}

std::string transports_text(const Options& options) {
  std::string text;
  for (const Transport transport : options.transports) {
    text += (text.empty() ? "" : " and ") + std::string(name_of(transport));
  }
  return text;
}

namespace {

/// What Redis tells about the fleet: `ask(client, done)` calls `done` once.
template <typename Found, typename Ask>
Found look(const Options& options, Console& console, const Signals& signals, const Ask& ask) {
  Loop loop;
  std::optional<Found> found;
  redis::Client client(loop, redis_options(options, console));
  client.connect();
  ask(client, [&found](const Found& result) { found = result; });
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  const auto failed = [&client] {
    return client.state() != redis::State::ready && client.counters().failed_attempts + client.counters().disconnects != 0;
  };
  while (!found && !failed() && signals.pending() == 0 && std::chrono::steady_clock::now() < deadline) {
    loop.run_until([&] { return found.has_value() || failed(); }, slice_ms);
  }
  if (signals.pending() != 0) {
    throw Failure(static_cast<ExitStatus>(128 + signals.pending()), "Interrupted; nothing was sent.");
  }
  if (!found) {
    const std::string& error = client.last_error();
    throw Failure(ExitStatus::refused,
                  explain::no_connection(error.empty() ? "Redis did not answer in time." : error, options));
  }
  return *std::move(found);
}

void find_transport(Options& options, Console& console, const Signals& signals) {
  const auto found = look<FoundTransport>(options, console, signals, [&options](redis::Client& client, auto done) {
    socketio::find_transport(client, options.fleet(Transport::classic), options.nsp, std::move(done));
  });
  if (!found.transport) {
    throw Failure(found.outcome == redis::Outcome::ok ? ExitStatus::usage : ExitStatus::refused, found.message);
  }
  options.transports = {*found.transport};
  console.detail("The fleet uses the transport " + transports_text(options) + ".");
  check_countable(options);
}

/// Server-side events for a streams fleet leave by PUBLISH. Lines of a batch may name any namespace.
bool may_endanger_classic(const Options& options) {
  const bool server_side = options.op == Op::server_side && !options.ack;  // who asks for answers looks for himself
  return options.uses(Transport::streams) && !options.dry_run && (server_side || options.input);
}

void find_classic_servers(Options& options, Console& console, const Signals& signals) {
  const auto found = look<FoundNamespaces>(options, console, signals, [&options](redis::Client& client, auto done) {
    const auto namespaces = options.input ? std::vector<std::string>{} : std::vector<std::string>{options.nsp};
    socketio::find_namespaces(client, options.fleet(Transport::streams), namespaces, std::move(done));
  });
  if (found.outcome != redis::Outcome::ok && !options.input) {
    throw Failure(
        ExitStatus::refused,
        "Whether classic servers listen with the same key, which this event would end, is not known: " + found.message);
  }
  options.beside_classic = found.outcome != redis::Outcome::ok || !found.classic.empty();
}

}  // namespace

void look_at_fleet(Options& options, Console& console, const Signals& signals) {
  if (options.transports.empty()) {
    find_transport(options, console, signals);
  }
  if (may_endanger_classic(options)) {
    find_classic_servers(options, console, signals);
  }
}

}  // namespace socketio::cli
