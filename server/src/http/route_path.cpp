#include "route_path.hpp"

#include <algorithm>

#include <socketio/common/error.hpp>
#include <socketio/common/hex.hpp>

namespace socketio::server {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_';
  });
}

/// True for a value that stays where it is when it becomes part of a file's name.
bool is_harmless(std::string_view value) {
  while (!value.empty()) {
    const std::string_view part = value.substr(0, value.find_first_of("/\\"));
    if (part == "." || part == "..") {
      return false;
    }
    value.remove_prefix(std::min(part.size() + 1, value.size()));
  }
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> split_path(std::string_view path) {
  if (!path.starts_with('/')) {
    return std::nullopt;
  }
  std::vector<std::string> segments;
  for (std::size_t index = 0; index < path.size(); ++index) {
    char letter = path[index];
    if (letter == '/') {
      if (segments.size() == segments_max) {
        return std::nullopt;
      }
      segments.emplace_back();
      continue;
    }
    if (letter == '%') {
      const int byte = hex::byte(path.substr(index + 1));
      if (byte < 0) {
        return std::nullopt;
      }
      letter = static_cast<char>(byte);
      index += 2;
    }
    if (letter == '\0') {
      return std::nullopt;
    }
    segments.back().push_back(letter);
  }
  if (segments.back().empty()) {
    segments.pop_back();
  }
  return segments;
}

RoutePath::RoutePath(std::string_view text) {
  const auto refuse = [text](const char* why) {
    throw Error(ErrorCode::bad_option, "The path of a route " + std::string(why) + ": \"" + std::string(text) + "\".");
  };
  if (!text.starts_with('/')) {
    refuse("must begin with \"/\"");
  }
  std::string_view rest = text.substr(1);
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (!part.starts_with(':') && !part.starts_with('*')) {
      segments_.push_back({Segment::Kind::text, std::string(part)});
      continue;
    }
    const std::string name(part.substr(1));
    const bool known = std::any_of(segments_.begin(), segments_.end(), [&name](const Segment& segment) {
      return segment.kind != Segment::Kind::text && segment.text == name;
    });
    if (!is_name(name) || known) {
      refuse("needs a name of A-Z a-z 0-9 _ for each parameter, each another one");
    }
    if (part.front() == '*' && !rest.empty()) {
      refuse("must end with its \"*\" parameter");
    }
    segments_.push_back({part.front() == '*' ? Segment::Kind::rest : Segment::Kind::one, name});
  }
}

std::optional<HttpHeaders> RoutePath::match(const std::vector<std::string>& segments) const {
  HttpHeaders params;
  std::size_t place = 0;
  for (const Segment& segment : segments_) {
    if (place == segments.size()) {
      return std::nullopt;
    }
    if (segment.kind == Segment::Kind::text) {
      if (segments[place++] != segment.text) {
        return std::nullopt;
      }
      continue;
    }
    std::string value = segments[place++];
    while (segment.kind == Segment::Kind::rest && place < segments.size()) {
      value.append("/").append(segments[place++]);
    }
    if (value.empty() || !is_harmless(value)) {
      return std::nullopt;
    }
    params.emplace_back(segment.text, std::move(value));
  }
  return place == segments.size() ? std::optional(std::move(params)) : std::nullopt;
}

}  // namespace socketio::server
