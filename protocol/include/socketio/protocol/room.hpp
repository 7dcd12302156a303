#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include <socketio/common/buffer.hpp>
#include <socketio/common/export.hpp>

namespace socketio {

/// The name of a room. Rooms are text; a JavaScript server may also have joined a socket to a *number*, and 42 and "42" are two
/// different rooms there. `Room::number(42)` reaches the former, everything else the latter.
///
/// Source: docs/wire.md, "Numeric rooms".
class SOCKETIO_API Room {
 public:
  Room(std::string name) noexcept : name_(std::move(name)) {}   // NOLINT: implicit on purpose
  Room(std::string_view name) : name_(name) {}                  // NOLINT: implicit on purpose
  Room(const char* name) : name_(name) {}                       // NOLINT: implicit on purpose
  template <typename T>
    requires std::is_arithmetic_v<T>
  Room(T) = delete;  ///< use Room::number(n), or to_string(n)

  /// The room that a JavaScript server named by a number. NaN and the infinities throw Error(bad_option).
  static Room number(double value);

  /// The name as it appears in channels: for a number, JavaScript's shortest text form.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool is_number() const noexcept { return is_number_; }
  /// The number; 0 for a room named by text.
  [[nodiscard]] double value() const noexcept { return value_; }

  friend bool operator==(const Room& a, const Room& b) noexcept {
    return a.is_number_ == b.is_number_ && a.name_ == b.name_;
  }

 private:
  Room(std::string name, double value) noexcept : name_(std::move(name)), value_(value), is_number_(true) {}

  std::string name_;
  double value_ = 0;
  bool is_number_ = false;
};

}  // namespace socketio
