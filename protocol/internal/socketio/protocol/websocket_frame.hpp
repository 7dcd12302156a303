#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/limits.hpp>

// WebSocket frames, and the computation of Sec-WebSocket-Accept for the handshake.
//
//   byte 0   fin (80), rsv1 (40: compressed, if that was negotiated), rsv2 and rsv3 (never), opcode
//   byte 1   masked (80: always from a client, never from a server), length 0 to 125, or 126 or 127 with the length in the
//            2 or 8 bytes that follow
//   then     4 bytes of mask if masked, and the payload, each byte i combined (xor) with byte i % 4 of the mask
//
// Source: RFC 6455, sections 4.2.2, 5 and 7.4; docs/wire_server.md, "WebSocket".
namespace socketio::websocket_frame {

/// The values are those on the wire.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Reason for closing a connection, as sent in a close frame.
enum class CloseCode : std::uint16_t {
  none = 0,  ///< no code was sent; never on the wire, 1005 in JavaScript
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  bad_utf8 = 1007,
  policy = 1008,
  too_large = 1009,
  internal = 1011,
};

// ---- sending ---------------------------------------------------------------------------------------------------------------

using Mask = std::array<std::uint8_t, 4>;

/// Maximum size of the header of an unmasked frame.
inline constexpr std::size_t header_size_max = 10;
/// Maximum payload size of a control frame.
inline constexpr std::size_t control_bytes_max = 125;
/// Maximum size of the reason in a close frame.
inline constexpr std::size_t reason_bytes_max = control_bytes_max - 2;

/// Size of the header of an unmasked frame: 2, 4 or 10.
[[nodiscard]] constexpr std::size_t header_size(std::uint64_t payload_size) noexcept {
  return payload_size <= 125 ? 2 : payload_size <= 0xffff ? 4 : 10;
}

/// Writes the header of one whole, unmasked frame to `at`, which has room for header_size(payload_size) bytes. An encoder that
/// knows the size only at the end leaves header_size_max bytes in front, and uses the last ones.
void write_header(std::uint8_t* at, Opcode opcode, std::uint64_t payload_size, bool compressed = false) noexcept;

/// Appends one whole frame as a server sends it. A control frame's payload is at most control_bytes_max.
void encode(Buffer& out, Opcode opcode, Bytes payload, bool compressed = false);

/// Appends a close frame, an empty one for CloseCode::none. The reason, valid UTF-8, is truncated to whole characters that fit.
void encode_close(Buffer& out, CloseCode code = CloseCode::none, std::string_view reason = {});

/// Header fields of a client's frame.
struct ClientFrame {
  Opcode opcode = Opcode::text;
  bool final = true;
  bool compressed = false;
  Mask mask{};
};
/// Appends one frame as a client sends it.
void encode_masked(Buffer& out, const ClientFrame& frame, Bytes payload);

// ---- receiving -------------------------------------------------------------------------------------------------------------

/// A message, assembled if it was fragmented, or a control frame.
struct Message {
  Opcode opcode = Opcode::text;  ///< not a continuation
  bool compressed = false;       ///< text and binary: the payload must be inflated, and then checked for UTF-8 if it is text
  Bytes payload;                 ///< unmasked; of a close frame only the reason
  CloseCode code = CloseCode::none;  ///< of a close frame; may be a code that has no name here

  [[nodiscard]] std::string_view text() const noexcept { return as_text(payload); }
};

enum class Status : std::uint8_t {
  more,     ///< all input was read, and no message is complete
  message,  ///< a message is complete; call next() again for the bytes after it
  failed,   ///< close the connection with Parser::close_code()
};

struct ParserOptions {
  std::size_t message_bytes_max = limits::payload_bytes_max;  ///< maximum, before inflating
  bool compression = false;                                   ///< permessage-deflate was negotiated
};

/// Reads the bytes that a client sends, split anywhere. Fails on frames without mask, with reserved bits or opcodes, control
/// frames in fragments or above control_bytes_max, fragments out of order, lengths with the highest bit, close frames with a
/// code that must not be sent (all protocol_error); on text and close reasons that are not UTF-8 (bad_utf8), at the first byte
/// that cannot become a character; and on messages above the limit (too_large), as soon as a header claims such a size.
///
/// A message that lies wholly in the input is unmasked there and not copied. Otherwise it is assembled in the parser's buffer,
/// which grows with the bytes received, never with the size claimed, and is freed in the next call.
class Parser {
 public:
  explicit Parser(const ParserOptions& options = {}) noexcept : options_(options) {}

  /// Removes bytes from the front of `input`, and changes them. A message borrows from them, or is valid until the next call.
  /// Ignores all bytes after a close frame.
  [[nodiscard]] Status next(std::span<std::uint8_t>& input, Message& message);

  /// The code to close with after a failure.
  [[nodiscard]] CloseCode close_code() const noexcept { return failure_; }

 private:
  static constexpr std::size_t masked_header_size_max = header_size_max + std::tuple_size_v<Mask>;

  bool take_header(std::span<std::uint8_t>& input);
  bool begin_frame(const std::uint8_t* header);
  bool begin_data_frame(bool compressed);
  bool take_payload(std::span<std::uint8_t>& input, Message& message);
  bool append_payload(std::span<std::uint8_t> part);
  bool check_text();
  bool finish_frame(Bytes payload, Message& message);
  bool finish_close(Bytes payload, Message& message);
  bool fail(CloseCode code) noexcept;
  void release();
  [[nodiscard]] bool in_control_frame() const noexcept { return opcode_ >= Opcode::close; }

  ParserOptions options_;
  Buffer assembly_;               ///< fragments of the message being received; after them, a control frame
  std::size_t message_size_ = 0;  ///< bytes of `assembly_` that belong to that message
  std::size_t checked_size_ = 0;  ///< bytes of that message that are known to be UTF-8
  std::uint64_t frame_left_ = 0;  ///< payload bytes of the frame that were not received yet
  std::uint64_t frame_size_ = 0;
  CloseCode failure_ = CloseCode::none;
  Opcode opcode_ = Opcode::text;          ///< of the frame
  Opcode message_opcode_ = Opcode::text;  ///< of the message
  bool final_ = false;                    ///< the frame is the last of its message
  bool compressed_ = false;
  bool in_message_ = false;  ///< fragments were received, and more are expected
  bool in_frame_ = false;    ///< a header was read, but not its whole payload
  bool lent_ = false;        ///< the last message borrows from `assembly_`
  bool closed_ = false;
  std::uint8_t header_size_ = 0;  ///< bytes in `header_`
  Mask mask_{};
  std::array<std::uint8_t, masked_header_size_max> header_{};
};

// ---- the handshake ---------------------------------------------------------------------------------------------------------

/// True if a Sec-WebSocket-Key is base64 of 16 bytes, as the standard requires.
[[nodiscard]] bool is_valid_key(std::string_view key) noexcept;

/// Appends the Sec-WebSocket-Accept for a key: 28 characters.
void append_accept(Buffer& out, std::string_view key);

}  // namespace socketio::websocket_frame
