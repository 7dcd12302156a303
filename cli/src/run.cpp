#include "run.hpp"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <optional>

#include <socketio/common/error.hpp>

#include "batch.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "help.hpp"
#include "options.hpp"
#include "signals.hpp"
#include "single.hpp"

namespace socketio::cli {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

ExitStatus act(const std::vector<std::string>& arguments, Console& console) {
  const Signals signals;
  const Options options = parse_options(arguments, {variable, ::isatty(STDOUT_FILENO) == 1});
  console.configure(options.output, options.verbose);
  switch (options.action) {
    case Action::help: console.data(help_text); break;
    case Action::version: console.data("socketio-emit " SOCKETIO_VERSION "\n"); break;
    case Action::usage: console.usage(usage_text); return ExitStatus::usage;
    case Action::emit: return options.input ? Batch(options, console, signals).run() : run_single(options, console, signals);
  }
  console.flush();
  return ExitStatus::ok;
}

}  // namespace

int run(const std::vector<std::string>& arguments) noexcept {
  try {
    Console console;
    try {
      return static_cast<int>(act(arguments, console));
    } catch (const Failure& failure) {
      console.error(failure.what());
      return static_cast<int>(failure.status());
    } catch (const Error& error) {
      console.error(error.what());
      return static_cast<int>(ExitStatus::usage);
    } catch (const std::bad_alloc&) {
      console.error("The system has no memory left for this.");
      return static_cast<int>(ExitStatus::usage);
    } catch (const std::exception& error) {
      console.error(std::string("Something went wrong inside: ") + error.what() + ".");
      return static_cast<int>(ExitStatus::usage);
    }
  } catch (...) {
    return static_cast<int>(ExitStatus::usage);
  }
}

}  // namespace socketio::cli
