#include "options.hpp"

#include "common/command_line.hpp"
#include "common/exit_status.hpp"
#include "common/option_check.hpp"
#include "common/text.hpp"

namespace socketio::cli::fleet {
namespace {

constexpr std::string_view see_help = "\nsocketio-fleet --help shows examples.";

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names;
  for (const Subcommand& command : subcommands()) {
    names.push_back(command.name);
  }
  return names;
}

std::string names_of_commands() { return text::joined(command_names(), ", "); }

const Subcommand& command_of(const std::vector<std::string>& words) {
  if (words.empty()) {
    fail_usage("What is to be looked at? Give a command: " + names_of_commands() + "." + std::string(see_help));
  }
  const Subcommand* const command = find_subcommand(words.front());
  if (command == nullptr) {
    fail_usage("There is no command \"" + text::excerpt(words.front()) + "\"; there are " + names_of_commands() + "." +
               text::did_you_mean(words.front(), command_names()) + std::string(see_help));
  }
  if (words.size() > 1) {
    fail_usage("The command " + words.front() + " takes options only, not \"" + text::excerpt(words[1]) + "\"." +
               std::string(see_help));
  }
  return *command;
}

bool lists(std::string_view names, const OptionEntry& option) {
  const OptionEntry listed{names, false, nullptr};
  bool found = false;
  for_each_name(listed, [&](std::string_view name) { found = found || is_named(option, name); });
  return found;
}

/// Refuses an option that belongs only to other commands.
void check_belongs(const Subcommand& command, const Given& given) {
  std::vector<std::string_view> owning;
  for (const Subcommand& one : subcommands()) {
    if (lists(one.takes, *given.option)) {
      owning.push_back(one.name);
    }
  }
  std::string owners;
  for (std::size_t index = 0; index < owning.size(); ++index) {
    owners += (index == 0 ? "" : index + 1 == owning.size() ? " and " : ", ") + std::string(owning[index]);
  }
  if (!owners.empty() && !lists(command.takes, *given.option)) {
    fail_usage(dashed(*given.option) + " belongs to " + owners + ", not to " + std::string(command.name) + ".");
  }
}

/// Reads transports such as "classic,streams"; repeatable. "auto" must be the only one.
void read_transports(Options& options, std::span<const std::string> given, const char* source) {
  std::vector<std::string_view> names;
  for (const std::string& list : given) {
    const auto parts = text::split(list, ',');
    names.insert(names.end(), parts.begin(), parts.end());
  }
  for (const std::string_view name : names) {
    bool known = name == "auto";
    for (const Bus bus : all_buses) {
      if (name == name_of(bus) || name == "all") {
        known = true;
        if (std::find(options.buses.begin(), options.buses.end(), bus) == options.buses.end()) {
          options.buses.push_back(bus);
        }
      }
    }
    if (!known) {
      constexpr std::string_view known_names[] = {"classic", "sharded", "streams", "all", "auto"};
      fail_usage(std::string(source) + " cannot be \"" + text::excerpt(name) + "\": it is classic, sharded, streams" +
                 (options.command->asks_one_place ? " or auto." : ", several of them with commas between, all, or auto.") +
                 text::did_you_mean(name, known_names));
    }
    if (name == "auto" && names.size() > 1) {
      fail_usage(std::string(source) + " auto stands alone: it looks which transport the fleet uses.");
    }
  }
}

void complete_transports(Collected& all, const Surroundings& surroundings) {
  Options& options = all.fleet;
  if (!all.transports.empty()) {
    read_transports(options, all.transports, "--transport");
    return;
  }
  const auto variable = surroundings.variable ? surroundings.variable("SOCKETIO_TRANSPORT") : std::nullopt;
  if (variable && !variable->empty()) {
    read_transports(options, std::array{*variable}, "SOCKETIO_TRANSPORT");
  } else if (options.command->looks_for_transports) {
    options.one_bus = false;
  } else {
    options.is_by_default = true;
  }
}

void check(const Options& options) {
  const bool history = options.from || options.last;
  if (options.from && options.last) {
    fail_usage("--from and --last do not go together: both say where history begins.");
  }
  if (history && !options.buses.empty() &&
      std::find(options.buses.begin(), options.buses.end(), Bus::streams) == options.buses.end()) {
    fail_usage(std::string(options.from ? "--from" : "--last") +
               " needs --transport streams: the other transports keep no history.");
  }
  const std::string name(options.command->name);
  if (options.command->asks_one_place && options.namespaces.size() > 1) {
    fail_usage("The command " + name + " asks in one namespace; give one --nsp.");
  }
  if (options.command->asks_one_place && options.buses.size() > 1) {
    fail_usage("The command " + name +
               " asks the servers of one transport: --transport is classic, sharded, streams or auto here, not several.");
  }
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Collected all;
  Options& options = all.fleet;
  CommandLine line;
  options.action = read_action(arguments, {"socketio-fleet", option_table(), "a word"}, line);
  if (options.action != Action::run) {
    return options;
  }
  options.command = &command_of(line.words);
  for (const Given& given : line.options) {
    check_belongs(*options.command, given);
    given.option->apply(all, given.value);
  }
  complete_transports(all, surroundings);
  complete_common(all, surroundings);
  options.common = all.options;
  options.output_is_terminal = surroundings.output_is_terminal;
  if (options.command->asks_one_place && options.namespaces.empty()) {
    options.namespaces = {"/"};
  }
  check(options);
  return options;
}

}  // namespace socketio::cli::fleet
