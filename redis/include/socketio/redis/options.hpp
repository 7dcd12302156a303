#pragma once

#include <chrono>
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

/// Handling of commands that are issued while there is no connection.
enum class OfflinePolicy : std::uint8_t {
  queue,        ///< wait, in order, up to queue_bytes_max; a command that does not fit fails
  drop_oldest,  ///< wait, in order; the command that has waited longest fails to make room
  fail,         ///< fail at once; but commands issued before the first attempt has failed wait for it
};

/// Kind of Redis deployment, which determines how the server is found.
enum class Topology : std::uint8_t {
  standalone,  ///< one server: `host` and `port`, or `unix_path`
  sentinel,    ///< the sentinels at `endpoints` know the current master, named `master_name`
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

/// Address of Redis, log-in, timeouts and limits.
struct Options {
  Topology topology = Topology::standalone;
  std::vector<Endpoint> endpoints;  ///< sentinels, or nodes of the cluster to ask first; at least one where they are used
  std::string master_name;          ///< with sentinels: the name of the master to connect to
  std::string sentinel_username;    ///< user at the sentinels; empty: their default user
  std::string sentinel_password;    ///< password at the sentinels; empty: no AUTH
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string unix_path;  ///< when not empty: a unix socket instead of host and port
  std::string username;   ///< empty: the default user
  std::string password;   ///< empty: no AUTH
  std::uint32_t database = 0;
  bool tls = false;             ///< TLS, as with a rediss: URL
  std::string tls_ca;           ///< PEM file of trusted certificate authorities; empty: the system's
  std::string tls_certificate;  ///< PEM file of the client certificate, for servers that request one
  std::string tls_key;          ///< PEM file of its key
  std::string tls_server_name;  ///< name that the server's certificate must be issued for; empty: `host`
  bool tls_insecure = false;    ///< accept any certificate of the server: for tests
  std::string client_name;      ///< name shown by CLIENT LIST; empty: none is set

  /// For asking sentinels, look-up, connect and log-in together.
  std::chrono::milliseconds connect_timeout = limits::connect_timeout;
  /// Time without any byte from Redis while a reply is pending, after which the connection counts as dead; 0: no limit. After a
  /// tenth of it no more commands are written until Redis replies.
  std::chrono::milliseconds command_timeout = limits::command_timeout;
  /// Time without any byte from Redis while no reply is pending, after which a PING is sent; 0: never.
  std::chrono::milliseconds keepalive = limits::keepalive;
  /// Delay before the second attempt in a row, and maximum of the growing delays. A connection that was ready for longer than
  /// backoff_max is replaced at once.
  std::chrono::milliseconds backoff_min = limits::backoff_min;
  std::chrono::milliseconds backoff_max = limits::backoff_max;
  /// After a reconnect, publishes wait twice as long as the connection was down, but at most this long: their subscribers may
  /// have been disconnected, too, and reconnect a little later. 0: publishes do not wait.
  std::chrono::milliseconds resume_wait_max{0};
  /// Replaces twice the time: publishes wait until this function returns true, at most resume_wait_max. Its argument is
  /// Counters::disconnects, the number of the outage. Called on the loop's thread each time something could be written, so it
  /// must be fast.
  std::function<bool(std::uint64_t disconnects)> resume_when = {};
  /// A connection that timed out because Redis sent nothing may only be frozen, and commands written to it may still be
  /// executed. It is kept open until the next connection is established, and then for this long; commands wait meanwhile, so
  /// that they do not overtake the written ones, which are reported as Outcome::unconfirmed all the same. 0: it is reset at
  /// once, which discards bytes not yet sent. Not used with Sentinel or Cluster, where the next connection may lead to another
  /// server.
  std::chrono::milliseconds silent_wait{0};
  std::size_t queue_bytes_max = limits::queue_bytes_max;
  std::size_t in_flight_max = limits::in_flight_max;
  std::size_t reply_bytes_max = limits::reply_bytes_max;
  /// Commands are written at the end of a loop turn, or when this many bytes are buffered; four times as many if they are fewer
  /// than 16 commands.
  std::size_t flush_bytes = 64 * 1024;
  OfflinePolicy offline = OfflinePolicy::queue;
  /// Time between refreshes of the slot map without a cause; 0: never.
  std::chrono::milliseconds cluster_refresh = limits::cluster_refresh;
  std::uint32_t cluster_redirects_max = limits::cluster_redirects_max;  ///< maximum redirections that one command follows
  /// Log function; empty: no log. Copied with the options into each connection (of a bus, of each stream's reader, of each node
  /// of a cluster): state that the copies must share has to be held by reference. Called on the thread of the connection's
  /// loop.
  Log log;
};

/// True if that many bytes of that many commands should be written before the end of the loop turn: see Options::flush_bytes.
/// Each write wakes Redis. Many small commands are best written soon, because Redis processes them meanwhile; large ones cost
/// up to 40 % less when several are written at once.
constexpr bool worth_a_write(std::size_t bytes, std::size_t commands, std::size_t flush_bytes) noexcept {
  return bytes >= flush_bytes && (commands >= 16 || bytes / 4 >= flush_bytes);
}

/// Reads a URL of one of these forms. User and password are percent-decoded; IPv6 is written `[::1]`. Members that the URL does
/// not set keep their defaults.
///
///   redis://[user:pass@]host[:port][/db]
///   unix:///path[?db=N]                                         or the older unix://user:pass@/path
///   redis+sentinel://[user:pass@]host[:port],.../master[/db]    port 26379; user and password are for the master
///   redis+cluster://[user:pass@]host[:port],...                 a cluster has database 0 only
///   rediss://  rediss+sentinel://  rediss+cluster://            the same with TLS, also to the sentinels
///
/// Fails      Error(bad_url) for anything else. The sentence never repeats a password.
SOCKETIO_API Options parse_url(std::string_view url);

/// Address in these options, for people: "redis://127.0.0.1:6379", "redis://[::1]:6379/2", "unix:///run/redis.sock?db=2",
/// "redis+sentinel://s1:26379,s2:26379/orders/2". Without user and password.
SOCKETIO_API std::string describe(const Options& options);

/// Address for people: "host:6379", "[::1]:6379".
SOCKETIO_API std::string describe(const Endpoint& endpoint);

}  // namespace socketio::redis
