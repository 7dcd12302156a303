#include "run.hpp"

#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "batch.hpp"
#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "fleet.hpp"
#include "common/guarded_run.hpp"
#include "help.hpp"
#include "common/options.hpp"
#include "common/signals.hpp"
#include "single.hpp"

namespace socketio::cli {
namespace {

std::optional<std::string> environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

ExitStatus act(const std::vector<std::string>& arguments, Console& console) {
  const Signals signals;
  Options options = parse_options(arguments, {environment_variable, ::isatty(STDOUT_FILENO) == 1});
  console.configure(options.output, options.verbose);
  switch (options.action) {
    case Action::help: console.data(help_text); break;
    case Action::version: console.data("socketio-emit " SOCKETIO_VERSION "\n"); break;
    case Action::usage: console.usage(usage_text); return ExitStatus::usage;
    case Action::emit:
      if (options.ack) {
        look_at_fleet(options, console, signals);
      }
      return options.input ? Batch(options, console, signals).run() : run_single(options, console, signals);
  }
  return with_output(ExitStatus::ok, console.loses_output());
}

}  // namespace

int run(const std::vector<std::string>& arguments) noexcept {
  return guarded_run("socketio-emit", [&](Console& console) { return act(arguments, console); });
}

}  // namespace socketio::cli
