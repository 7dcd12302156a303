#pragma once

#include <optional>

#include "common/files.hpp"
#include "common/signals.hpp"
#include "digest.hpp"
#include "position.hpp"

namespace socketio::cli {

/// Input of a batch: a file, or standard input.
class Input {
 public:
  /// Fails with Failure(usage) when the file does not exist, cannot be read, or is a folder. May wait for the writer of a named
  /// pipe; a signal ends that wait with Failure(interrupted or terminated).
  Input(const std::string& path, const Signals& signals);

  /// Skips to the position where an earlier run ended, and returns it; a line feed that was added there since then is skipped
  /// too. Adds the skipped bytes to `digest`. Fails with Failure(usage) when the input is shorter, no line ends there, or it is
  /// other input than the earlier run read.
  Position skip_to(Position position, Digest& digest, const Signals& signals);

  [[nodiscard]] int descriptor() const noexcept { return file_.number(); }
  /// Name for messages to people.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Identity of the file, which does not depend on the working directory; standard input is "-".
  [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
  /// Size in bytes, if known.
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return size_; }

 private:
  [[nodiscard]] std::uint64_t read_over(std::uint64_t count, char& last, Digest& digest, const Signals& signals) const;

  Descriptor file_;
  std::string name_;
  std::string identity_;
  std::optional<std::uint64_t> size_;
};

}  // namespace socketio::cli
