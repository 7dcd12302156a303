// Prints the options that the parsers of both tools accept, for man pages and completions, and for the test that checks them:
//
//   socketio-emit     option    t,to,room,in    value
//   socketio-emit     option    s,string        flag
//   socketio-fleet    command   tap             to,event    everything on the bus ...
//
// with tabs between.
#include <cstdio>

#include "fleet/options.hpp"
#include "common/option_table.hpp"

namespace {

std::string table_of(const char* tool, std::span<const socketio::cli::OptionEntry> table) {
  std::string text;
  for (const socketio::cli::OptionEntry& entry : table) {
    text += std::string(tool) + "\toption\t" + std::string(entry.names) + (entry.takes_value ? "\tvalue\n" : "\tflag\n");
  }
  return text;
}

}  // namespace

int main() {
  std::string text = table_of("socketio-emit", socketio::cli::option_table());
  text += table_of("socketio-fleet", socketio::cli::fleet::option_table());
  for (const auto& command : socketio::cli::fleet::subcommands()) {
    text += "socketio-fleet\tcommand\t" + std::string(command.name) + "\t" + std::string(command.takes) + "\t" +
            std::string(command.summary) + "\n";
  }
  return std::fputs(text.c_str(), stdout) < 0 ? 1 : 0;
}
