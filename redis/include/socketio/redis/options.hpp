#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>

namespace socketio::redis {

/// What happens to commands given while there is no connection.
enum class OfflinePolicy : std::uint8_t {
  queue,        ///< wait, in order, up to queue_bytes_max; what does not fit fails
  drop_oldest,  ///< wait, in order; what has waited longest fails to make room
  fail,         ///< fail at once; but what is given before the first attempt has failed waits for it
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// One thing the library has to say. Views are good during the call.
struct LogRecord {
  LogLevel level;
  std::string_view component;  ///< "redis", "emitter"
  std::string_view message;    ///< a sentence; never holds a password
  std::string_view detail;     ///< what belongs to it: an address, Redis' own error text; may be empty
};
using Log = std::function<void(const LogRecord&)>;

/// How to reach Redis, and what may be spent on it.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string unix_path;  ///< when not empty: a unix socket instead of host and port
  std::string username;   ///< empty: the default user
  std::string password;   ///< empty: no AUTH
  std::uint32_t database = 0;
  std::string client_name;  ///< shown by CLIENT LIST; empty: none is set

  std::uint32_t connect_timeout_ms = limits::connect_timeout_ms;  ///< address look-up, connect, AUTH and SELECT together
  std::uint32_t command_timeout_ms =
      limits::command_timeout_ms;  ///< Redis owes an answer and has been silent for so long: it counts as dead; 0: for ever
  std::uint32_t backoff_min_ms = limits::backoff_min_ms;
  std::uint32_t backoff_max_ms = limits::backoff_max_ms;
  std::size_t queue_bytes_max = limits::queue_bytes_max;
  std::size_t in_flight_max = limits::in_flight_max;
  std::size_t reply_bytes_max = limits::reply_bytes_max;
  std::size_t flush_bytes = 64 * 1024;  ///< commands are written at the end of a loop turn, or when so many bytes have gathered
  OfflinePolicy offline = OfflinePolicy::queue;
  Log log;  ///< empty: silent
};

/// Reads `redis://[user:pass@]host[:port][/db]` or `unix:///path[?db=N]` (the older `unix://user:pass@/path`, too). User and
/// password are percent-decoded; IPv6 is written `[::1]`. Everything a URL can say; the other members keep their defaults.
///
/// Fails      Error(bad_url) for what is no such URL, Error(unsupported_url) for rediss:, redis+sentinel: and redis+cluster:
/// forms.
///            The sentence never repeats a password.
SOCKETIO_API Options parse_url(std::string_view url);

/// Where these options lead, for people: "redis://127.0.0.1:6379", "redis://[::1]:6379/2", "unix:///run/redis.sock?db=2".
/// Without user and password.
SOCKETIO_API std::string describe(const Options& options);

}  // namespace socketio::redis
