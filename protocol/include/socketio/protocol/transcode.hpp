#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/cursor.hpp>

// JSON to msgpack and back in one pass each, without a tree of values in between.
//
// Source: docs/wire.md, "JSON" and "notepack.io 3"; golden bytes in tests/golden/msgpack-*.json.
namespace socketio::transcode {

struct JsonOptions {
  std::size_t depth_max = limits::depth_max;  ///< at most 1024 counts
  /// An object whose only member is "$binary" with base64 text becomes binary; other text there is Errc::bad_value.
  bool binary_members = false;
  /// Text that is not UTF-8 is an error (Errc::bad_utf8). Otherwise it is repaired with U+FFFD as JavaScript would.
  bool strict_utf8 = false;
  /// Members named "__proto__" are kept: to Socket.IO's parser, in which clients send, they are members like any other.
  bool proto_members = false;
  /// Escapes of lone surrogates are kept, as JavaScript does: three bytes, see utf8.hpp. Otherwise they become U+FFFD.
  bool lone_surrogates = false;
};

/// Reads JSON text value by value: for callers that take an object apart (a batch line, a request) and for whole documents.
/// Accepts what JSON.parse accepts, nothing else. Once something is wrong it stays wrong.
///
/// Numbers are JavaScript's: every literal is read as a double, integral ones leave as integers (pack::number). value() leaves
/// out members named "__proto__", as they are invisible to JavaScript nodes. Of repeated members it keeps the last value, at the
/// place of the first, as JavaScript does; next_member() gives each.
///
/// Taking something else than what comes next fails with wrong_type. Other failures: see json_to_msgpack().
class SOCKETIO_API JsonReader {
 public:
  explicit JsonReader(std::string_view text, const JsonOptions& options = {}) noexcept : text_(text), options_(options) {}

  /// What the next value is, by its first character, without taking it. `nil` stands for null, `real` for every number. At the
  /// end, or where no value can begin, fails and returns false.
  bool peek(Kind& kind) noexcept;

  /// Takes one value, whatever it is, and appends its msgpack. On failure `out` holds a part of it: truncate.
  bool value(Buffer& out);
  /// Takes a string and appends its text, unescaped and without msgpack header.
  bool text(Buffer& out);
  /// Takes a number.
  bool number(double& value) noexcept;
  /// Takes true or false.
  bool boolean(bool& value) noexcept;
  bool null() noexcept;

  /// Takes `[`. Then call next_element() before each element, until it returns false: at `]` (taken; ok() is true) or on
  /// failure.
  bool begin_array() noexcept;
  bool next_element() noexcept;
  /// Takes `{`. Then call next_member() before each value: it replaces the content of `key`. False at `}` or on failure.
  bool begin_object() noexcept;
  bool next_member(Buffer& key);

  /// Nothing but white space is left. Fails with trailing_bytes otherwise.
  bool finish() noexcept;

  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  [[nodiscard]] DecodeError error() const noexcept { return error_; }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  bool fail(Errc code, std::size_t offset_bytes) noexcept;

 private:
  template <typename Step>
  bool advance(Step step);
  bool begin(Kind kind) noexcept;
  template <typename Scan>
  bool separator(Scan& scan, char closing, bool& more) noexcept;

  std::string_view text_;
  JsonOptions options_;
  std::size_t position_ = 0;
  bool failed_ = false;
  bool first_ = false;     ///< a container was just opened: no comma is due
  std::size_t depth_ = 0;  ///< containers opened by begin_array() and begin_object()
  DecodeError error_{};
};

/// Reads one JSON document and appends it as msgpack. On failure `out` is as it was before.
///
/// Fails      bad_syntax, truncated (the text ends inside a value), too_deep, trailing_bytes, bad_value, bad_utf8, too_large (a
///            text of more than 1.4 GB); the offset points at the offending byte.
/// Cost       one pass. A container gets a header of one byte; when some had more than 15 members, one more pass at the end
///            moves each byte behind the first of them at most once; the same where members are repeated. The keys of an object
///            of many members are looked up by hash. So time is linear in the input, whatever its shape (n log n when somebody
///            chooses keys for their hashes).
SOCKETIO_API Result<void> json_to_msgpack(std::string_view json, Buffer& out, const JsonOptions& options = {});

/// How bytes appear in JSON, which has none.
enum class BinaryForm : std::uint8_t {
  node_buffer,  ///< {"type":"Buffer","data":[1,2]}: what JSON.stringify makes of a Buffer
  base64,       ///< {"$binary":"AQI="}: what people read and type
  placeholder,  ///< {"_placeholder":true,"num":0}, and the bytes in `attachments`: Socket.IO packets
};

struct MsgpackOptions {
  std::size_t depth_max = limits::depth_max;  ///< at most 1024 counts
  BinaryForm binary = BinaryForm::node_buffer;
  /// Members named "__proto__" are written: to Socket.IO's parser they are members like any other.
  bool proto_members = false;
  /// With BinaryForm::placeholder: views into the input, in the order of their numbers. Appended to; required then.
  std::vector<Bytes>* attachments = nullptr;
};

/// Appends one msgpack value as JSON text, as JSON.stringify would write the value that a JavaScript node decodes: shortest
/// numbers, NaN and infinities null, dates ISO text, undefined left out of objects and null elsewhere, map keys made text,
/// lone surrogates escaped, other invalid UTF-8 repaired, "__proto__" left out (see MsgpackOptions), unknown extensions as
/// [type, bytes].
///
/// Where it differs: integers keep all digits; members stay in their order and repeated ones are repeated (readers take the
/// last); the older generation's ArrayBuffer is binary, not {}; a date that is a map key is ISO text.
///
/// `input`    exactly one value; borrowed.
/// Fails      truncated, bad_syntax, too_deep, trailing_bytes. On failure `out` and `attachments` are as they were before.
/// Cost       one pass, no allocation but `out`'s.
SOCKETIO_API Result<void> msgpack_to_json(Bytes input, Buffer& out, const MsgpackOptions& options = {});

/// Appends `text` as a JSON string, quotes included, escaped as JSON.stringify does: lone surrogates (utf8.hpp) as
/// \udxxx. Other invalid UTF-8 is repaired.
SOCKETIO_API void append_json_string(Buffer& out, std::string_view text);

}  // namespace socketio::transcode
