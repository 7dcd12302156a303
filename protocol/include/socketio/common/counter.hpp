#pragma once

#include <socketio/common/language.hpp>

#include <atomic>
#include <cstdint>

namespace socketio {

/// A counter that one thread changes and any thread may read; a server on several loops has one for each. It converts
/// implicitly to std::uint64_t. A copy counts independently.
///
/// Cost       that of a plain integer: no locks.
class Counter {
 public:
  Counter(std::uint64_t value = 0) noexcept : value_(value) {}  // NOLINT: implicit on purpose
  Counter(const Counter& other) noexcept : value_(other.value()) {}
  Counter& operator=(const Counter& other) noexcept {
    set(other.value());
    return *this;
  }

  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }
  operator std::uint64_t() const noexcept { return value(); }  // NOLINT: implicit on purpose
  Counter& operator++() noexcept { return *this += 1; }
  Counter& operator--() noexcept {
    set(value() - 1);
    return *this;
  }
  Counter& operator+=(std::uint64_t more) noexcept {
    set(value() + more);
    return *this;
  }

 private:
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }

  std::atomic<std::uint64_t> value_;
};

}  // namespace socketio
