#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/engineio_packet.hpp>

// Packets of Engine.IO revision 3 (EIO=3), for clients of generation 2. Types and `open` are those of revision 4. Two things
// differ: binary messages have a type, and polling bodies have lengths.
//
//   4hello   b4AQIDBA==             text forms: plain, and a binary message
//   <04><01><02>                    a binary message as a WebSocket frame
//   6:4hello2:4€                    a polling body as text: lengths in UTF-16 units
//   <00><06><ff>4hello              a polling body as bytes: 0 for text or 1 for binary, decimal digits (not characters) of the
//   <01><03><ff><04><01><02>        length in bytes, 255, and the packet
//
// Source: docs/wire_server.md, "Revision 3 clients".
namespace socketio::engineio_revision3 {

using engineio_packet::Packet;
using engineio_packet::Type;

/// Appends the text form, which differs from that of revision 4 only for binary messages.
void encode(Buffer& out, const Packet& packet);
/// Appends the content of a binary WebSocket frame.
void encode_binary_frame(Buffer& out, Bytes message);
/// Reads a text form; see engineio_packet::decode().
[[nodiscard]] Result<Packet> decode(std::string_view text, Buffer& scratch);
/// Reads the content of a binary WebSocket frame, which is borrowed.
///
/// Fails      truncated (empty), bad_value (not a message).
[[nodiscard]] Result<Packet> decode_binary_frame(Bytes frame);

enum class PayloadForm : std::uint8_t {
  text,    ///< for clients that asked for it with `b64`, and for bodies without binary
  binary,  ///< for the others; such bodies are application/octet-stream
};

/// Appends a polling body. In the text form, packets are valid UTF-8.
void encode_payload(Buffer& out, std::span<const Packet> packets, PayloadForm form);

/// Reads a polling body packet by packet; see engineio_packet::PayloadReader.
///
/// Fails      truncated (no body, or fewer bytes than a length claims), bad_syntax (a missing length, or one that ends inside a
///            character), bad_utf8 (text form: its lengths count UTF-16 units), and as decode() does. Packets of length 0 are
///            skipped.
class PayloadReader {
 public:
  PayloadReader(Bytes body, PayloadForm form, Buffer& scratch) noexcept : body_(body), form_(form), scratch_(scratch) {}

  bool next(Packet& packet);

  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  [[nodiscard]] DecodeError error() const noexcept { return error_; }

 private:
  struct Frame {
    Bytes bytes;
    bool binary = false;
  };
  bool next_text(Frame& frame);
  bool next_binary(Frame& frame);
  bool length(std::size_t& units, std::uint8_t zero, std::uint8_t end);
  bool fail(Errc code, std::size_t offset_bytes) noexcept;

  Bytes body_;
  PayloadForm form_;
  Buffer& scratch_;
  std::size_t position_ = 0;
  bool started_ = false;
  bool failed_ = false;
  DecodeError error_{};
};

}  // namespace socketio::engineio_revision3
