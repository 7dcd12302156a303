// Redis URLs. No sentence in here repeats a part of a URL that may hold a password.

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/common/error.hpp>
#include <socketio/redis/options.hpp>

namespace socketio::redis {
namespace {

/// A Redis takes no more databases than an int counts.
constexpr std::uint32_t database_max = 2'147'483'647;
/// What fits into the system's address of a unix socket, with the final zero.
constexpr std::size_t unix_path_max = 107;

constexpr std::string_view forms = "write redis://[user:password@]host[:port][/database] or unix:///path/of/the/socket";

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

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  if (digit >= 'a' && digit <= 'f') {
    return digit - 'a' + 10;
  }
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

std::string percent_decoded(std::string_view text, const char* what) {
  std::string result;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] != '%') {
      result.push_back(text[index]);
      continue;
    }
    const int high = text.size() - index > 2 ? hex_digit(text[index + 1]) : -1;
    const int low = text.size() - index > 2 ? hex_digit(text[index + 2]) : -1;
    if (high < 0 || low < 0) {
      refuse(std::string("in the ") + what + ", % is not followed by two hexadecimal digits; write a percent sign as %25");
    }
    result.push_back(static_cast<char>(high * 16 + low));
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

void read_port(std::string_view text, Options& options) {
  const auto port = number<std::uint32_t>(text, 65'535);
  if (!port || *port == 0) {
    refuse("the port after the host must be a number from 1 to 65535");
  }
  options.port = static_cast<std::uint16_t>(*port);
}

bool is_host_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '.' ||
         byte == '-' || byte == '_' || (static_cast<unsigned char>(byte) & 0x80U) != 0;
}

bool is_ipv6_byte(char byte) { return hex_digit(byte) >= 0 || byte == ':' || byte == '.'; }

/// `[::1]:6379`, with an optional %interface inside the brackets.
void read_ipv6(std::string_view text, Options& options) {
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
  options.host = address;
  const std::string_view rest = text.substr(bracket + 1);
  if (!rest.empty()) {
    if (rest[0] != ':') {
      refuse("only a port may follow an IPv6 address, as in [::1]:6379");
    }
    read_port(rest.substr(1), options);
  }
}

void read_host(std::string_view text, Options& options) {
  if (text.starts_with('[')) {
    read_ipv6(text, options);
    return;
  }
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  for (const char byte : host) {
    if (!is_host_byte(byte)) {
      refuse("the name of the host holds a character that no host has");
    }
  }
  if (!host.empty()) {
    options.host = host;
  }
  if (colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos) {
      refuse("there is more than one colon after the host; write an IPv6 address in brackets, as in [::1]:6379");
    }
    read_port(text.substr(colon + 1), options);
  }
}

std::uint32_t read_database(std::string_view text) {
  const auto database = number<std::uint32_t>(text, database_max);
  if (!database) {
    refuse("the database must be a number from 0 to " + std::to_string(database_max));
  }
  return *database;
}

Options read_tcp(std::string_view rest) {
  Options options;
  const std::size_t end = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, end);
  const std::string_view tail = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  if (tail.find('@') != std::string_view::npos) {
    refuse("a slash, question mark or hash in a user name or password must be written %2F, %3F or %23");
  }
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    read_user_info(authority.substr(0, at), options);
  }
  read_host(at == std::string_view::npos ? authority : authority.substr(at + 1), options);
  if (tail.starts_with('/') && tail.size() > 1) {
    options.database = read_database(tail.substr(1));
  } else if (!tail.empty() && tail != "/") {
    refuse("nothing may follow the port but /database");
  }
  return options;
}

Options read_unix(std::string_view rest) {
  Options options;
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
  return options;
}

}  // namespace

Options parse_url(std::string_view url) {
  for (const char byte : url) {
    if (static_cast<unsigned char>(byte) <= ' ' || byte == '\x7f') {
      refuse("it holds a space or a control character; write a space as %20");
    }
  }
  const std::size_t separator = url.find("://");
  if (url.empty() || separator == std::string_view::npos) {
    refuse("it does not begin with redis:// or unix://; " + std::string(forms));
  }
  const std::string scheme = lower(url.substr(0, separator));
  const std::string_view rest = url.substr(separator + 3);
  if (scheme == "redis") {
    return read_tcp(rest);
  }
  if (scheme == "unix") {
    return read_unix(rest);
  }
  for (const char* const later : {"rediss", "redis+sentinel", "redis+cluster", "rediss+sentinel", "rediss+cluster"}) {
    if (scheme == later) {
      throw Error(ErrorCode::unsupported_url, scheme + ":// is not supported yet; use a redis:// or unix:// URL.");
    }
  }
  refuse("it does not begin with redis:// or unix://; " + std::string(forms));
}

}  // namespace socketio::redis
