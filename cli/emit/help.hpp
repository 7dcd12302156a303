#pragma once

#include <string_view>

namespace socketio::cli {

/// Text of --help: examples first, then all options. A test compares it with the options that the parser accepts.
extern const std::string_view help_text;
/// Text for a call without any argument.
extern const std::string_view usage_text;

}  // namespace socketio::cli
