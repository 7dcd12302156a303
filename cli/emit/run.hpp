#pragma once

#include <string>
#include <vector>

namespace socketio::cli {

/// Runs the program. `arguments` are without its name. Returns the exit status; does not throw.
int run(const std::vector<std::string>& arguments) noexcept;

}  // namespace socketio::cli
