#include "batch.hpp"
#include "common/run_tool.hpp"
#include "fleet.hpp"
#include "help.hpp"
#include "single.hpp"

namespace socketio::cli {
namespace {

ExitStatus act(const std::vector<std::string>& arguments, const Surroundings& surroundings, Console& console) {
  const Signals signals;
  Options options = parse_options(arguments, surroundings);
  console.configure(options.output, options.verbose);
  if (options.action != Action::run) {
    return print_about({"socketio-emit", help_text, usage_text}, options.action, console);
  }
  if (options.ack) {
    look_at_fleet(options, console, signals);
  }
  return options.input ? Batch(options, console, signals).run() : run_single(options, console, signals);
}

}  // namespace
}  // namespace socketio::cli

int main(int argc, char** argv) { return socketio::cli::run_tool("socketio-emit", argc, argv, socketio::cli::act); }
