#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <socketio/common/export.hpp>

namespace socketio {

/// Reason why bytes from outside were refused.
enum class Errc : std::uint8_t {
  truncated,       ///< input ended inside an item
  wrong_type,      ///< a well-formed item, but not the type this message requires
  missing_field,   ///< a member that this message requires is absent
  bad_value,       ///< the right type, but not a value that is allowed here
  too_deep,        ///< nesting above limits::depth_max
  too_large,       ///< a length or count above the limit for that field
  trailing_bytes,  ///< more bytes after a whole item
  bad_syntax,      ///< not msgpack (the reserved byte c1), or not JSON
  bad_utf8,        ///< text that is not UTF-8, where that is not repaired
};

/// One short English phrase, such as "nesting is too deep". Static text.
[[nodiscard]] SOCKETIO_API const char* describe(Errc code) noexcept;

/// A small error value, so that hostile input is cheap to refuse.
struct DecodeError {
  Errc code;
  std::size_t offset_bytes;  ///< position in the input, counted from its first byte
};

/// A value, or the error that explains why there is none.
template <typename T>
class Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit on purpose
  Result(DecodeError error) noexcept : error_(error) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  /// Precondition: ok().
  [[nodiscard]] const T& value() const& {
    assert(ok());
    return *value_;
  }
  [[nodiscard]] T& value() & {
    assert(ok());
    return *value_;
  }
  [[nodiscard]] T&& value() && {
    assert(ok());
    return *std::move(value_);
  }
  const T* operator->() const {
    assert(ok());
    return &*value_;
  }
  /// Precondition: !ok().
  [[nodiscard]] DecodeError error() const {
    assert(!ok());
    return error_;
  }

 private:
  std::optional<T> value_;
  DecodeError error_{};
};

template <>
class Result<void> {
 public:
  Result() noexcept = default;
  Result(DecodeError error) noexcept : error_(error) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] DecodeError error() const {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<DecodeError> error_;
};

}  // namespace socketio
