#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/server/http.hpp>

namespace socketio::server {

/// Parses one request after the other with llhttp: a head in one piece, which HeadScanner has accepted, then the body in any
/// pieces.
class RequestParser {
 public:
  enum class Head : std::uint8_t { good, malformed, too_many_headers, unknown_expectation };
  enum class Body : std::uint8_t { incomplete, complete, malformed, too_large };

  RequestParser() noexcept = default;
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Fills `request`, except for members that the connection sets.
  Head parse_head(Bytes head, std::size_t headers_max, HttpRequest& request);
  /// Parses bytes of the body, appends their content to `body` (unless null) and sets `used` to the number of this request's
  /// bytes.
  Body parse_body(Bytes bytes, std::size_t bytes_max, Buffer* body, std::size_t& used);

  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
  [[nodiscard]] bool http_1_0() const noexcept { return parser_.http_minor == 0; }
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
  /// Content-Length of the head; 0 for a chunked body.
  [[nodiscard]] std::uint64_t content_length() const noexcept { return chunked_ ? 0 : content_length_; }
  [[nodiscard]] bool chunked() const noexcept { return chunked_; }
  [[nodiscard]] std::uint64_t body_bytes() const noexcept { return body_bytes_; }

 private:
  struct Callbacks;

  Head check(HttpRequest& request);
  void begin() noexcept;

  llhttp_t parser_{};
  HttpRequest* request_ = nullptr;  ///< during parse_head()
  Buffer* body_ = nullptr;          ///< during parse_body()
  std::size_t limit_ = 0;           ///< of headers, then of the body's bytes
  std::uint64_t content_length_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t framing_bytes_ = 0;  ///< of chunks: all bytes that are not body
  bool value_came_ = false;
  bool headers_ended_ = false;
  bool complete_ = false;
  bool over_limit_ = false;
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
};

}  // namespace socketio::server
