#include "http_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace socketio::server {
namespace {

char lower(char letter) noexcept { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter; }

void append_number(Buffer& to, std::size_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  to.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

/// True for text that could begin another header line: values may come from requests.
bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0x20 && byte != '\t'; });
}

bool has(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const auto& header) { return equals_ignoring_case(header.first, name); });
}

bool may_repeat(std::string_view name) {
  return equals_ignoring_case(name, "set-cookie") || equals_ignoring_case(name, "vary");
}

}  // namespace

void append_lower(std::string& to, std::string_view text) {
  to.reserve(to.size() + text.size());
  std::transform(text.begin(), text.end(), std::back_inserter(to), lower);
}

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trimmed(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::string_view value_of(const Headers& pairs, std::string_view name) noexcept {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [name](const auto& pair) { return pair.first == name; });
  return found != pairs.end() ? std::string_view(found->second) : std::string_view();
}

bool list_has(std::string_view list, std::string_view item) noexcept {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view one = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (equals_ignoring_case(one, item)) {
      return true;
    }
  }
  return false;
}

void split_target(HttpRequest& request) {
  request.url.erase(std::min(request.url.find('#'), request.url.size()));  // a fragment is not for the server
  std::string_view target = request.url;
  if (!target.starts_with('/')) {
    const std::size_t scheme_end = target.find("://");
    const std::size_t path = scheme_end == std::string_view::npos ? scheme_end : target.find_first_of("/?", scheme_end + 3);
    target = path == std::string_view::npos ? std::string_view() : target.substr(path);
  }
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

bool is_token_character(char character) noexcept {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(character) != std::string_view::npos;
}

bool is_header_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_character);
}

bool is_header_value(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool is_connection_header(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> names = {"connection",        "content-length", "keep-alive",
                                                     "transfer-encoding", "trailer",        "upgrade"};
  return std::any_of(names.begin(), names.end(), [name](std::string_view one) { return equals_ignoring_case(one, name); });
}

std::string_view status_text(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Entity";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Unknown";
  }
}

bool is_bodiless(int status) noexcept { return status < 200 || status == 204 || status == 304; }

void append_headers(Buffer& to, const Headers& headers, const Headers* over) {
  for (const auto& [name, value] : headers) {
    const bool replaced = over != nullptr && !may_repeat(name) && has(*over, name);
    if (replaced || has_control_character(name) || has_control_character(value)) {
      continue;
    }
    to.append(name);
    to.append(std::string_view(": "));
    to.append(value);
    to.append(std::string_view("\r\n"));
  }
}

void append_head(Buffer& to, const ResponseHead& head) {
  to.append(std::string_view("HTTP/1.1 "));
  append_number(to, static_cast<std::size_t>(head.status));
  to.push_back(' ');
  to.append(status_text(head.status));
  to.append(std::string_view("\r\n"));
  if (head.headers != nullptr) {
    append_headers(to, *head.headers);
  }
  if (head.added != nullptr && !head.added->empty()) {
    append_headers(to, *head.added, head.headers);
  }
  if (!is_bodiless(head.status)) {
    to.append(std::string_view("Content-Length: "));
    append_number(to, head.content_length);
    to.append(std::string_view("\r\n"));
  }
  to.append(head.connection);
  to.append(std::string_view("\r\n"));
}

}  // namespace socketio::server
