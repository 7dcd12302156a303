#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/result.hpp>

namespace socketio {

/// Kind of an item, independent of its width in msgpack.
enum class Kind : std::uint8_t {
  nil,
  boolean,
  integer,  ///< any width; `negative` determines how to read `bits`
  real,     ///< 32 or 64 bit
  text,     ///< bytes that claim to be UTF-8
  binary,
  array,      ///< `count` items follow
  map,        ///< `count` pairs of items follow
  extension,  ///< `extension_type` and `body`
};

/// One item as the cursor read it. Of an array or map only the header: its members are the next items.
struct Item {
  Kind kind = Kind::nil;
  bool boolean = false;
  bool negative = false;    ///< integer below zero: `bits` is two's complement
  bool fixed_size = false;  ///< extension: in one of the forms for exactly 1, 2, 4, 8 or 16 bytes
  std::int8_t extension_type = 0;
  std::uint32_t count = 0;  ///< array: items, map: pairs
  std::uint64_t bits = 0;   ///< integer
  double real = 0;          ///< real
  Bytes body;               ///< text, binary, extension: borrowed from the input
  std::size_t offset = 0;   ///< position of the item's first byte in the input

  [[nodiscard]] std::string_view text() const noexcept { return as_text(body); }
  /// Value of an integer, or of a real that is integral, within the range of std::int64_t; nullopt otherwise. JavaScript does
  /// not distinguish the two.
  [[nodiscard]] SOCKETIO_API std::optional<std::int64_t> as_int64() const noexcept;
  /// Any number as a double.
  [[nodiscard]] SOCKETIO_API double as_double() const noexcept;
};

/// Iterates over msgpack items without building a tree. After the first error every call returns false, and error() returns
/// that error.
///
/// Bytes are borrowed. Lengths are checked against the bytes left before anything uses them, and a container's count against
/// the bytes left, too (no item is shorter than one byte).
class SOCKETIO_API Cursor {
 public:
  explicit Cursor(Bytes input, std::size_t depth_max = limits::depth_max) noexcept
      : input_(input), depth_max_(depth_max < stack_size ? depth_max : stack_size) {}

  /// Reads one item. Of a container it reads the header only.
  bool next(Item& item) noexcept;
  /// Reads one item and checks its kind.
  bool expect(Kind kind, Item& item) noexcept;
  /// Skips one item with everything inside it, and checks that it is well formed and not nested too deep. `depth` is the number
  /// of containers that the caller has open. No recursion.
  bool skip(std::size_t depth = 0) noexcept;
  /// Skips one item and returns its bytes; empty on failure.
  Bytes skip_view() noexcept;

  /// Calls skip(), and sets `found` to true if it skipped an extension or an item of nine bytes (the size of "__proto__"),
  /// which publishable() in event_data.hpp may have to change.
  bool skip_and_look(bool& found) noexcept;

  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  [[nodiscard]] bool at_end() const noexcept { return position_ == input_.size(); }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::size_t left() const noexcept { return input_.size() - position_; }
  [[nodiscard]] DecodeError error() const noexcept { return error_; }
  /// Marks the cursor as failed; returns false, so that a caller may return it.
  bool fail(Errc code, std::size_t offset_bytes) noexcept;

 private:
  static constexpr std::size_t stack_size = 1024;

  bool pass(bool& container, std::uint64_t& inside, bool looks, bool& found) noexcept;
  bool skip_all(std::size_t depth, bool looks, bool& found) noexcept;
  bool take(std::size_t count, Bytes& bytes) noexcept;
  template <typename T>
  bool big_endian(T& value) noexcept;
  bool body(std::size_t size, Kind kind, Item& item) noexcept;
  bool extension(std::size_t size, bool fixed_size, Item& item) noexcept;
  bool container(std::uint32_t count, Kind kind, Item& item) noexcept;
  bool tagged(std::uint8_t tag, Item& item) noexcept;

  Bytes input_;
  std::size_t depth_max_;
  std::size_t position_ = 0;
  bool failed_ = false;
  DecodeError error_{};
};

/// Milliseconds since 1970 of a date in an extension item: type -1 (timestamp), or type 0 in the fixed form of 8 bytes (the
/// older generation). Computed as JavaScript does: fractions are truncated towards 1970. Dates out of range become the limits
/// of the range, which no JavaScript date reaches. nullopt when the item is not a date.
SOCKETIO_API std::optional<std::int64_t> date_of(const Item& item) noexcept;

/// JavaScript's undefined, as the older generation sends it: extension type 0 in the fixed form of one byte.
SOCKETIO_API bool is_undefined(const Item& item) noexcept;

/// A JavaScript ArrayBuffer, as the older generation sends it: extension type 0 in a form with a length. nullopt for any other
/// item.
SOCKETIO_API std::optional<Bytes> array_buffer_of(const Item& item) noexcept;

/// Checks that `input` is exactly `count` well-formed items, nested at most `depth_max` deep.
SOCKETIO_API Result<void> check_items(Bytes input, std::size_t count, std::size_t depth_max = limits::depth_max) noexcept;

}  // namespace socketio
