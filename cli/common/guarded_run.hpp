#pragma once

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <socketio/common/error.hpp>

#include "console.hpp"
#include "exit_status.hpp"

namespace socketio::cli {

/// Runs a tool, and turns an exception into a sentence and an exit status.
///
/// `act`  takes the Console, returns an ExitStatus.
template <typename Act>
int guarded_run(std::string_view tool, const Act& act) noexcept {
  try {
    Console console(tool);
    const auto say = [&console](const std::string& sentence, ExitStatus status) {
      console.error(sentence);
      return static_cast<int>(status);
    };
    try {
      return static_cast<int>(act(console));
    } catch (const Failure& failure) {
      return say(failure.what(), failure.status());
    } catch (const Error& error) {
      return say(error.what(), ExitStatus::usage);
    } catch (const std::bad_alloc&) {
      return say("The system has no memory left for this.", ExitStatus::usage);
    } catch (const std::exception& error) {
      return say(std::string("Something went wrong inside: ") + error.what() + ".", ExitStatus::usage);
    }
  } catch (...) {
    return static_cast<int>(ExitStatus::usage);
  }
}

}  // namespace socketio::cli
