#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/server/http.hpp>

#include "http_head.hpp"
#include "http_parser.hpp"

namespace socketio::server {

/// The bytes that a connection has received, and the parser that they go through: heads and bodies, one request after the
/// other. Has no I/O.
class RequestInput {
 public:
  enum class Head : std::uint8_t { incomplete, complete, malformed, line_too_long, too_large };

  /// Begins to parse with `received` after all that is left; keep() ends it. `received` is borrowed until then.
  void begin(Bytes received);
  void begin() noexcept { unparsed_ = kept_.bytes(); }
  /// Keeps the bytes that cannot be parsed now.
  void keep();
  /// Bytes that are left to parse, between begin() and keep().
  [[nodiscard]] Bytes unparsed() const noexcept { return unparsed_; }
  /// Bytes that were kept.
  [[nodiscard]] const Buffer& kept() const noexcept { return kept_; }
  [[nodiscard]] Buffer take() noexcept { return std::move(kept_); }
  void put(Buffer bytes) noexcept { kept_ = std::move(bytes); }

  /// Looks for the end of the next request's head.
  Head scan(std::size_t bytes_max);
  /// Forgets how far scan() has come.
  void rescan() noexcept { scanner_.restart(); }
  /// Takes the head that scan() has found complete.
  RequestParser::Head parse(std::size_t headers_max, HttpRequest& request);
  /// Puts the head back that parse() has taken.
  void unparse() noexcept { unparsed_ = before_head_; }

  /// Takes what is there of the body, and appends it to body(), if it is wanted.
  RequestParser::Body take_body(bool wanted);
  /// The body is wanted, up to `bytes_max`.
  void want_body(std::size_t bytes_max) noexcept { body_bytes_max_ = bytes_max; }
  [[nodiscard]] Buffer& body() noexcept { return body_; }
  /// True when the rest of a body that nobody wants may be read, to keep the connection.
  [[nodiscard]] bool may_skip_body() const noexcept;
  [[nodiscard]] const RequestParser& parser() const noexcept { return parser_; }

 private:
  Buffer kept_;
  Bytes unparsed_;  ///< in kept_ or in the loop's read buffer
  Bytes before_head_;
  Buffer body_;
  std::size_t body_bytes_max_ = 0;
  RequestParser parser_;
  HeadScanner scanner_;
};

}  // namespace socketio::server
