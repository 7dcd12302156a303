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

}  // namespace

std::string_view HttpRequest::header(std::string_view lower_case_name) const noexcept {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) {
      return value;
    }
  }
  return {};
}

void append_lower(std::string& to, std::string_view text) {
  to.reserve(to.size() + text.size());
  std::transform(text.begin(), text.end(), std::back_inserter(to), lower);
}

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) { return lower(a) == lower(b); });
}

bool list_has(std::string_view list, std::string_view item) noexcept {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
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

std::string_view status_text(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 417: return "Expectation Failed";
    case 426: return "Upgrade Required";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Unknown";
  }
}

bool is_bodiless(int status) noexcept { return status < 200 || status == 204 || status == 304; }

void append_head(Buffer& to, const ResponseHead& head) {
  to.append(std::string_view("HTTP/1.1 "));
  append_number(to, static_cast<std::size_t>(head.status));
  to.push_back(' ');
  to.append(status_text(head.status));
  to.append(std::string_view("\r\n"));
  if (head.headers != nullptr) {
    for (const auto& [name, value] : *head.headers) {
      if (!has_control_character(name) && !has_control_character(value)) {
        to.append(name);
        to.append(std::string_view(": "));
        to.append(value);
        to.append(std::string_view("\r\n"));
      }
    }
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
