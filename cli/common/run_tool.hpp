#pragma once

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>

#include <socketio/common/error.hpp>

#include "console.hpp"
#include "exit_status.hpp"
#include "files.hpp"

namespace socketio::cli {

/// The name of a tool, and its help.
struct ToolTexts {
  std::string_view name;  ///< "socketio-emit"
  std::string_view help;
  std::string_view usage;
};

inline std::optional<std::string> environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// Prints what the command line asks for instead of a run.
inline ExitStatus print_about(const ToolTexts& texts, Action action, Console& console) {
  if (action == Action::usage) {
    console.usage(texts.usage);
    return ExitStatus::usage;
  }
  console.data(action == Action::help ? std::string(texts.help) : std::string(texts.name) + " " SOCKETIO_VERSION "\n");
  return with_output(ExitStatus::ok, console.loses_output());
}

/// The main() of a tool. Turns an exception into a sentence and an exit status.
///
/// `act`  takes the arguments, the Surroundings and the Console, returns an ExitStatus.
template <typename Act>
int run_tool(std::string_view name, int argc, char** argv, const Act& act) noexcept {
  fill_standard_descriptors();
  try {
    Console console(name);
    const auto report = [&console](const std::string& sentence, ExitStatus status) {
      console.error(sentence);
      return static_cast<int>(status);
    };
    try {
      const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
      return static_cast<int>(act(arguments, Surroundings{environment_variable, ::isatty(STDOUT_FILENO) == 1}, console));
    } catch (const Failure& failure) {
      return report(failure.what(), failure.status());
    } catch (const Error& error) {
      return report(error.what(), ExitStatus::usage);
    } catch (const std::bad_alloc&) {
      return report("The system has no memory left for this.", ExitStatus::usage);
    } catch (const std::exception& error) {
      return report(std::string("Something went wrong inside: ") + error.what() + ".", ExitStatus::usage);
    }
  } catch (...) {
    return static_cast<int>(ExitStatus::usage);
  }
}

}  // namespace socketio::cli
