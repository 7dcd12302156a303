#pragma once

#include <stdexcept>
#include <string>

#include <socketio/common/export.hpp>

namespace socketio {

/// What the programmer did wrong. Codes are stable; texts are for people and may change.
enum class ErrorCode {
  reserved_event,   ///< an event name that Socket.IO keeps for itself
  bad_url,          ///< a Redis URL that cannot be read
  unsupported_url,  ///< a Redis URL of a kind this version does not speak
  bad_option,       ///< an option outside its range
  bad_utf8,         ///< a name that is not UTF-8
  bad_json,         ///< JSON text that cannot be read
  bad_arguments,    ///< arguments that do not pack to well-formed msgpack, or nest too deep
  too_large,        ///< a message above limits::message_bytes_max
  closed,           ///< the object was closed before
  not_supported,    ///< an operation that objects of this kind do not have
};

/// Misuse of the library. `what()` is a sentence that says what to do. What fails later (Redis, network, deadline) is never
/// thrown: it arrives as a value.
class SOCKETIO_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& sentence);
  ~Error() override;
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace socketio
