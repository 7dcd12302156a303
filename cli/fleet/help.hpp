#pragma once

#include <string_view>

namespace socketio::cli::fleet {

/// All commands and options, examples first. A test compares it with what the parser knows.
extern const std::string_view help_text;
/// For a call without any argument.
extern const std::string_view usage_text;

}  // namespace socketio::cli::fleet
