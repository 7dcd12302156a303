#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/server/http.hpp>

// Functions for the text parts of HTTP.
namespace socketio::server {

void append_lower(std::string& to, std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept;
/// True when `list`, separated by commas, has `item`, ignoring case.
[[nodiscard]] bool list_has(std::string_view list, std::string_view item) noexcept;
/// Sets path and query from the URL, which may be absolute.
void split_target(HttpRequest& request);

/// "Not Found"; "Unknown" for a status without a name.
[[nodiscard]] std::string_view status_text(int status) noexcept;

struct ResponseHead {
  int status = 200;
  const Headers* headers = nullptr;  ///< those with control characters are left out
  std::size_t content_length = 0;
  std::string_view connection;  ///< lines about the connection, each with its end
};
/// Appends a status line and headers, including the empty line. No length where the status forbids a body.
void append_head(Buffer& to, const ResponseHead& head);
/// True when a response with this status has no body.
[[nodiscard]] bool is_bodiless(int status) noexcept;

}  // namespace socketio::server
