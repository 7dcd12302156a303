#include "engine_request.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include <socketio/protocol/query_string.hpp>

#include "http/http_text.hpp"

namespace socketio::server {
namespace {

/// Headers of which Node keeps the first only.
constexpr std::array<std::string_view, 18> single_headers = {
    "age",     "authorization",     "content-length", "content-type",        "etag",     "expires",      "from",
    "host",    "if-modified-since", "last-modified",  "if-unmodified-since", "location", "max-forwards", "proxy-authorization",
    "referer", "retry-after",       "server",         "user-agent"};

void add_header(RequestInfo& info, std::string_view name, std::string_view value) {
  const auto known =
      std::find_if(info.headers.begin(), info.headers.end(), [name](const auto& header) { return header.first == name; });
  if (known == info.headers.end() || name == "set-cookie") {
    info.headers.emplace_back(name, value);
  } else if (std::find(single_headers.begin(), single_headers.end(), name) == single_headers.end()) {
    known->second.append(name == "cookie" ? "; " : ", ").append(value);
  }
}

std::vector<std::pair<std::string, std::string>> decode_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  std::unordered_map<std::string, std::size_t> positions;
  query_string::for_each(query, [&](std::string name, std::string value) {
    const auto [entry, is_new] = positions.try_emplace(name, pairs.size());
    if (is_new) {
      pairs.emplace_back(std::move(name), std::move(value));
    } else {
      pairs[entry->second].second = std::move(value);
    }
  });
  return pairs;
}

}  // namespace

EngineQuery EngineQuery::of(std::string_view query) {
  EngineQuery result;
  query_string::for_each(query, [&result](std::string name, std::string value) {
    if (name == "transport") {
      result.transport = std::move(value);
    } else if (name == "sid") {
      result.sid = std::move(value);
    } else if (name == "EIO") {
      result.revision = value == "4" ? 4 : 3;
    } else if (name == "b64") {
      result.base64 = !value.empty();
    } else if (name == "j") {
      std::erase_if(value, [](char character) { return character < '0' || character > '9'; });
      result.jsonp = std::move(value);
    }
  });
  return result;
}

PackedRequest::PackedRequest(const HttpRequest& request) : secure_(request.secure) {
  std::string text;
  const auto add = [&text](std::string_view part) { text.append(part).push_back('\0'); };
  add(request.address);
  add(request.url);
  for (const auto& [name, value] : request.headers) {
    add(name);
    add(value);
  }
  text_ = std::make_unique_for_overwrite<char[]>(text.size());
  size_ = static_cast<std::uint32_t>(text.size());
  std::copy(text.begin(), text.end(), text_.get());
}

PackedRequest::PackedRequest(const PackedRequest& other)
    : text_(std::make_unique_for_overwrite<char[]>(other.size_)), size_(other.size_), secure_(other.secure_) {
  std::copy_n(other.text_.get(), size_, text_.get());
}

RequestInfo PackedRequest::unpack() const {
  std::string_view rest(text_.get(), size_);
  const auto next = [&rest] {
    const std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
  };
  RequestInfo info;
  info.address = next();
  info.url = next();
  while (!rest.empty()) {
    const std::string_view name = next();
    add_header(info, name, next());
    info.xdomain = info.xdomain || name == "origin";
  }
  info.secure = secure_;
  if (const std::size_t mark = info.url.find('?'); mark != std::string::npos) {
    const std::string_view query = std::string_view(info.url).substr(mark + 1);
    info.query = decode_query(query.substr(0, query.find('#')));
  }
  return info;
}

std::string_view first_subprotocol(std::string_view offered) noexcept {
  const std::string_view first = trimmed(offered.substr(0, offered.find(',')));
  return std::all_of(first.begin(), first.end(), is_token_character) ? first : std::string_view();
}

}  // namespace socketio::server
