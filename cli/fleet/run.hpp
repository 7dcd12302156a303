#pragma once

#include <string>
#include <vector>

namespace socketio::cli::fleet {

/// Runs the tool. `arguments` are without the program's name. Returns the exit status; does not throw.
int run(const std::vector<std::string>& arguments) noexcept;

}  // namespace socketio::cli::fleet
