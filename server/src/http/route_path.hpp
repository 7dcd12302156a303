#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/server/http_request.hpp>

namespace socketio::server {

/// The path of a URL as a list of decoded segments: "/a/b%20c/" is "a", "b c".
///
///   empty segments are kept, except for one at the end; none of the others can be the value of a parameter
///
/// Nothing for a path that does not begin with "/", has a broken escape, a NUL or more than `segments_max` segments.
[[nodiscard]] std::optional<std::vector<std::string>> split_path(std::string_view path);
inline constexpr std::size_t segments_max = 256;

/// The path that a route is registered for: "/users/:id", "/files/*name".
class RoutePath {
 public:
  /// Throws Error(bad_option) when `text` does not begin with "/", a parameter has no name of A-Z a-z 0-9 _ or one that occurs
  /// twice, or text follows a `*`.
  explicit RoutePath(std::string_view text);

  /// Returns the parameters; nothing when the path does not match. A parameter is not empty, and has no "." or ".." between
  /// slashes or backslashes.
  [[nodiscard]] std::optional<HttpHeaders> match(const std::vector<std::string>& segments) const;

 private:
  struct Segment {
    enum class Kind : std::uint8_t { text, one, rest } kind;
    std::string text;  ///< or the parameter's name
  };
  std::vector<Segment> segments_;
};

}  // namespace socketio::server
