#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/result.hpp>

// Packets of Engine.IO (revision 4) in WebSocket frames and in the bodies of polling requests.
//
//   4hello               text form: one character for the type, then the data
//   bAQIDBA==            the text form of a binary message: base64, no type
//   4hello<1e>2<1e>bAQ== a polling body: text forms with one byte between them, none at the end
//
// A WebSocket carries one text form per text frame, and a binary message as a binary frame with its bytes alone.
//
// Source: docs/wire_server.md, "Packets" and "Long polling"; golden bytes in tests/golden/engineio-*.json.
namespace socketio::engineio_packet {

/// The values are the digits on the wire.
enum class Type : std::uint8_t { open = 0, close = 1, ping = 2, pong = 3, message = 4, upgrade = 5, noop = 6 };

/// One packet. The data is borrowed.
struct Packet {
  Type type = Type::message;
  bool binary = false;  ///< true only for a message
  Bytes data;

  [[nodiscard]] std::string_view text() const noexcept { return as_text(data); }
};

/// Separator between two packets of a polling body. Messages that hold this byte are not escaped: JSON never has it raw.
inline constexpr std::uint8_t separator = 0x1e;

/// Data of the `open` packet, the first of a session.
struct Handshake {
  std::string_view sid;
  bool upgradable = false;  ///< the client may upgrade to WebSocket
  std::uint32_t ping_interval_ms = 0;
  std::uint32_t ping_timeout_ms = 0;
  std::size_t payload_bytes_max = 0;
};

/// Appends the text form of the `open` packet, the same in all revisions.
void encode_open(Buffer& out, const Handshake& handshake);

/// Appends the text form.
void encode(Buffer& out, const Packet& packet);

/// Appends a polling body.
void encode_payload(Buffer& out, std::span<const Packet> packets);

/// Reads a text form.
///
/// `text`     borrowed by the packet; not checked for UTF-8.
/// `scratch`  receives the bytes of a binary message, which the packet borrows; its previous content is discarded.
/// Fails      truncated (no character at all), bad_value (not a type), bad_syntax (not base64: both alphabets are accepted, and
///            the padding may be missing, but no character is skipped).
[[nodiscard]] Result<Packet> decode(std::string_view text, Buffer& scratch);

/// Reads a polling body packet by packet. Packets before a failure are valid.
class PayloadReader {
 public:
  /// Both are borrowed; see decode().
  PayloadReader(std::string_view body, Buffer& scratch) noexcept : body_(body), scratch_(scratch) {}

  /// Reads the next packet, whose data is valid until the next call. Returns false at the end, or on an error; then ok() is
  /// false. An empty body is an error, and so is a separator without a packet before or after it.
  bool next(Packet& packet);

  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  [[nodiscard]] DecodeError error() const noexcept { return error_; }

 private:
  std::string_view body_;
  Buffer& scratch_;
  std::size_t position_ = 0;
  bool ended_ = false;
  bool failed_ = false;
  DecodeError error_{};
};

}  // namespace socketio::engineio_packet
