#include "fleet.hpp"

#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/glob.hpp>
#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/sharded_channels.hpp>
#include <socketio/protocol/stream_names.hpp>

#include "common/exit_status.hpp"
#include "common/explain.hpp"
#include "common/option_check.hpp"
#include "common/text.hpp"

namespace socketio::cli {
namespace {

constexpr std::chrono::milliseconds backoff_max{500};

}  // namespace

redis::Options redis_options(const Options& options, Console& console) {
  redis::Options redis = options.redis;
  redis.connect_timeout = options.timeout;
  redis.command_timeout = options.timeout;
  redis.backoff_max = std::max(redis.backoff_min, std::min(backoff_max, options.timeout / 4));
  redis.queue_bytes_max = limits::message_bytes_max * 2;
  if (console.verbose()) {
    redis.log = console.log();
  }
  return redis;
}

std::string transports_text(const Options& options) {
  return text::joined(options.transports, " and ", [](Transport transport) { return name_of(transport); });
}

EmitterOptions emitter_options(const Options& options) {
  EmitterOptions emitter;
  static_cast<Fleet&>(emitter) = options;
  if (options.transports.empty()) {  // found before the first emit
    emitter.transport = Transport::automatic;
  } else {
    emitter.transport = options.transports.front();
    emitter.also.assign(options.transports.begin() + 1, options.transports.end());
  }
  return emitter;
}

bool goes_to_all_servers(const Options& options, const OwnedOperation& operation) {
  const std::vector<Room>& rooms = operation.target.rooms;
  return !(options.uses(Transport::sharded) && operation.kind == Op::emit && rooms.size() == 1 &&
           sharded_channels::has_channel(options.sharded_mode, rooms.front()));
}

namespace {

std::size_t servers_by(const FoundTransport& found, Transport transport) {
  switch (transport) {
    case Transport::classic: return found.classic_servers;
    case Transport::sharded: return found.use_sharded_pubsub ? 0 : found.sharded_servers;
    case Transport::streams:
      return found.streams_servers + (found.has_stream || found.use_sharded_pubsub ? found.sharded_servers : 0);
    default: return 0;
  }
}

/// Transports in use and their servers, such as "sharded (2 servers)" or "classic (1 server) and streams (3 servers)".
std::string listeners_text(const FoundTransport& found) {
  std::string text;
  for (const auto& [transport, count] :
       {std::pair{Transport::classic, found.classic_servers},
        {Transport::sharded, servers_by(found, Transport::sharded)},
        {Transport::streams, found.use_sharded_pubsub ? servers_by(found, Transport::streams) : found.streams_servers}}) {
    if (count != 0) {
      text += (text.empty() ? "" : " and ") + std::string(name_of(transport)) + " (" + units::counted(count, "server") + ")";
    }
  }
  return text;
}

/// Refuses the named transports when they have no servers and another transport has some.
void check_named(const Options& options, const FoundTransport& found) {
  if (const std::string problem = other_transport_problem(options, found, options.nsp); !problem.empty()) {
    fail_refused(problem);
  }
}

/// The transport of the fleet. It is known to be streams even when only the stream is uncertain.
std::optional<Transport> transport_of(const FoundTransport& found) {
  const bool only_stream = !found.stream_message.empty() && found.message == found.stream_message;
  return only_stream ? std::optional(Transport::streams) : found.transport;
}

std::string stream_of(const Options& options, std::uint32_t count) {
  Fleet fleet = options;
  fleet.stream_count = count;
  return name_by([&](Buffer& out) { stream_names::append(out, fleet, options.nsp); });
}

/// Refuses a stream that the servers do not read, and names the one that they read. Requires an option when the stream is
/// unknown.
void check_streams(const Options& options, Console& console, const FoundTransport& found) {
  constexpr std::string_view forced = "add --transport streams --force-transport to send it all the same.";
  if (options.force_transport || servers_by(found, Transport::streams) == 0) {
    return;
  }
  if (found.is_read_elsewhere) {
    fail_refused(text::excerpt(found.stream_message, 400) +
                 (found.seen_stream_name.empty()
                      ? " Or "
                      : " Use --stream-name " + text::shell_quoted(found.seen_stream_name) + ", or ") +
                 std::string(forced));
  }
  if (!options.stream_count_given && found.stream_count == 0) {
    fail_usage(
        "Which stream the servers use for this namespace is not known: give the servers' streamCount with --stream-count. " +
        text::excerpt(found.stream_message, 400));
  }
  if (!options.stream_count_given && options.input && found.is_stream_of_namespace_only) {
    fail_usage("The servers' streamCount is not certain: what Redis shows tells the stream of namespace " +
               text::excerpt(options.nsp) + " only, and lines may name others. Give it with --stream-count.");
  }
  const auto seen = found.seen_stream_count;
  if (options.stream_count_given && seen && stream_of(options, *seen) != stream_of(options, options.stream_count)) {
    fail_refused("The fleet has " + units::counted(*seen, "stream") + ", not " + std::to_string(options.stream_count) +
                 ": nobody reads \"" + text::excerpt(stream_of(options, options.stream_count)) + "\". Use --stream-count " +
                 std::to_string(*seen) + ", or " + std::string(forced));
  }
  if (!found.has_own_stream) {
    console.note(
        "There is no stream \"" + text::excerpt(stream_of(options, found.stream_count == 0 ? 1 : options.stream_count)) +
        "\" yet, so it is not known whether the servers read it. If their streamName is another one, nobody gets this: "
        "--stream-name.");
  }
}

/// Refuses a single node of a Redis Cluster, which knows only its own subscribers and keys. Classic servers are an exception:
/// PUBLISH reaches the subscribers of all nodes.
void check_cluster_node(Options& options, const FoundTransport& found) {
  options.one_cluster_node = found.is_cluster_node && options.redis.topology != redis::Topology::cluster;
  const bool only_classic = options.transport_choice == TransportChoice::named && !options.uses(Transport::sharded) &&
                            !options.uses(Transport::streams);
  if (options.one_cluster_node && !only_classic && !options.force_transport) {
    fail_refused(explain::one_cluster_node(options) + " (Classic servers are reached by one node, too: --transport classic.)");
  }
}

void take_streams(Options& options, const FoundTransport& found) {
  if (!options.stream_count_given) {
    options.stream_count = found.stream_count == 0 ? 1 : found.stream_count;
  }
  options.use_sharded_pubsub = found.streams_servers == 0 && servers_by(found, Transport::streams) != 0;
}

/// True if a server-side event may reach classic servers: a streams fleet receives it by PUBLISH. Lines of a batch may name any
/// namespace.
bool may_endanger_classic(const Options& options) {
  const bool server_side = options.op == Op::server_side && !options.ack;  // with --ack, the asker checks this itself
  return options.uses(Transport::streams) && !options.dry_run && (server_side || options.input);
}

void find_classic_servers(Options& options, Console& console, const Signals& signals) {
  const auto found = query<FoundNamespaces>(options, console, signals, [&options](redis::Client& client, auto done) {
    const auto namespaces = options.input ? std::vector<std::string>{} : std::vector<std::string>{options.nsp};
    socketio::find_namespaces(client, options.fleet(Transport::streams), namespaces, std::move(done));
  });
  if (found.outcome != redis::Outcome::ok && !options.input) {
    fail_refused("Whether classic servers listen with the same key, which this event would end, is not known: " +
                 found.message);
  }
  options.beside_classic = found.outcome != redis::Outcome::ok || !found.classic.empty();
}

}  // namespace

std::string other_transport_problem(const Options& options, const FoundTransport& found, const std::string& nsp) {
  const auto listens = [&found](Transport transport) { return servers_by(found, transport) != 0; };
  if (options.force_transport || found.outcome != redis::Outcome::ok || found.nobody() ||
      std::any_of(options.transports.begin(), options.transports.end(), listens)) {
    return {};
  }
  const Transport instead = found.transport.value_or(found.classic_servers != 0                   ? Transport::classic
                                                     : servers_by(found, Transport::sharded) != 0 ? Transport::sharded
                                                                                                  : Transport::streams);
  return "The servers listen by " + listeners_text(found) + " in namespace " + text::excerpt(nsp) + " with the key \"" +
         text::excerpt(options.key) + "\", not by " + transports_text(options) + ": no client would get it. Use --transport " +
         std::string(name_of(instead)) + ", or add --force-transport to send it all the same.";
}

std::uint64_t servers_of(const Options& options, const FoundTransport& found) {
  const bool by_shards = options.uses(Transport::sharded) || (options.uses(Transport::streams) && options.use_sharded_pubsub);
  return (options.uses(Transport::classic) ? found.classic_servers : 0) + (by_shards ? found.sharded_servers : 0) +
         (options.uses(Transport::streams) ? found.streams_servers : 0);
}

std::uint64_t strangers_of(const Options& options, const FoundTransport& found) {
  return options.uses(Transport::sharded) || options.use_sharded_pubsub ? found.sharded_strangers : 0;
}

std::uint64_t taps_of(const Options& options, const FoundTransport& found) {
  return options.uses(Transport::sharded) || options.use_sharded_pubsub ? found.sharded_taps : 0;
}

std::uint64_t beside_of(const Options& options, const FoundTransport& found) {
  return options.uses(Transport::classic) && !options.uses(Transport::streams) ? found.streams_servers : 0;
}

bool looks_at_fleet(const Options& options) {
  return !options.dry_run && !(options.force_transport && !options.require_receivers);
}

void choose_transport(Options& options, Console& console, const FoundTransport& found) {
  const bool tells = found.outcome == redis::Outcome::ok;
  if (const std::size_t without_login = found.message.find("NOAUTH"); !tells && without_login != std::string::npos) {
    fail_refused(explain::refusal(found.message.substr(without_login), options, options.op, {}));
  }
  if (options.require_receivers && !tells) {
    fail_refused("--require-receivers needs to know how many servers there are, and Redis does not tell (" +
                 text::excerpt(found.message, 300) + "). Let the user use +pubsub.");
  }
  check_cluster_node(options, found);
  if (options.transport_choice == TransportChoice::named) {
    if (tells) {
      check_named(options, found);
      if (options.uses(Transport::streams)) {
        check_streams(options, console, found);
        take_streams(options, found);
      }
    } else {
      console.detail(text::excerpt(found.message, 300));
    }
    check_countable(options);
    return;
  }
  const bool by_default = options.transport_choice == TransportChoice::by_default;
  if (const auto transport = transport_of(found)) {
    options.transports = {*transport};
    if (*transport == Transport::streams) {
      check_streams(options, console, found);
      take_streams(options, found);
    }
  } else if (by_default && (found.nobody() || found.outcome == redis::Outcome::refused)) {
    options.transports = {Transport::classic};
    if (!found.nobody()) {
      console.note("Sent as classic, for Redis does not tell who listens (" + text::excerpt(found.message, 300) +
                   "). --transport names another one.");
    } else if (console.output() == Output::json) {  // text output has this in the summary
      console.note("No server listens in namespace " + text::excerpt(options.nsp) + " with the key \"" +
                   text::excerpt(options.key) + "\", by any transport; sent as classic.");
    }
  } else {
    throw Failure(tells ? ExitStatus::usage : ExitStatus::refused, text::excerpt(found.message, 600));
  }
  console.detail("The fleet uses the transport " + transports_text(options) + ".");
  check_countable(options);
}

void look_for_room_channels(Options& options, Console& console, const Signals& signals) {
  if (!options.uses(Transport::sharded)) {
    return;
  }
  Buffer rooms;
  sharded_channels::append_pattern(rooms, options.key, options.nsp);
  const auto ask = [&rooms](redis::Client& client, const std::function<void(const redis::CommandResult&)>& done) {
    const std::array<std::string_view, 3> words{"PUBSUB", "SHARDCHANNELS", rooms.text()};
    client.command(words, done);
  };
  try {
    const auto channels = query<redis::CommandResult>(options, console, signals, ask);
    constexpr std::string_view digits = "0123456789abcdef";
    const auto is_room = [&](const redis::Reply& channel) {  // not the channel of a server's or an asker's uid
      const std::string_view name = std::string_view(channel.text).substr(options.key.size() + options.nsp.size() + 2);
      return !name.starts_with("asker-") &&
             (name.size() != ids::hex_size + 1 || name.find_first_not_of(digits) != ids::hex_size);
    };
    options.no_room_channels = channels.outcome == redis::Outcome::ok &&
                               std::none_of(channels.reply.elements.begin(), channels.reply.elements.end(), is_room);
  } catch (const Failure&) {
    return;
  }
}

void find_older_servers(redis::Client& client, const Options& options, const std::string& nsp,
                        std::function<void(const OlderServers&)> done) {
  struct Replies {
    std::size_t waiting = 2;
    std::uint64_t all = 0;
    std::uint64_t own = 0;
    OlderServers older;
  };
  const std::string shared = name_by([&](Buffer& out) { classic_channels::append_response(out, options.key, nsp); });
  const std::string pattern = name_by([&](Buffer& out) { glob::append_escaped(out, shared); }) + "?*#";
  const auto replies = std::make_shared<Replies>();
  const auto ask = [&client, replies, done = std::move(done)](std::string_view what, const std::string& channel, auto take) {
    client.command(std::array<std::string_view, 3>{"PUBSUB", what, channel}, [replies, done, take](const auto& result) {
      if (result.outcome == redis::Outcome::ok) {
        take(*replies, result.reply.elements);
      } else if (replies->older.outcome != redis::Outcome::refused) {
        replies->older.outcome = result.outcome;
        replies->older.message = result.message;
      }
      if (--replies->waiting == 0) {
        if (replies->older.outcome == redis::Outcome::ok) {
          replies->older.count = replies->all - std::min(replies->all, replies->own);
        }
        done(replies->older);
      }
    });
  };
  ask("NUMSUB", shared, [](Replies& got, const auto& counted) {
    got.all = counted.size() == 2 ? static_cast<std::uint64_t>(counted[1].integer) : 0;
  });
  ask("CHANNELS", pattern, [](Replies& got, const auto& channels) { got.own = channels.size(); });
}

std::string older_servers_text(const OlderServers& older, const std::string& nsp) {
  return units::counted(older.count, "server") + " in namespace " + text::excerpt(nsp) + (older.count == 1 ? " is" : " are") +
         " of an older generation (socket.io-redis 6 or redis-adapter 7.0)";
}

void look_at_fleet(Options& options, Console& console, const Signals& signals) {
  if (looks_at_fleet(options)) {
    const auto found = query<FoundTransport>(options, console, signals, [&options](redis::Client& client, auto done) {
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
