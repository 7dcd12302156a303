#include "run.hpp"

#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "common/console.hpp"
#include "common/guarded_run.hpp"
#include "help.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace socketio::cli::fleet {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

ExitStatus act(const std::vector<std::string>& arguments, Console& console) {
  const Options options = parse_options(arguments, {variable, ::isatty(STDOUT_FILENO) == 1});
  console.configure(options.common.output, options.common.verbose);
  switch (options.action) {
    case Action::help: console.data(help_text); break;
    case Action::version: console.data("socketio-fleet " SOCKETIO_VERSION "\n"); break;
    case Action::usage: console.usage(usage_text); return ExitStatus::usage;
    case Action::run: return options.command->run(options, console);
  }
  return with_output(ExitStatus::ok, console.loses_output());
}

}  // namespace

int run(const std::vector<std::string>& arguments) noexcept {
  return guarded_run("socketio-fleet", [&](Console& console) { return act(arguments, console); });
}

}  // namespace socketio::cli::fleet
