#pragma once

#include <cstddef>
#include <cstdint>

#include <socketio/common/bytes.hpp>

namespace socketio::server {

/// Finds the end of a request's head, however the bytes arrive, and refuses at once input that HTTP forbids but some parsers
/// accept. Each of these has made two programs see two different requests in the same bytes:
///
///   line ends other than CR LF, control characters, folded lines, a space before the colon, lines without a colon,
///   request lines that are not "METHOD target HTTP/1.x" with exactly one space between.
///
/// Source: RFC 9112, sections 2.2, 3 and 5.
class HeadScanner {
 public:
  enum class Status : std::uint8_t { incomplete, complete, malformed };

  /// `bytes`  all that has arrived since the head began; bytes of earlier calls are not scanned again.
  /// Cost     one pass over new bytes.
  Status scan(Bytes bytes) noexcept;
  /// Bytes of a complete head, including the empty line.
  [[nodiscard]] std::size_t size() const noexcept { return position_; }
  /// True while the first line has not ended.
  [[nodiscard]] bool in_request_line() const noexcept { return line_ == 0; }
  void restart() noexcept { *this = HeadScanner(); }

 private:
  std::uint32_t position_ = 0;  ///< of the next byte to scan
  std::uint32_t line_ = 0;      ///< position where its line begins
  bool after_cr_ = false;
};

}  // namespace socketio::server
