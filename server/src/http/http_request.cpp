#include <socketio/server/http_request.hpp>

#include <algorithm>
#include <utility>

#include <socketio/common/hex.hpp>
#include <socketio/protocol/query_string.hpp>

#include "http_text.hpp"

namespace socketio {
namespace {

/// As decodeURIComponent() of JavaScript, but a text with a broken escape stays as it is, and the bytes need not be UTF-8.
std::string decoded_cookie(std::string_view text) {
  std::string bytes;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] != '%') {
      bytes.push_back(text[index]);
      continue;
    }
    const int byte = hex::byte(text.substr(index + 1));
    if (byte < 0) {
      return std::string(text);
    }
    bytes.push_back(static_cast<char>(byte));
    index += 2;
  }
  return bytes;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view lower_case_name) const noexcept {
  return server::value_of(headers, lower_case_name);
}

std::optional<std::string> HttpRequest::cookie(std::string_view name) const {
  for (const auto& [header_name, value] : headers) {
    std::string_view rest = header_name == "cookie" ? value : std::string_view();
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || server::trimmed(pair.substr(0, equals)) != name) {
        continue;
      }
      std::string_view text = server::trimmed(pair.substr(equals + 1));
      if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
      }
      return decoded_cookie(text);
    }
  }
  return std::nullopt;
}

std::string HttpRequest::query_value(std::string_view name) const {
  std::string found;
  query_string::for_each(query, [&found, name](const std::string& known, std::string value) {
    if (known == name) {
      found = std::move(value);
    }
  });
  return found;
}

std::string_view HttpRequest::param(std::string_view name) const noexcept { return server::value_of(params, name); }

}  // namespace socketio
