#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <socketio/common/export.hpp>

namespace socketio {

/// Options of a broadcast, besides the sockets it is sent to. `local` is not one of them: it means "publish nothing", so it is
/// never sent.
enum class Flag : std::uint8_t {
  is_volatile,             ///< "volatile": may be lost by clients that are not ready
  compress,                ///< "compress": true if the frame is worth compressing
  timeout,                 ///< "timeout": time to wait for acks, in milliseconds
  expect_single_response,  ///< "expectSingleResponse": sent through a remote socket object
  broadcast,               ///< "broadcast": only older emitters
  json,                    ///< "json": only older emitters
};

/// The name on the wire.
[[nodiscard]] SOCKETIO_API std::string_view wire_name(Flag flag) noexcept;

/// A set of flags with their values, in the order in which each was first set: JavaScript objects keep that order, so peers see
/// it. A plain value of 12 bytes.
class Flags {
 public:
  static constexpr std::size_t kinds = 6;

  /// Setting a flag again changes the value and keeps the position.
  constexpr Flags& set(Flag flag, bool value) noexcept {
    add(flag);
    values_ = static_cast<std::uint8_t>(value ? values_ | bit(flag) : values_ & ~bit(flag));
    return *this;
  }
  constexpr Flags& set_volatile(bool value = true) noexcept { return set(Flag::is_volatile, value); }
  constexpr Flags& set_compress(bool value) noexcept { return set(Flag::compress, value); }
  constexpr Flags& set_expect_single_response(bool value = true) noexcept { return set(Flag::expect_single_response, value); }
  constexpr Flags& set_timeout_ms(std::uint32_t timeout_ms) noexcept {
    add(Flag::timeout);
    timeout_ms_ = timeout_ms;
    return *this;
  }

  [[nodiscard]] constexpr bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return count_; }
  /// The flag at position `place` in the order of setting; `place` is below size().
  [[nodiscard]] constexpr Flag at(std::size_t place) const noexcept { return static_cast<Flag>((order_ >> (4 * place)) & 0xf); }

  [[nodiscard]] constexpr bool has(Flag flag) const noexcept { return (present_ & bit(flag)) != 0; }
  /// True if the flag is set to true. Always false for Flag::timeout.
  [[nodiscard]] constexpr bool is(Flag flag) const noexcept { return (values_ & bit(flag)) != 0; }
  [[nodiscard]] constexpr bool is_volatile() const noexcept { return is(Flag::is_volatile); }
  [[nodiscard]] constexpr bool expects_single_response() const noexcept { return is(Flag::expect_single_response); }
  /// nullopt when the sender left the choice to the receiver.
  [[nodiscard]] constexpr std::optional<bool> compress() const noexcept {
    return has(Flag::compress) ? std::optional(is(Flag::compress)) : std::nullopt;
  }
  [[nodiscard]] constexpr std::optional<std::uint32_t> timeout_ms() const noexcept {
    return has(Flag::timeout) ? std::optional(timeout_ms_) : std::nullopt;
  }

  friend constexpr bool operator==(const Flags& a, const Flags& b) noexcept = default;

 private:
  static constexpr std::uint8_t bit(Flag flag) noexcept { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(flag)); }
  constexpr void add(Flag flag) noexcept {
    if (!has(flag)) {
      present_ = static_cast<std::uint8_t>(present_ | bit(flag));
      order_ |= static_cast<std::uint32_t>(flag) << (4 * count_++);
    }
  }

  std::uint32_t timeout_ms_ = 0;
  std::uint32_t order_ = 0;  ///< four bits per flag, the first one lowest
  std::uint8_t count_ = 0;
  std::uint8_t present_ = 0;
  std::uint8_t values_ = 0;
};

}  // namespace socketio
