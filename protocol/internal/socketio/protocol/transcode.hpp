#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/cursor.hpp>

// JSON to msgpack and back in one pass each, without a tree of values in between.
//
// Source: docs/wire.md, "JSON" and "notepack.io 3"; golden bytes in tests/golden/msgpack-*.json.
namespace socketio::transcode {

struct JsonOptions {
  std::size_t depth_max = limits::depth_max;  ///< values above 1024 count as 1024
  /// An object whose only member is "$binary" with base64 text becomes binary; other text there is Errc::bad_value.
  bool binary_members = false;
  /// Text that is not UTF-8 is an error (Errc::bad_utf8). Otherwise it is repaired with U+FFFD as JavaScript would.
  bool strict_utf8 = false;
  /// Members named "__proto__" are kept: for Socket.IO's parser, which clients use, they are ordinary members.
  bool proto_members = false;
  /// Escapes of lone surrogates become three bytes each, see utf8.hpp, because JavaScript keeps them. Otherwise they become
  /// U+FFFD.
  bool lone_surrogates = false;
};

/// Reads JSON text value by value: for callers that read the members of an object one by one (a batch line, a request), and for
/// whole documents. Accepts exactly what JSON.parse accepts. After the first failure every call fails.
///
/// Numbers are JavaScript's: every literal is read as a double, and integral ones are written as integers (pack::number).
/// value() leaves out members named "__proto__", as they are invisible to JavaScript nodes. Of repeated members it keeps the
/// last value, at the place of the first, as JavaScript does; next_member() returns each of them.
///
/// Reading a value as another type fails with wrong_type. Other failures: see json_to_msgpack().
class JsonReader {
 public:
  explicit JsonReader(std::string_view text, const JsonOptions& options = {}) noexcept : text_(text), options_(options) {}

  /// Sets `kind` to the kind of the next value, judged by its first character, and does not read the value. `nil` stands for
  /// null, `real` for every number. At the end, or where no value can begin, it fails and returns false.
  bool peek(Kind& kind) noexcept;

  /// Reads one value of any kind and appends its msgpack. On failure `out` may hold a part of it: truncate.
  bool value(Buffer& out);
  /// Reads a string and appends its text, unescaped and without msgpack header.
  bool text(Buffer& out);
  /// Reads a number.
  bool number(double& value) noexcept;
  /// Reads true or false.
  bool boolean(bool& value) noexcept;
  bool null() noexcept;

  /// Reads `[`. Then call next_element() before each element, until it returns false: at `]` (which it reads; ok() is true) or
  /// on failure.
  bool begin_array() noexcept;
  bool next_element() noexcept;
  /// Reads `{`. Then call next_member() before each value: it replaces the content of `key`. It returns false at `}` or on
  /// failure.
  bool begin_object() noexcept;
  bool next_member(Buffer& key);

  /// Checks that only white space is left. Fails with trailing_bytes otherwise.
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
  bool first_ = false;     ///< a container was just opened: no comma is expected
  std::size_t depth_ = 0;  ///< containers opened by begin_array() and begin_object()
  DecodeError error_{};
};

/// Reads one JSON document and appends it as msgpack. On failure `out` is unchanged.
///
/// Fails      bad_syntax, truncated (the text ends inside a value), too_deep, trailing_bytes, bad_value, bad_utf8, too_large (a
///            text of more than 1.4 GB); the offset points at the offending byte.
/// Cost       one pass. A container gets a header of one byte; if some have more than 15 members, one more pass at the end
///            moves each byte after the first of them at most once; the same where members are repeated. The keys of an object
///            of many members are looked up by hash. So time is linear in the input, whatever its shape (n log n when an
///            attacker chooses keys with equal hashes).
Result<void> json_to_msgpack(std::string_view json, Buffer& out, const JsonOptions& options = {});

/// Form of binary data in JSON, which has no binary type.
enum class BinaryForm : std::uint8_t {
  node_buffer,  ///< {"type":"Buffer","data":[1,2]}: what JSON.stringify makes of a Buffer
  base64,       ///< {"$binary":"AQI="}: a form for people who read or type JSON
  placeholder,  ///< {"_placeholder":true,"num":0}, and the bytes in `attachments`: for Socket.IO packets
};

struct MsgpackOptions {
  std::size_t depth_max = limits::depth_max;  ///< at most 1024 counts
  BinaryForm binary = BinaryForm::node_buffer;
  /// Members named "__proto__" are written: for Socket.IO's parser they are ordinary members.
  bool proto_members = false;
  /// Required with BinaryForm::placeholder: views into the input are appended to it, in the order of their numbers.
  std::vector<Bytes>* attachments = nullptr;
};

/// Appends one msgpack value as JSON text, as JSON.stringify would write the value that a JavaScript node decodes: shortest
/// numbers, NaN and infinities null, dates ISO text, undefined left out of objects and null elsewhere, map keys made text,
/// lone surrogates escaped, other invalid UTF-8 repaired, "__proto__" left out (see MsgpackOptions), unknown extensions as
/// [type, bytes].
///
/// Differences: integers keep all digits; members stay in their order and repeated ones are repeated (readers take the
/// last); the older generation's ArrayBuffer is binary, not {}; a date that is a map key is ISO text.
///
/// `input`    exactly one value; borrowed.
/// Fails      truncated, bad_syntax, too_deep, trailing_bytes. On failure `out` and `attachments` are unchanged.
/// Cost       one pass; allocates only for `out`.
Result<void> msgpack_to_json(Bytes input, Buffer& out, const MsgpackOptions& options = {});

/// Appends `text` as a JSON string, quotes included, escaped as JSON.stringify does: lone surrogates (utf8.hpp) as
/// \udxxx. Other invalid UTF-8 is repaired.
void append_json_string(Buffer& out, std::string_view text);

}  // namespace socketio::transcode
