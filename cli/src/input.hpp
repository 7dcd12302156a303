#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "position.hpp"
#include "signals.hpp"

namespace socketio::cli {

/// What a batch reads: a file, or standard input.
class Input {
 public:
  /// Fails with Failure(usage): not there, not readable, a folder. May wait for the other end of a named pipe; a signal ends
  /// that with Failure(interrupted or terminated).
  Input(const std::string& path, const Signals& signals);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// Goes to where an earlier run ended, and returns where that is: a line feed that came later is passed over. Fails with
  /// Failure(usage) when the input is shorter, or no line ends there.
  Position skip_to(Position position, const Signals& signals);

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// For people.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The same file has the same identity wherever the program runs; standard input is "-".
  [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
  /// In bytes, where it is known.
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return size_; }

 private:
  [[nodiscard]] std::uint64_t seek(std::uint64_t offset) const;
  [[nodiscard]] std::uint64_t read_over(std::uint64_t count, char& last, const Signals& signals) const;

  int descriptor_ = -1;
  std::string name_;
  std::string identity_;
  std::optional<std::uint64_t> size_;
};

}  // namespace socketio::cli
