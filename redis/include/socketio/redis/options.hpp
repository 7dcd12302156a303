#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/log.hpp>

namespace socketio::redis {

/// What happens to commands given while there is no connection.
enum class OfflinePolicy : std::uint8_t {
  queue,        ///< wait, in order, up to queue_bytes_max; what does not fit fails
  drop_oldest,  ///< wait, in order; what has waited longest fails to make room
  fail,         ///< fail at once; but what is given before the first attempt has failed waits for it
};

/// What Redis is made of, and so how the server to talk to is found.
enum class Topology : std::uint8_t {
  standalone,  ///< one server: `host` and `port`, or `unix_path`
  sentinel,    ///< the sentinels at `endpoints` know which server is the master `master_name` now
  cluster,     ///< a Redis Cluster; `endpoints` are some of its nodes
};

/// A host (name or address) and port.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

using socketio::Log;
using socketio::LogLevel;
using socketio::LogRecord;

/// How to reach Redis, and what may be spent on it.
struct Options {
  Topology topology = Topology::standalone;
  std::vector<Endpoint> endpoints;  ///< of sentinels, or of nodes to learn the cluster from; at least one where they are used
  std::string master_name;          ///< with sentinels: which of the masters that they watch
  std::string sentinel_username;    ///< the sentinels' own log-in; empty: their default user
  std::string sentinel_password;    ///< empty: no AUTH at the sentinels
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string unix_path;  ///< when not empty: a unix socket instead of host and port
  std::string username;   ///< empty: the default user
  std::string password;   ///< empty: no AUTH
  std::uint32_t database = 0;
  bool tls = false;             ///< rediss:
  std::string tls_ca;           ///< PEM file of the authorities that are trusted; empty: the system's
  std::string tls_certificate;  ///< PEM file with our own certificate, for servers that ask for one
  std::string tls_key;          ///< PEM file with its key
  std::string tls_server_name;  ///< that the server's certificate must be for; empty: `host`
  bool tls_insecure = false;    ///< whatever certificate the server has is good: for tests
  std::string client_name;      ///< shown by CLIENT LIST; empty: none is set

  std::uint32_t connect_timeout_ms = limits::connect_timeout_ms;  ///< asking sentinels, look-up, connect and log-in together
  std::uint32_t command_timeout_ms =
      limits::command_timeout_ms;  ///< Redis owes an answer and has been silent for so long: it counts as dead; 0: for ever.
                                   ///< After a tenth of it no more commands are written until it answers.
  std::uint32_t keepalive_ms = limits::keepalive_ms;  ///< Redis owes nothing and has been silent for so long: it gets a PING,
                                                      ///< which it owes an answer to; 0: never
  /// The wait before the second attempt in a row. A connection that was ready for longer than backoff_max_ms is replaced at
  /// once.
  std::uint32_t backoff_min_ms = limits::backoff_min_ms;
  std::uint32_t backoff_max_ms = limits::backoff_max_ms;
  /// When a connection is back, publishes wait twice as long as it was away, but at most so long: those who are to hear them
  /// may have been away as well, and be back a little later. 0: they do not wait.
  std::uint32_t resume_wait_max_ms = 0;
  /// Instead of twice the time: publishes wait until this says true, at most resume_wait_max_ms. It gets Counters::disconnects,
  /// the number of the outage. Asked on the loop's thread each time something could be written, so it must be quick.
  std::function<bool(std::uint64_t disconnects)> resume_when = {};
  /// A connection that is given up because Redis is silent may only be frozen, and what was written to it not lost. It is kept
  /// until the next one stands, and then for so long; commands wait meanwhile, so as not to overtake. What was written ends as
  /// Outcome::unconfirmed all the same. 0: it is taken back at once. Not with Sentinel or Cluster, where another server may be
  /// next.
  std::uint32_t silent_wait_ms = 0;
  std::size_t queue_bytes_max = limits::queue_bytes_max;
  std::size_t in_flight_max = limits::in_flight_max;
  std::size_t reply_bytes_max = limits::reply_bytes_max;
  /// Commands are written at the end of a loop turn, or when so many bytes have gathered; of fewer than 16 commands, four times
  /// as many.
  std::size_t flush_bytes = 64 * 1024;
  OfflinePolicy offline = OfflinePolicy::queue;
  std::uint32_t cluster_refresh_ms =
      limits::cluster_refresh_ms;  ///< how often a cluster is asked for its slots without a cause; 0: never
  std::uint32_t cluster_redirects_max = limits::cluster_redirects_max;  ///< how often one command follows a redirection
  /// Empty: silent. Copied with the options into each connection (of a bus, of each stream's reader, of each node of a
  /// cluster): a function with state of its own has it several times; let it refer to what is to be shared. Called on the
  /// thread of the connection's loop.
  Log log;
};

/// Whether so many bytes of so many commands are worth a write before the end of the loop turn: see Options::flush_bytes. Each
/// write wakes Redis. Many small commands are best written soon, as Redis works on them meanwhile; large ones cost up to 40 %
/// less when several are written at once.
constexpr bool worth_a_write(std::size_t bytes, std::size_t commands, std::size_t flush_bytes) noexcept {
  return bytes >= flush_bytes && (commands >= 16 || bytes / 4 >= flush_bytes);
}

/// Reads one of these. User and password are percent-decoded; IPv6 is written `[::1]`. Members of which a URL says nothing keep
/// their defaults.
///
///   redis://[user:pass@]host[:port][/db]
///   unix:///path[?db=N]                                         or the older unix://user:pass@/path
///   redis+sentinel://[user:pass@]host[:port],.../master[/db]    port 26379; user and password are for the master
///   redis+cluster://[user:pass@]host[:port],...                 a cluster has database 0 only
///   rediss://  rediss+sentinel://  rediss+cluster://            the same by TLS, to sentinels too
///
/// Fails      Error(bad_url) for anything else. The sentence never repeats a password.
SOCKETIO_API Options parse_url(std::string_view url);

/// Where these options lead, for people: "redis://127.0.0.1:6379", "redis://[::1]:6379/2", "unix:///run/redis.sock?db=2",
/// "redis+sentinel://s1:26379,s2:26379/orders/2". Without user and password.
SOCKETIO_API std::string describe(const Options& options);

/// "host:6379", "[::1]:6379".
SOCKETIO_API std::string describe(const Endpoint& endpoint);

}  // namespace socketio::redis
