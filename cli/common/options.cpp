#include "options.hpp"

#include <string_view>
#include <utility>

#include "command_line.hpp"
#include "exit_status.hpp"
#include "option_check.hpp"
#include "option_table.hpp"

namespace socketio::cli {

Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Collected all;
  if (arguments.empty()) {
    all.options.action = Action::usage;
    return all.options;
  }
  CommandLine line = read_command_line(arguments);
  if (const bool help = line.has("help"); help || line.has("version")) {
    all.options.action = help ? Action::help : Action::version;
    return all.options;
  }
  if (line.wrong) {
    fail_usage(*line.wrong);
  }
  check_values(line, arguments, emit_syntax());
  for (const Given& given : line.options) {
    given.option->apply(all, given.value);
  }
  all.words = std::move(line.words);
  complete(all, surroundings);
  check(all);
  return all.options;
}

std::vector<OptionNames> option_names() {
  std::vector<OptionNames> result;
  for (const OptionEntry& entry : option_table()) {
    OptionNames option;
    option.takes_value = entry.takes_value;
    for_each_name(entry, [&](std::string_view name) {
      if (name.size() == 1) {
        option.letter = name[0];
      } else {
        option.names.emplace_back(name);
      }
    });
    result.push_back(std::move(option));
  }
  return result;
}

}  // namespace socketio::cli
