// Redis URLs. No error message here repeats a part of a URL that may hold a password.

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/common/hex.hpp>
#include <socketio/redis/options.hpp>

namespace socketio::redis {
namespace {

/// Maximum number of a database: Redis counts them in an int.
constexpr std::uint32_t database_max = 2'147'483'647;
/// Maximum size of a unix socket's path: the system's address has room for this, and a final zero.
constexpr std::size_t unix_path_max = 107;

constexpr std::uint16_t redis_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;
/// Maximum number of sentinels, or of first nodes of a cluster; no deployment has more.
constexpr std::size_t endpoints_max = 1'000;

constexpr std::string_view no_known_scheme =
    "it does not begin with redis://, rediss:// or unix://; write redis://[user:password@]host[:port][/database], the same "
    "with rediss:// for TLS, unix:///path/of/the/socket, redis+sentinel://host:port,host:port/master-name[/database], or "
    "redis+cluster://host:port,host:port";

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(ErrorCode::bad_url, "This is not a Redis URL: " + sentence + ".");
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') {
      letter = static_cast<char>(letter - 'A' + 'a');
    }
  }
  return result;
}

std::string percent_decoded(std::string_view text, const char* what) {
  std::string result;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] != '%') {
      result.push_back(text[index]);
      continue;
    }
    const int byte = hex::byte(text.substr(index + 1));
    if (byte < 0) {
      refuse(std::string("in the ") + what + ", % is not followed by two hexadecimal digits; write a percent sign as %25");
    }
    result.push_back(static_cast<char>(byte));
    index += 2;
  }
  return result;
}

template <typename Number>
std::optional<Number> number(std::string_view text, Number max) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text[0] == '-' || error != std::errc() || end != text.data() + text.size() || value > max) {
    return std::nullopt;
  }
  return value;
}

void read_user_info(std::string_view text, Options& options) {
  const std::size_t colon = text.find(':');
  options.username = percent_decoded(text.substr(0, colon), "user name");
  if (colon != std::string_view::npos) {
    options.password = percent_decoded(text.substr(colon + 1), "password");
  }
}

std::uint16_t read_port(std::string_view text) {
  const auto port = number<std::uint32_t>(text, 65'535);
  if (!port || *port == 0) {
    refuse("the port after the host must be a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(*port);
}

bool is_host_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '.' ||
         byte == '-' || byte == '_' || (static_cast<unsigned char>(byte) & 0x80U) != 0;
}

bool is_ipv6_byte(char byte) { return hex::digit(byte) >= 0 || byte == ':' || byte == '.'; }

/// Reads `[::1]:6379`, with an optional %interface inside the brackets.
void read_ipv6(std::string_view text, Endpoint& endpoint) {
  const std::size_t bracket = text.find(']');
  if (bracket == std::string_view::npos) {
    refuse("the bracket before an IPv6 address is not closed");
  }
  const std::string_view address = text.substr(1, bracket - 1);
  const std::string_view digits = address.substr(0, address.find('%'));
  bool good = digits.find(':') != std::string_view::npos;
  for (const char byte : digits) {
    good = good && is_ipv6_byte(byte);
  }
  for (const char byte : address.substr(digits.size())) {
    good = good && (byte == '%' || is_host_byte(byte));
  }
  if (!good) {
    refuse("what stands in brackets is not an IPv6 address");
  }
  endpoint.host = address;
  const std::string_view rest = text.substr(bracket + 1);
  if (!rest.empty()) {
    if (rest[0] != ':') {
      refuse("only a port may follow an IPv6 address, as in [::1]:6379");
    }
    endpoint.port = read_port(rest.substr(1));
  }
}

/// Reads `host:port`; the defaults are this machine and the usual port.
Endpoint read_endpoint(std::string_view text, std::uint16_t usual_port) {
  Endpoint endpoint{"127.0.0.1", usual_port};
  if (text.starts_with('[')) {
    read_ipv6(text, endpoint);
    return endpoint;
  }
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  for (const char byte : host) {
    if (!is_host_byte(byte)) {
      refuse("the name of the host holds a character that no host has");
    }
  }
  if (!host.empty()) {
    endpoint.host = host;
  }
  if (colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos) {
      refuse("there is more than one colon after the host; write an IPv6 address in brackets, as in [::1]:6379");
    }
    endpoint.port = read_port(text.substr(colon + 1));
  }
  return endpoint;
}

/// Reads `host:port,host:port`.
std::vector<Endpoint> read_endpoints(std::string_view text, std::uint16_t usual_port) {
  std::vector<Endpoint> endpoints;
  for (std::string_view rest = text;;) {
    const std::string_view one = rest.substr(0, rest.find(','));
    if (one.empty() && !text.empty()) {
      refuse("a host is missing before or after a comma");
    }
    if (endpoints.size() == endpoints_max) {
      refuse("it names more than " + std::to_string(endpoints_max) + " hosts");
    }
    endpoints.push_back(read_endpoint(one, usual_port));
    if (one.size() == rest.size()) {
      return endpoints;
    }
    rest.remove_prefix(one.size() + 1);
  }
}

std::uint32_t read_database(std::string_view text) {
  const auto database = number<std::uint32_t>(text, database_max);
  if (!database) {
    refuse("the database must be a number from 0 to " + std::to_string(database_max));
  }
  return *database;
}

struct Parts {
  std::string_view hosts;  ///< between user and path
  std::string_view tail;   ///< path, query and fragment
};

/// Separates the user from the rest.
Parts read_user(std::string_view rest, Options& options) {
  const std::size_t end = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, end);
  const std::string_view tail = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  if (tail.find('@') != std::string_view::npos) {
    refuse("a slash, question mark or hash in a user name or password must be written %2F, %3F or %23");
  }
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) {
    return {authority, tail};
  }
  read_user_info(authority.substr(0, at), options);
  return {authority.substr(at + 1), tail};
}

void read_tcp(std::string_view rest, Options& options) {
  const Parts parts = read_user(rest, options);
  if (parts.hosts.find(',') != std::string_view::npos) {
    refuse("it names several hosts; for a cluster it begins with redis+cluster://, for sentinels with redis+sentinel://");
  }
  Endpoint endpoint = read_endpoint(parts.hosts, redis_port);
  options.host = std::move(endpoint.host);
  options.port = endpoint.port;
  if (parts.tail.starts_with('/') && parts.tail.size() > 1) {
    options.database = read_database(parts.tail.substr(1));
  } else if (!parts.tail.empty() && parts.tail != "/") {
    refuse("nothing may follow the port but /database");
  }
}

void read_sentinel(std::string_view rest, Options& options) {
  const Parts parts = read_user(rest, options);
  options.topology = Topology::sentinel;
  options.endpoints = read_endpoints(parts.hosts, sentinel_port);
  if (parts.tail.find_first_of("?#") != std::string_view::npos) {
    refuse("nothing may follow the sentinels but /master-name and /database; write ? and # in the name as %3F and %23");
  }
  const std::string_view path = parts.tail.empty() ? parts.tail : parts.tail.substr(1);
  const std::size_t slash = path.find('/');
  options.master_name = percent_decoded(path.substr(0, slash), "name of the master");
  if (options.master_name.empty()) {
    refuse("the name of the master is missing behind the sentinels, as in redis+sentinel://host:26379/mymaster");
  }
  for (const char byte : options.master_name) {
    if (static_cast<unsigned char>(byte) <= ' ' || byte == '\x7f') {
      refuse("the name of the master holds a space or a control character");
    }
  }
  if (slash != std::string_view::npos && slash + 1 != path.size()) {
    options.database = read_database(path.substr(slash + 1));
  }
}

void read_cluster(std::string_view rest, Options& options) {
  const Parts parts = read_user(rest, options);
  options.topology = Topology::cluster;
  options.endpoints = read_endpoints(parts.hosts, redis_port);
  if (parts.tail.empty() || parts.tail == "/") {
    return;
  }
  if (parts.tail.find_first_of("?#") != std::string_view::npos || read_database(parts.tail.substr(1)) != 0) {
    refuse("nothing may follow the hosts of a cluster: it has database 0 only");
  }
}

void read_unix(std::string_view rest, Options& options) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    refuse("the path of a unix socket begins with a slash, as in unix:///run/redis.sock");
  }
  const std::string_view authority = rest.substr(0, slash);
  if (authority.ends_with('@')) {
    read_user_info(authority.substr(0, authority.size() - 1), options);
  } else if (!authority.empty()) {
    refuse("the path of a unix socket begins with a slash, as in unix:///run/redis.sock (three in a row)");
  }
  const std::string_view path_and_query = rest.substr(slash);
  const std::size_t question = path_and_query.find('?');
  options.unix_path = percent_decoded(path_and_query.substr(0, question), "path");
  if (options.unix_path == "/" || options.unix_path.find('\0') != std::string::npos) {
    refuse("the path names no socket");
  }
  if (options.unix_path.size() > unix_path_max) {
    refuse("the path of a unix socket has at most " + std::to_string(unix_path_max) + " bytes");
  }
  if (question != std::string_view::npos) {
    const std::string_view query = path_and_query.substr(question + 1);
    if (!query.starts_with("db=")) {
      refuse("only ?db=NUMBER may follow the path of a unix socket");
    }
    options.database = read_database(query.substr(3));
  }
}

}  // namespace

std::string describe(const Endpoint& endpoint) {
  const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

std::string describe(const Options& options) {
  const std::string database = std::to_string(options.database);
  if (options.topology == Topology::standalone && !options.unix_path.empty()) {
    return "unix://" + options.unix_path + (options.database == 0 ? "" : "?db=" + database);
  }
  std::string text = options.tls ? "rediss" : "redis";
  switch (options.topology) {
    case Topology::standalone: text += "://" + describe(Endpoint{options.host, options.port}); break;
    case Topology::sentinel: text += "+sentinel://"; break;
    case Topology::cluster: text += "+cluster://"; break;
  }
  if (options.topology != Topology::standalone) {
    for (const Endpoint& endpoint : options.endpoints) {
      text += (&endpoint == &options.endpoints.front() ? "" : ",") + describe(endpoint);
    }
  }
  if (options.topology == Topology::sentinel) {
    text += "/" + options.master_name;
  }
  return options.database == 0 ? text : text + "/" + database;
}

Options parse_url(std::string_view url) {
  for (const char byte : url) {
    if (static_cast<unsigned char>(byte) <= ' ' || byte == '\x7f') {
      refuse("it holds a space or a control character; write a space as %20");
    }
  }
  const std::size_t separator = url.find("://");
  if (url.empty() || separator == std::string_view::npos) {
    refuse(std::string(no_known_scheme));
  }
  std::string scheme = lower(url.substr(0, separator));
  const std::string_view rest = url.substr(separator + 3);
  Options options;
  if (scheme.starts_with("rediss")) {
    options.tls = true;
    scheme.erase(5, 1);
  }
  if (scheme == "redis") {
    read_tcp(rest, options);
  } else if (scheme == "redis+sentinel") {
    read_sentinel(rest, options);
  } else if (scheme == "redis+cluster") {
    read_cluster(rest, options);
  } else if (scheme == "unix") {
    read_unix(rest, options);
  } else {
    refuse(std::string(no_known_scheme));
  }
  return options;
}

}  // namespace socketio::redis
