#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/bytes.hpp>

#include "message.hpp"

namespace socketio::cli::fleet {

/// What somebody wants to see. Most messages of a busy fleet are not wanted, and what is not wanted should cost little: first
/// the channel decides, then the bytes (a name that is not among them is not in the message), and only then is it decoded.
class Filter {
 public:
  Filter(std::string key, std::vector<std::string> namespaces, std::vector<std::string> rooms, std::vector<std::string> events);

  [[nodiscard]] bool names_something() const noexcept { return !rooms_.empty() || !events_.empty(); }

  /// Whether a broadcast on that channel of the classic family can be wanted. `nsp`: the only namespace that its subscription
  /// is for, or empty.
  [[nodiscard]] bool wants_channel(std::string_view channel, std::string_view nsp) const noexcept;
  /// Whether the message in these bytes can be wanted. False only if it certainly is not.
  [[nodiscard]] bool wants_bytes(Bytes payload) const noexcept;
  [[nodiscard]] bool wants_nsp(std::string_view nsp) const noexcept;
  /// Answers name neither room nor event, so they are wanted only when nobody asks for one.
  [[nodiscard]] bool wants(const Message& message) const;

 private:
  struct Name {
    std::string text;
    bool may_be_number;  ///< then its text need not be among the bytes
  };
  static std::vector<Name> names_of(std::vector<std::string> texts);
  static bool any_in(const std::vector<Name>& names, std::string_view bytes) noexcept;

  std::string key_;
  std::vector<std::string> namespaces_;
  std::vector<Name> rooms_;
  std::vector<Name> events_;
};

}  // namespace socketio::cli::fleet
