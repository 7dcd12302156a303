#pragma once

#include <string_view>

namespace socketio::cli::fleet {

/// Text of --help: examples first, then all commands and options. A test compares it with what the parser accepts.
extern const std::string_view help_text;
/// Text for a call without any argument.
extern const std::string_view usage_text;

}  // namespace socketio::cli::fleet
