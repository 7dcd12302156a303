#include "command_line.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "text.hpp"

namespace socketio::cli {
namespace {

bool is_negative_number(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-' && argument[1] >= '0' && argument[1] <= '9';
}

const OptionEntry* find(const Syntax& syntax, std::string_view name) {
  for (const OptionEntry& entry : syntax.table) {
    if (is_named(entry, name)) {
      return &entry;
    }
  }
  return nullptr;
}

std::string see_help(const Syntax& syntax) { return std::string(syntax.tool) + " --help shows all options"; }

std::string unknown(const Syntax& syntax, std::string_view argument) {
  const std::string_view name = argument.substr(0, argument.find('='));
  std::string_view closest;
  std::size_t closest_distance = 0;
  for (const OptionEntry& entry : syntax.table) {
    for_each_name(entry, [&](std::string_view known) {
      const std::size_t distance = text::distance(name, "--" + std::string(known));
      if (known.size() > 1 && (closest.empty() || distance < closest_distance)) {
        closest = known;
        closest_distance = distance;
      }
    });
  }
  const bool close = name.starts_with("--") && closest_distance <= 1 + name.size() / 4;
  return "There is no option " + text::excerpt(name) + (close ? "; did you mean --" + std::string(closest) + "?" : ".") + "\n" +
         see_help(syntax) + "; " + std::string(syntax.behind_dashes) + " that begins with a dash stands behind --.";
}

class Reader {
 public:
  Reader(const std::vector<std::string>& arguments, const Syntax& syntax)
      : syntax_(syntax), next_(arguments.begin()), end_(arguments.end()) {}

  CommandLine read() {
    while (next_ != end_) {
      const std::string& argument = *next_++;
      if (argument == "--") {
        break;
      }
      if (argument.size() < 2 || argument[0] != '-' || is_negative_number(argument)) {
        result_.words.push_back(argument);
      } else if (argument[1] == '-') {
        read_long(argument);
      } else {
        read_letters(argument);
      }
    }
    result_.words.insert(result_.words.end(), next_, end_);
    return std::move(result_);
  }

 private:
  void read_long(std::string_view argument) {
    const std::size_t equals = std::min(argument.find('='), argument.size());
    const std::string_view name = argument.substr(2, equals - 2);
    const OptionEntry* const option = name.size() > 1 ? find(syntax_, name) : nullptr;
    if (option == nullptr) {
      refuse(unknown(syntax_, argument));
    } else if (equals == argument.size()) {
      add(*option, name);
    } else if (const std::string_view value = argument.substr(equals + 1);
               option->takes_value || value == "true" || value == "false") {
      result_.options.push_back({option, std::string(value)});
    } else {
      refuse("Option \"" + std::string(name) + "\" takes no value. " + see_help(syntax_) + ".");
    }
  }

  void read_letters(std::string_view argument) {
    for (std::size_t at = 1; at < argument.size(); ++at) {
      const std::string_view letter = argument.substr(at, 1);
      const std::string_view rest = argument.substr(at + 1);
      const OptionEntry* const option = find(syntax_, letter);
      if (option == nullptr) {
        // A letter beyond ASCII has several bytes.
        refuse(unknown(syntax_, "-" + std::string(letter[0] >= 0 ? letter : argument.substr(at))));
        return;
      }
      if (option->takes_value && rest.starts_with('=')) {  // it would become a part of the value, which nobody means
        refuse("Write -" + std::string(letter) + " and the value without \"=\", as in -" + std::string(letter) + " " +
               text::excerpt(rest.substr(1)) + ".");
        return;
      }
      if (option->takes_value && !rest.empty()) {
        result_.options.push_back({option, std::string(rest)});
        return;
      }
      add(*option, letter);
    }
  }

  /// An option without a value in the same argument.
  void add(const OptionEntry& option, std::string_view name) {
    if (!option.takes_value) {
      result_.options.push_back({&option, "true"});
    } else if (next_ != end_) {
      result_.options.push_back({&option, *next_++});
    } else {
      refuse("Option \"" + std::string(name) + "\" is missing an argument. " + see_help(syntax_) + ".");
    }
  }

  void refuse(std::string sentence) {
    if (!result_.wrong) {
      result_.wrong = std::move(sentence);
    }
  }

  const Syntax& syntax_;
  std::vector<std::string>::const_iterator next_;
  const std::vector<std::string>::const_iterator end_;
  CommandLine result_;
};

}  // namespace

bool CommandLine::has(std::string_view name) const noexcept {
  return std::any_of(options.begin(), options.end(), [&](const Given& given) { return is_named(*given.option, name); });
}

CommandLine read_command_line(const std::vector<std::string>& arguments, const Syntax& syntax) {
  return Reader(arguments, syntax).read();
}

CommandLine read_command_line(const std::vector<std::string>& arguments) {
  return read_command_line(arguments, {"socketio-emit", option_table(), "an EVENT or ARG"});
}

}  // namespace socketio::cli
