#pragma once

#include <string>
#include <vector>

namespace socketio::cli {

/// The whole program. `arguments` are without its name. Returns the exit status; nothing is thrown.
int run(const std::vector<std::string>& arguments) noexcept;

}  // namespace socketio::cli
