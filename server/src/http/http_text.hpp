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
/// The text without spaces and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
/// The value of the first pair with that name; empty when there is none.
[[nodiscard]] std::string_view value_of(const Headers& pairs, std::string_view name) noexcept;
/// True when `list`, separated by commas, has `item`, ignoring case.
[[nodiscard]] bool list_has(std::string_view list, std::string_view item) noexcept;
/// Sets path and query from the URL, which may be absolute.
void split_target(HttpRequest& request);

/// "Not Found"; "Unknown" for a status without a name.
[[nodiscard]] std::string_view status_text(int status) noexcept;

struct ResponseHead {
  int status = 200;
  const Headers* headers = nullptr;  ///< those with control characters are left out
  const Headers* added = nullptr;    ///< the same, and those that `headers` has, except for Set-Cookie and Vary
  std::size_t content_length = 0;
  std::string_view connection;  ///< lines about the connection, each with its end
};
/// Appends a status line and headers, including the empty line. No length where the status forbids a body.
void append_head(Buffer& to, const ResponseHead& head);
/// Appends `headers` as lines, as append_head() does; those of `over` come first.
void append_headers(Buffer& to, const Headers& headers, const Headers* over = nullptr);
/// True for a name that HTTP allows.
[[nodiscard]] bool is_header_name(std::string_view name) noexcept;
/// True when a header's value has no character that HTTP forbids.
[[nodiscard]] bool is_header_value(std::string_view value) noexcept;
[[nodiscard]] bool is_token_character(char character) noexcept;
/// True for headers about the connection and the body, which the server makes itself.
[[nodiscard]] bool is_connection_header(std::string_view name) noexcept;
/// True when a response with this status has no body.
[[nodiscard]] bool is_bodiless(int status) noexcept;

}  // namespace socketio::server
