#include <socketio/common/error.hpp>
#include <socketio/common/result.hpp>

namespace socketio {

Error::Error(ErrorCode code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
Error::~Error() = default;

const char* describe(Errc code) noexcept {
  switch (code) {
    case Errc::truncated: return "the input ends too early";
    case Errc::wrong_type: return "a value has the wrong type";
    case Errc::missing_field: return "a required member is missing";
    case Errc::bad_value: return "a value is not allowed here";
    case Errc::too_deep: return "nesting is too deep";
    case Errc::too_large: return "a length is above the limit";
    case Errc::trailing_bytes: return "more input follows a complete value";
    case Errc::bad_syntax: return "the syntax is wrong";
    case Errc::bad_utf8: return "the text is not UTF-8";
  }
  return "unknown error";
}

}  // namespace socketio
