#pragma once

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace support {

/// The server that tests start: $REDIS_SERVER, a name or a path ("valkey-server"); otherwise redis-server where it is on the PATH,
/// and valkey-server where it is not.
inline std::string redis_server_program() {
  if (const char* const chosen = std::getenv("REDIS_SERVER"); chosen != nullptr && *chosen != '\0') {
    return chosen;
  }
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (std::error_code ignored; std::filesystem::exists(folder + "/redis-server", ignored)) {
      return "redis-server";
    }
  }
  return "valkey-server";
}

/// The client that comes with that server: redis-cli or valkey-cli.
inline std::string redis_cli_program() {
  constexpr std::string_view ending = "-server";
  std::string program = redis_server_program();
  if (!program.ends_with(ending)) {
    return "redis-cli";
  }
  return program.replace(program.size() - ending.size(), ending.size(), "-cli");
}

}  // namespace support
