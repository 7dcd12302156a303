#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/result.hpp>

// Socket.IO packets (revision 5) as the default parser writes them: each is a text message of Engine.IO, and one binary message
// per attachment right behind it.
//
//   <type>[<attachments>-][<namespace>,][<id>][<json>]
//
//   2["say","hello"]                                          an event in "/"
//   51-/chat,7["file",{"_placeholder":true,"num":0}]          an event in "/chat" that requests an ack, and has one attachment
//
// Inside the library, data is msgpack: this codec transcodes it, once for each direction.
//
// Source: docs/wire_server.md, "Socket.IO packets" and "Validation"; golden bytes in tests/golden/socketio-encode.json and
// socketio-decode.json.
namespace socketio::socketio_packet {

/// The values are the digits on the wire. Outside this codec the binary types are not used: event and ack replace them.
enum class Type : std::uint8_t {
  connect = 0,
  disconnect = 1,
  event = 2,
  ack = 3,
  connect_error = 4,
  binary_event = 5,
  binary_ack = 6,
};

/// Largest id that is read: beyond it, JavaScript's numbers have gaps.
inline constexpr std::int64_t id_max = std::int64_t{1} << 53;

/// One packet, to be sent or received. Everything is borrowed.
struct Packet {
  Type type = Type::event;
  std::string_view nsp = "/";      ///< with its query, if any: that is part of the name in revision 5
  std::optional<std::int64_t> id;  ///< id of the ack that is requested or given; below 0 only from the msgpack parser
  Bytes data;                      ///< one msgpack value; empty for none
};

/// The rule that a client violated. Any violation closes its connection.
enum class Violation : std::uint8_t {
  none,
  bad_type,              ///< the first character is not 0 to 6, or there is none
  bad_attachment_count,  ///< not decimal digits and a dash, or zero
  too_many_attachments,  ///< more than Limits::attachments_max, each counted as often as it is used
  bad_namespace,         ///< not UTF-8, or in the msgpack parser not text
  bad_id,                ///< above id_max, or in the msgpack parser not an integer
  bad_syntax,            ///< not JSON, or not msgpack
  too_deep,              ///< nesting above Limits::depth_max
  bad_payload,           ///< data that this type of packet cannot have
  reserved_event,        ///< an event with a reserved name
  bad_placeholder,       ///< a placeholder without the number of an attachment
  too_large,             ///< attachments above Limits::attachment_bytes_max, each counted as often as it is used
  text_while_waiting,    ///< a text message where an attachment was expected
  unexpected_binary,     ///< a binary message where no attachment was expected
};

/// One short English phrase, that of the reference implementation where it has one. Static text.
[[nodiscard]] const char* describe(Violation violation) noexcept;

struct Limits {
  std::size_t attachments_max = limits::attachments_max;
  std::size_t attachment_bytes_max = limits::attachment_bytes_max;
  std::size_t depth_max = limits::depth_max;
};

// ---- sending ---------------------------------------------------------------------------------------------------------------

/// Appends the text message; the attachments must be sent after it. Types other than event and ack have no attachments: binary
/// in their data becomes what JSON.stringify writes for a Buffer. An event's name that is binary becomes text.
///
/// `packet`       not of a binary type: this function selects those. The data of events and acks is an array.
/// `attachments`  views into `packet.data`, in order; its previous content is discarded. Official clients accept 10.
/// Fails          as transcode::msgpack_to_json() does; then `out` is unchanged.
/// Cost           one pass; with attachments, the text moves by a few bytes once.
Result<void> encode(Buffer& out, const Packet& packet, std::vector<Bytes>& attachments);

/// Appends the response to a CONNECT. An empty `pid` is left out.
void encode_connect(Buffer& out, std::string_view nsp, std::string_view sid, std::string_view pid = {});
/// Appends {"message":...,"data":...}.
///
/// `data`     one msgpack value, or empty to leave it out.
/// Fails      as encode() does.
Result<void> encode_connect_error(Buffer& out, std::string_view nsp, std::string_view message, Bytes data = {});
void encode_disconnect(Buffer& out, std::string_view nsp);

// ---- receiving -------------------------------------------------------------------------------------------------------------

/// The parts of a text message.
struct Header {
  Type type = Type::event;
  std::size_t attachment_count = 0;
  std::string_view nsp = "/";
  std::optional<std::int64_t> id;
  std::string_view json;  ///< the rest, not checked; may be empty
};

/// Reads the part before the JSON. The views in `header` borrow from `text`.
[[nodiscard]] Violation decode_header(std::string_view text, const Limits& limits, Header& header) noexcept;

/// Assembles packets from the messages of one connection. Where the reference implementation is lenient (an empty message,
/// events without data, counts in hexadecimal) it is not; no official client sends such messages.
///
/// Holds memory only while attachments are expected: the data of the text message, and the attachments received so far.
class Reassembler {
 public:
  /// `limits` may be shared by all connections, and must outlive this object.
  explicit Reassembler(const Limits& limits) noexcept;
  Reassembler(Reassembler&& other) noexcept;
  Reassembler& operator=(Reassembler&& other) noexcept;
  ~Reassembler();

  /// Takes a text message. If it returns Violation::none and waiting() is false afterwards, `packet` is complete; it borrows
  /// from `text` and `scratch`. Its data is valid for its type: an object or nothing for connect; nothing for disconnect; an
  /// array with a usable name for an event; an array, empty if there was none, for an ack; an object, text or nothing for a
  /// connect_error.
  ///
  /// `scratch`  receives the data, and may be shared by connections; its previous content is discarded.
  [[nodiscard]] Violation text(std::string_view text, Buffer& scratch, Packet& packet);

  /// Takes a binary message, and returns a packet as text() does.
  ///
  /// Cost       the last attachment is copied once, to its place; the others twice. An attachment without a placeholder is
  ///            counted, but not kept.
  [[nodiscard]] Violation binary(Bytes message, Buffer& scratch, Packet& packet);

  /// True while attachments are expected.
  [[nodiscard]] bool waiting() const noexcept { return pending_ != nullptr; }

 private:
  struct Pending;
  const Limits* limits_;
  std::unique_ptr<Pending> pending_;
};

// ---- clients of generation 2 (allowEIO3): Socket.IO revision 4 -------------------------------------------------------------

/// Appends the response to a CONNECT of revision 4, which has no payload.
void encode_connect_revision4(Buffer& out, std::string_view nsp);
/// Appends an ERROR of revision 4: its payload is the data of the error, or its message when there is none.
///
/// Fails      as encode() does.
Result<void> encode_error_revision4(Buffer& out, std::string_view nsp, std::string_view message, Bytes data = {});

/// The namespace in a CONNECT of revision 4: a query may follow the name, and carries the auth.
struct ConnectTarget {
  std::string_view nsp;
  std::string_view query;  ///< without the question mark; see query_string::to_msgpack()
};
[[nodiscard]] ConnectTarget split_query_revision4(std::string_view nsp) noexcept;

}  // namespace socketio::socketio_packet
