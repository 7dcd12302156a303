#include "subcommands.hpp"

namespace socketio::cli::fleet {
namespace {

constexpr Subcommand table[] = {
    {"servers", "the servers: namespaces, time of the answer, sockets", "answers-max", true, false, run_servers},
    {"rooms", "the rooms and their sizes", "without-ids,answers-max", false, true, run_rooms},
    {"sockets", "the sockets: id, rooms, data, handshake", "to,room-number,except,answers-max", false, true, run_sockets},
    {"count", "how many sockets there are", "to,room-number,except,answers-max", false, true, run_count},
    {"tap", "everything on the bus, decoded, live", "to,event,from,last,record,limit,for", false, false, run_tap},
    {"doctor", "what is wrong with this fleet, and what to do about it", "recovery-window,requests-timeout,listen", true, false,
     run_doctor},
};

}  // namespace

std::span<const Subcommand> subcommands() { return table; }

const Subcommand* find_subcommand(std::string_view name) noexcept {
  for (const Subcommand& command : table) {
    if (command.name == name) {
      return &command;
    }
  }
  return nullptr;
}

}  // namespace socketio::cli::fleet
