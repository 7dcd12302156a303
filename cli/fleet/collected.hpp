#pragma once

#include <string>
#include <vector>

#include "../src/option_table.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// What the options say. The base is for those that both tools have.
struct Collected : cli::Collected {
  Options fleet;
  std::vector<std::string> transports;
};

}  // namespace socketio::cli::fleet
