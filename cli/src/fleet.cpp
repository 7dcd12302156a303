#include "fleet.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <socketio/emitter/find_transport.hpp>
#include <socketio/redis/client.hpp>

#include "exit_status.hpp"
#include "explain.hpp"
#include "option_check.hpp"
#include "text.hpp"
#include "units.hpp"

namespace socketio::cli {
namespace {

constexpr std::uint32_t backoff_max_ms = 500;
/// How long a signal may go unnoticed.
constexpr std::uint64_t look_slice_ms = 100;

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
    loop.run_until([&] { return found.has_value() || failed(); }, look_slice_ms);
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

std::size_t servers_by(const FoundTransport& found, Transport transport) {
  switch (transport) {
    case Transport::classic: return found.classic_servers;
    case Transport::sharded: return found.sharded_servers;
    case Transport::streams: return found.streams_servers + (found.has_stream ? found.sharded_servers : 0);
    default: return 0;
  }
}

/// "sharded (2 servers)", "classic (1 server) and streams (3 servers)".
std::string listeners_text(const FoundTransport& found) {
  std::string text;
  for (const auto& [transport, count] : {std::pair{Transport::classic, found.classic_servers},
                                         {Transport::sharded, found.sharded_servers},
                                         {Transport::streams, found.streams_servers}}) {
    if (count != 0) {
      text += (text.empty() ? "" : " and ") + std::string(name_of(transport)) + " (" + units::counted(count, "server") + ")";
    }
  }
  return text;
}

/// The named transport is good when somebody listens by it, or nobody by any.
void check_named(const Options& options, const FoundTransport& found) {
  const auto listens = [&found](Transport transport) { return servers_by(found, transport) != 0; };
  if (options.force_transport || found.nobody() || std::any_of(options.transports.begin(), options.transports.end(), listens)) {
    return;
  }
  const Transport instead = found.transport.value_or(found.classic_servers != 0   ? Transport::classic
                                                     : found.sharded_servers != 0 ? Transport::sharded
                                                                                  : Transport::streams);
  throw Failure(ExitStatus::refused, "The servers listen by " + listeners_text(found) + " in namespace " +
                                         text::excerpt(options.nsp) + " with the key \"" + text::excerpt(options.key) +
                                         "\", not by " + transports_text(options) +
                                         ": no client would get it. Use --transport " + std::string(name_of(instead)) +
                                         ", or add --force-transport to send it all the same.");
}

void check_streams(const FoundTransport& found) {
  if (found.stream_count == 0) {
    fail_usage(
        "The fleet has several streams, and which one the servers use for this namespace cannot be seen: give the "
        "servers' streamCount with --stream-count. " +
        (found.transport ? std::string() : text::excerpt(found.message, 400)));
  }
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

std::uint64_t servers_of(const Options& options, const FoundTransport& found) {
  return (options.uses(Transport::classic) ? found.classic_servers : 0) +
         (options.uses(Transport::sharded) ? found.sharded_servers : 0) +
         (options.uses(Transport::streams) ? found.streams_servers : 0);
}

std::uint64_t taps_of(const Options& options, const FoundTransport& found) {
  return options.uses(Transport::sharded) ? found.sharded_taps : 0;
}

bool looks_at_fleet(const Options& options) {
  return !options.dry_run && !(options.force_transport && !options.require_receivers);
}

void choose_transport(Options& options, Console& console, const FoundTransport& found) {
  const bool tells = found.outcome == redis::Outcome::ok;
  if (options.transport_choice == TransportChoice::named) {
    if (tells) {
      check_named(options, found);
      if (options.uses(Transport::streams)) {
        check_streams(found);
        options.stream_count = found.stream_count;
      }
    }
    return;
  }
  check_streams(found);
  const bool by_default = options.transport_choice == TransportChoice::by_default;
  if (found.transport) {
    options.transports = {*found.transport};
    options.stream_count = found.stream_count;
  } else if (by_default && (found.nobody() || found.outcome == redis::Outcome::refused)) {
    options.transports = {Transport::classic};
    if (found.nobody()) {
      if (console.output() == Output::json) {  // in text the summary says so
        console.note("No server listens in namespace " + text::excerpt(options.nsp) + " with the key \"" +
                     text::excerpt(options.key) + "\", by any transport; sent as classic.");
      }
    } else if (found.message.find("NOPERM") != std::string::npos) {
      console.note("Sent as classic, for Redis does not tell who listens (" + text::excerpt(found.message, 300) +
                   "). --transport names another one.");
    }
  } else {
    throw Failure(tells ? ExitStatus::usage : ExitStatus::refused, text::excerpt(found.message, 600));
  }
  console.detail("The fleet uses the transport " + transports_text(options) + ".");
  check_countable(options);
}

void look_at_fleet(Options& options, Console& console, const Signals& signals) {
  if (looks_at_fleet(options)) {
    const auto found = look<FoundTransport>(options, console, signals, [&options](redis::Client& client, auto done) {
      socketio::find_transport(client, options.fleet(Transport::classic), options.nsp, std::move(done));
    });
    choose_transport(options, console, found);
  }
}

void look_for_classic(Options& options, Console& console, const Signals& signals) {
  if (may_endanger_classic(options)) {
    find_classic_servers(options, console, signals);
  }
}

}  // namespace socketio::cli
