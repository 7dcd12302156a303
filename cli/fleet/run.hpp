#pragma once

#include <string>
#include <vector>

namespace socketio::cli::fleet {

/// The whole tool: `arguments` come without the program's name. Returns its exit status; nothing is thrown.
int run(const std::vector<std::string>& arguments) noexcept;

}  // namespace socketio::cli::fleet
