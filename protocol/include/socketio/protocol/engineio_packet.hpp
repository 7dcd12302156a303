#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/result.hpp>

// What Engine.IO (revision 4) puts into WebSocket frames and into the bodies of polling requests.
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
  bool binary = false;  ///< only a message can be
  Bytes data;

  [[nodiscard]] std::string_view text() const noexcept { return as_text(data); }
};

/// What stands between two packets of a polling body. Messages that hold this byte are not escaped: JSON never has it raw.
inline constexpr std::uint8_t separator = 0x1e;

/// What the first packet of a session tells the client.
struct Handshake {
  std::string_view sid;
  bool upgradable = false;  ///< whether the client may go on to WebSocket
  std::uint32_t ping_interval_ms = 0;
  std::uint32_t ping_timeout_ms = 0;
  std::size_t payload_bytes_max = 0;
};

/// Appends the text form of the `open` packet, the same in all revisions.
SOCKETIO_API void encode_open(Buffer& out, const Handshake& handshake);

/// Appends the text form.
SOCKETIO_API void encode(Buffer& out, const Packet& packet);

/// Appends a polling body.
SOCKETIO_API void encode_payload(Buffer& out, std::span<const Packet> packets);

/// Reads a text form.
///
/// `text`     borrowed by the packet. Whether it is UTF-8 is not looked at.
/// `scratch`  takes the bytes of a binary message, and lends them to the packet; what it held before is forgotten.
/// Fails      truncated (no character at all), bad_value (not a type), bad_syntax (not base64: both alphabets will do, and the
///            padding may be missing, but nothing is skipped).
[[nodiscard]] SOCKETIO_API Result<Packet> decode(std::string_view text, Buffer& scratch);

/// Reads a polling body packet by packet. What came before a failure is good.
class SOCKETIO_API PayloadReader {
 public:
  /// Both are borrowed; see decode().
  PayloadReader(std::string_view body, Buffer& scratch) noexcept : body_(body), scratch_(scratch) {}

  /// The next packet, whose data is good until the next call. False at the end, or when something is wrong: then ok() is false.
  /// A body of nothing is wrong, and so is a separator with nothing on one of its sides.
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
