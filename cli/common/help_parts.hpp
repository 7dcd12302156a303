#pragma once

#include <algorithm>
#include <array>
#include <string_view>

// Parts of the help texts that both tools share.
namespace socketio::cli::help_parts {

/// The options for the connection to Redis.
inline constexpr std::string_view connection =
    R"(  -r, --redis URL          redis://[user:password@]host[:port][/database],
                           rediss://... for TLS, unix:///path,
                           redis+sentinel://host:port,.../master[/database]
                           or redis+cluster://host:port,... (default
                           redis://127.0.0.1:6379)
      --user USER          ACL user of Redis to log in as
      --password-file FILE file whose first line is the password of Redis
      --sentinel-user USER user to log in to the sentinels as
      --sentinel-password-file FILE
                           file whose first line is the sentinels' password
      --tls-ca FILE        with rediss: the authority to trust, instead of the
                           system's
      --tls-insecure       accept any certificate: for tests
      --tls-cert FILE, --tls-key FILE
                           client certificate and its key
)";

inline constexpr std::string_view environment =
    R"(Environment: SOCKETIO_REDIS, else REDIS_URL (--redis); SOCKETIO_REDIS_PASSWORD;
SOCKETIO_SENTINEL_PASSWORD; SOCKETIO_KEY; SOCKETIO_TRANSPORT; NO_COLOR.
)";

template <const std::string_view&... parts>
constexpr auto joined_characters() {
  std::array<char, (parts.size() + ...)> characters{};
  char* end = characters.data();
  ((end = std::copy(parts.begin(), parts.end(), end)), ...);
  return characters;
}

template <const std::string_view&... parts>
inline constexpr auto joined_array = joined_characters<parts...>();

/// The parts as one text, made by the compiler.
template <const std::string_view&... parts>
inline constexpr std::string_view joined{joined_array<parts...>.data(), joined_array<parts...>.size()};

}  // namespace socketio::cli::help_parts
