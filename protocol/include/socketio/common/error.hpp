#pragma once

#include <stdexcept>
#include <string>

#include <socketio/common/export.hpp>

namespace socketio {

/// Kind of a programming error. Codes are stable; texts are for people and may change.
enum class ErrorCode {
  reserved_event,   ///< an event name that Socket.IO reserves
  bad_url,          ///< a malformed Redis URL
  unsupported_url,  ///< a Redis URL of a kind that this version does not support
  bad_option,       ///< an option outside its range
  bad_utf8,         ///< a name that is not UTF-8
  bad_json,         ///< malformed JSON text
  bad_arguments,    ///< arguments that do not pack to well-formed msgpack, or nest too deep
  too_large,        ///< a message above limits::message_bytes_max
  closed,           ///< the object is already closed
  not_supported,    ///< an operation that this kind of object does not support
};

/// Exception for misuse of the library. `what()` is a sentence that explains how to fix it. Later failures (Redis, network,
/// timeout) are never thrown: they are reported as values.
class SOCKETIO_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& sentence);
  ~Error() override;
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace socketio
