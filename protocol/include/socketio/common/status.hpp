#pragma once

#include <string>
#include <utility>

#include <socketio/common/language.hpp>

namespace socketio {

/// Outcome of an operation that can fail for a reason outside the program. Converts to true when the operation worked.
///
///   if (const socketio::Status listening = io.listen("127.0.0.1", 3000); !listening) {
///     std::cerr << listening.reason() << '\n';
///   }
class [[nodiscard]] Status {
 public:
  /// Success.
  Status() noexcept = default;
  /// Failure for that reason; success when it is empty.
  explicit Status(std::string reason) noexcept : reason_(std::move(reason)) {}

  [[nodiscard]] bool ok() const noexcept { return reason_.empty(); }
  explicit operator bool() const noexcept { return ok(); }
  /// A phrase for people: "port 3000 is in use". Empty on success.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::string reason_;
};

}  // namespace socketio
