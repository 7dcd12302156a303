#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>

// WebSocket frames, and the one computation of its handshake.
//
//   byte 0   fin (80), rsv1 (40: compressed, if that was agreed on), rsv2 and rsv3 (never), opcode
//   byte 1   masked (80: always from a client, never from a server), length 0 to 125, or 126 or 127 with the length in the
//            2 or 8 bytes that follow
//   then     4 bytes of mask if masked, and the payload, each byte i combined (xor) with byte i % 4 of the mask
//
// Source: RFC 6455, sections 4.2.2, 5 and 7.4; docs/wire_server.md, "WebSocket".
namespace socketio::websocket_frame {

/// The values are those on the wire.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Why a connection ends, as its close frame says.
enum class CloseCode : std::uint16_t {
  none = 0,  ///< no code was sent: never on the wire, 1005 to JavaScript
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

/// Most bytes before a payload that is sent without mask.
inline constexpr std::size_t header_size_max = 10;
/// Most bytes of a control frame's payload.
inline constexpr std::size_t control_bytes_max = 125;
/// Most bytes of a reason in a close frame.
inline constexpr std::size_t reason_bytes_max = control_bytes_max - 2;

/// How long the header of an unmasked frame is: 2, 4 or 10.
[[nodiscard]] constexpr std::size_t header_size(std::uint64_t payload_size) noexcept {
  return payload_size <= 125 ? 2 : payload_size <= 0xffff ? 4 : 10;
}

/// Writes the header of one whole, unmasked frame to `at`, which has room for header_size(payload_size) bytes: an encoder that
/// learns the size last leaves header_size_max bytes in front, and uses the end of them.
SOCKETIO_API void write_header(std::uint8_t* at, Opcode opcode, std::uint64_t payload_size, bool compressed = false) noexcept;

/// Appends one whole frame as a server sends it. A control frame's payload is at most control_bytes_max.
SOCKETIO_API void encode(Buffer& out, Opcode opcode, Bytes payload, bool compressed = false);

/// Appends a close frame. CloseCode::none: an empty one. A reason, valid UTF-8, is cut to whole characters that fit.
SOCKETIO_API void encode_close(Buffer& out, CloseCode code = CloseCode::none, std::string_view reason = {});

/// What a client may say in addition.
struct ClientFrame {
  Opcode opcode = Opcode::text;
  bool final = true;
  bool compressed = false;
  Mask mask{};
};
/// Appends one frame as a client sends it.
SOCKETIO_API void encode_masked(Buffer& out, const ClientFrame& frame, Bytes payload);

// ---- receiving -------------------------------------------------------------------------------------------------------------

/// A message, put together if it came in fragments, or a control frame.
struct Message {
  Opcode opcode = Opcode::text;  ///< not a continuation
  bool compressed = false;       ///< text and binary: the payload is to be inflated; whether it is UTF-8 is still to be seen
  Bytes payload;                 ///< unmasked. Of a close: the reason alone
  CloseCode code = CloseCode::none;  ///< of a close; may be a code that has no name here

  [[nodiscard]] std::string_view text() const noexcept { return as_text(payload); }
};

enum class Status : std::uint8_t {
  more,     ///< all input is taken, and no message is complete
  message,  ///< there is one; ask again for what is behind it
  failed,   ///< the connection is to be closed with Parser::close_code()
};

struct ParserOptions {
  std::size_t message_bytes_max = limits::payload_bytes_max;  ///< before inflating
  bool compression = false;                                   ///< permessage-deflate was agreed on
};

/// Reads what a client sends, however it is cut. Fails on frames without mask, with reserved bits or opcodes, control frames in
/// fragments or above control_bytes_max, fragments out of order, lengths with the highest bit, close frames with a code that
/// must not be sent (all protocol_error); on text and close reasons that are not UTF-8 (bad_utf8), at the first byte that
/// cannot be completed; and on messages above the limit (too_large), when the header claims it.
///
/// A message that lies wholly in the input is unmasked there and not copied. Otherwise it is put together in a buffer of the
/// parser's, which grows with what has arrived, never with what is claimed, and is given back with the next call.
class SOCKETIO_API Parser {
 public:
  explicit Parser(const ParserOptions& options = {}) noexcept : options_(options) {}

  /// Takes bytes off the front of `input`, and changes them. A message borrows from them, or is good until the next call.
  /// Behind a close frame everything is ignored.
  [[nodiscard]] Status next(std::span<std::uint8_t>& input, Message& message);

  /// Why it failed.
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
  Buffer assembly_;               ///< of the message whose fragments are arriving; behind it, a control frame
  std::size_t message_size_ = 0;  ///< how much of `assembly_` belongs to that message
  std::size_t checked_size_ = 0;  ///< how much of that is known to be UTF-8
  std::uint64_t frame_left_ = 0;  ///< payload of the frame that is still to come
  std::uint64_t frame_size_ = 0;
  CloseCode failure_ = CloseCode::none;
  Opcode opcode_ = Opcode::text;          ///< of the frame
  Opcode message_opcode_ = Opcode::text;  ///< of the message
  bool final_ = false;                    ///< the frame is the last of its message
  bool compressed_ = false;
  bool in_message_ = false;  ///< fragments came, and more are due
  bool in_frame_ = false;    ///< a header was taken, its payload not wholly
  bool lent_ = false;        ///< the last message shows bytes of `assembly_`
  bool closed_ = false;
  std::uint8_t header_size_ = 0;  ///< bytes in `header_`
  Mask mask_{};
  std::array<std::uint8_t, masked_header_size_max> header_{};
};

// ---- the handshake ---------------------------------------------------------------------------------------------------------

/// Whether a Sec-WebSocket-Key is what the standard says: base64 of 16 bytes.
[[nodiscard]] SOCKETIO_API bool is_valid_key(std::string_view key) noexcept;

/// Appends the Sec-WebSocket-Accept that answers a key: 28 characters.
SOCKETIO_API void append_accept(Buffer& out, std::string_view key);

}  // namespace socketio::websocket_frame
