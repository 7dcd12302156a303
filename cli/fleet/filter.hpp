#pragma once

#include "message.hpp"

namespace socketio::cli::fleet {

/// Selects the messages to show. Most messages of a busy fleet are not wanted and should cost little: the filter checks the
/// channel first, then the bytes (a name that is not among them is not in the message), and only then decodes the message.
class Filter {
 public:
  Filter(std::string key, std::vector<std::string> namespaces, std::vector<std::string> rooms, std::vector<std::string> events);

  [[nodiscard]] bool names_something() const noexcept { return !rooms_.empty() || !events_.empty(); }

  /// True if a broadcast on that channel of the classic family can be wanted. `nsp` is the namespace of its subscription, or
  /// empty for all namespaces.
  [[nodiscard]] bool wants_channel(std::string_view channel, std::string_view nsp) const noexcept;
  /// True if the message in these bytes can be wanted. False only if it certainly is not.
  [[nodiscard]] bool wants_bytes(Bytes payload) const noexcept;
  [[nodiscard]] bool wants_nsp(std::string_view nsp) const noexcept;
  /// True if a decoded message is wanted. Responses name neither room nor event: they are wanted only without such filters.
  [[nodiscard]] bool wants(const Message& message) const;

 private:
  struct Name {
    std::string text;
    bool may_be_number;  ///< its text may be missing from the bytes
  };
  static std::vector<Name> names_of(std::vector<std::string> texts);
  static bool any_in(const std::vector<Name>& names, std::string_view bytes) noexcept;

  std::string key_;
  std::vector<std::string> namespaces_;
  std::vector<Name> rooms_;
  std::vector<Name> events_;
};

}  // namespace socketio::cli::fleet
