#include "common/run_tool.hpp"
#include "common/signals.hpp"
#include "help.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {
namespace {

ExitStatus act(const std::vector<std::string>& arguments, const Surroundings& surroundings, Console& console) {
  const Options options = fleet::parse_options(arguments, surroundings);
  console.configure(options.common.output, options.common.verbose);
  const Signals no_broken_pipes;
  return options.action == Action::run ? options.command->run(options, console)
                                       : print_about({"socketio-fleet", help_text, usage_text}, options.action, console);
}

}  // namespace
}  // namespace socketio::cli::fleet

int main(int argc, char** argv) { return socketio::cli::run_tool("socketio-fleet", argc, argv, socketio::cli::fleet::act); }
