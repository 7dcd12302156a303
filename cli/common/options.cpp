#include "options.hpp"

#include "command_line.hpp"
#include "exit_status.hpp"
#include "option_check.hpp"
#include "option_table.hpp"

namespace socketio::cli {

Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Collected all;
  CommandLine line;
  all.options.action = read_action(arguments, emit_syntax(), line);
  if (all.options.action != Action::run) {
    return all.options;
  }
  for (const Given& given : line.options) {
    given.option->apply(all, given.value);
  }
  all.words = std::move(line.words);
  complete(all, surroundings);
  check(all);
  return all.options;
}

}  // namespace socketio::cli
