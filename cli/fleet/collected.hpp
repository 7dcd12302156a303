#pragma once

#include <string>
#include <vector>

#include "common/option_table.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// Values of the options. The base class has those that both tools share.
struct Collected : cli::Collected {
  Options fleet;
  std::vector<std::string> transports;
};

}  // namespace socketio::cli::fleet
