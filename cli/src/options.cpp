#include "options.hpp"

#define CXXOPTS_NO_REGEX
#define CXXOPTS_VECTOR_DELIMITER '\0'
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#include <cxxopts.hpp>
#pragma GCC diagnostic pop

#include <algorithm>

#include "exit_status.hpp"
#include "option_check.hpp"
#include "option_table.hpp"
#include "text.hpp"

namespace socketio::cli {
namespace {

constexpr const char* words_name = "words";  // EVENT and ARGs, as cxxopts sees them

/// Stands before arguments that begin with a dash and are no options, as long as cxxopts reads them.
constexpr char mark = '\x01';

bool is_negative_number(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-' && argument[1] >= '0' && argument[1] <= '9';
}

/// cxxopts takes -5 for an option.
std::vector<std::string> marked(const std::vector<std::string>& arguments) {
  std::vector<std::string> result{"socketio-emit"};
  bool options_end = false;
  for (const std::string& argument : arguments) {
    const bool mark_it = options_end || is_negative_number(argument) || argument.starts_with(mark);
    options_end = options_end || argument == "--";
    result.push_back(mark_it ? mark + argument : argument);
  }
  return result;
}

std::string unmarked(const std::string& argument) { return argument.starts_with(mark) ? argument.substr(1) : argument; }

[[noreturn]] void refuse_unknown(const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  std::string closest;
  std::size_t closest_distance = 0;
  for (const OptionNames& option : option_names()) {
    for (const std::string& known : option.names) {
      const std::size_t distance = text::distance(name, "--" + known);
      if (closest.empty() || distance < closest_distance) {
        closest = known;
        closest_distance = distance;
      }
    }
  }
  const bool close = name.starts_with("--") && closest_distance <= 1 + name.size() / 4;
  fail_usage("There is no option " + text::excerpt(name) + (close ? "; did you mean --" + closest + "?" : ".") +
             "\nsocketio-emit --help shows all options; an EVENT or ARG that begins with a dash stands behind --.");
}

/// cxxopts puts names into quotes that not every terminal can show.
std::string plain_quotes(std::string sentence) {
  for (const std::string_view quote : {"\u2018", "\u2019"}) {
    for (std::size_t at = sentence.find(quote); at != std::string::npos; at = sentence.find(quote)) {
      sentence.replace(at, quote.size(), "\"");
    }
  }
  return sentence;
}

cxxopts::ParseResult parse(const std::vector<std::string>& arguments) {
  cxxopts::Options parser("socketio-emit");
  parser.allow_unrecognised_options();
  cxxopts::OptionAdder add = parser.add_options();
  for (const OptionEntry& entry : option_table()) {
    if (entry.takes_value) {
      add(entry.names, "", cxxopts::value<std::string>());
    } else {
      add(entry.names, "", cxxopts::value<bool>());
    }
  }
  add(words_name, "", cxxopts::value<std::vector<std::string>>());
  parser.parse_positional({words_name});
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(argument.c_str());
  }
  try {
    return parser.parse(static_cast<int>(pointers.size()), pointers.data());
  } catch (const cxxopts::exceptions::exception& error) {
    fail_usage(plain_quotes(error.what()) + ". socketio-emit --help shows all options.");
  }
}

void apply(Collected& all, const cxxopts::ParseResult& parsed) {
  for (const auto& argument : parsed.arguments()) {
    if (argument.key() == words_name) {
      if (argument.value().starts_with('-') && argument.value() != "-") {
        refuse_unknown(argument.value());
      }
      all.words.push_back(unmarked(argument.value()));
      continue;
    }
    for (const OptionEntry& entry : option_table()) {
      if (is_named(entry, argument.key())) {
        entry.apply(all, unmarked(argument.value()));
        break;
      }
    }
  }
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Collected all;
  if (arguments.empty()) {
    all.options.action = Action::usage;
    return all.options;
  }
  const cxxopts::ParseResult parsed = parse(marked(arguments));
  if (parsed.count("help") != 0 || parsed.count("version") != 0) {
    all.options.action = parsed.count("help") != 0 ? Action::help : Action::version;
    return all.options;
  }
  if (!parsed.unmatched().empty()) {
    refuse_unknown(parsed.unmatched().front());
  }
  apply(all, parsed);
  complete(all, surroundings);
  check(all);
  return all.options;
}

std::vector<OptionNames> option_names() {
  std::vector<OptionNames> result;
  for (const OptionEntry& entry : option_table()) {
    OptionNames option;
    option.takes_value = entry.takes_value;
    std::string_view names = entry.names;
    while (!names.empty()) {
      const std::string_view name = names.substr(0, names.find(','));
      names.remove_prefix(std::min(names.size(), name.size() + 1));
      if (name.size() == 1) {
        option.letter = name[0];
      } else {
        option.names.emplace_back(name);
      }
    }
    result.push_back(std::move(option));
  }
  return result;
}

}  // namespace socketio::cli
