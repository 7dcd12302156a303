#include "command_line.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

// The only file that includes cxxopts: it is expensive to compile, twice as much with its regular expressions. All values are
// plain strings, so that nothing is split at commas.
#define CXXOPTS_NO_REGEX true
#include <cxxopts.hpp>

#include "exit_status.hpp"
#include "text.hpp"

namespace socketio::cli {
namespace {

bool is_negative_number(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-' && argument[1] >= '0' && argument[1] <= '9';
}

/// True if the arguments may contain the option. Only such options are passed to cxxopts: passing all of them takes a tenth of
/// the time of a whole emit.
bool may_be_among(const std::vector<std::string>& arguments, const OptionEntry& entry) {
  bool found = false;
  for_each_name(entry, [&](std::string_view name) {
    found = found || std::any_of(arguments.begin(), arguments.end(), [&](std::string_view argument) {
              const bool dashes = argument.starts_with("--");
              return (dashes && argument.substr(2).starts_with(name)) ||
                     (!dashes && argument.starts_with('-') && name.size() == 1 && argument.find(name) != argument.npos);
            });
  });
  return found;
}

const OptionEntry* find(const Syntax& syntax, std::string_view name) {
  const auto found =
      std::find_if(syntax.table.begin(), syntax.table.end(), [name](const OptionEntry& entry) { return is_named(entry, name); });
  return found == syntax.table.end() ? nullptr : &*found;
}

// ---- arguments that cxxopts does not read -----------------------------------------------------------------------------------

/// Encodes any text as digits, and decodes it again. cxxopts accepts only letters and digits after a single dash: -5, -tgame-7
/// and -n/admin would be errors. An encoded text is a mark, which no argument contains, and three octal digits per byte. No
/// option is a digit, so an encoded text is never read as an option.
class Encoding {
 public:
  explicit Encoding(const std::vector<std::string>& arguments) : mark_(longest_run(arguments) + 1, mark) {}

  [[nodiscard]] std::string encode(std::string_view text) const {
    std::string result = mark_;
    for (const char byte : text) {
      const auto number = static_cast<unsigned char>(byte);
      for (const int shift : {6, 3, 0}) {
        result += static_cast<char>('0' + ((number >> shift) & 7));
      }
    }
    return result;
  }

  /// `text` with its encoded part, if any, decoded.
  [[nodiscard]] std::string decode(const std::string& text) const {
    const std::size_t at = text.rfind(mark_);
    if (at == std::string::npos) {
      return text;
    }
    std::string result = text.substr(0, at);
    for (std::size_t digit = at + mark_.size(); digit + 2 < text.size(); digit += 3) {
      int number = 0;
      for (std::size_t index = digit; index < digit + 3; ++index) {
        number = number * 8 + (text[index] - '0');
      }
      result += static_cast<char>(number);
    }
    return result;
  }

 private:
  static constexpr char mark = '9';

  static std::size_t longest_run(const std::vector<std::string>& arguments) {
    std::size_t longest = 0;
    for (const std::string& argument : arguments) {
      std::size_t run = 0;
      for (const char byte : argument) {
        run = byte == mark ? run + 1 : 0;
        longest = std::max(longest, run);
      }
    }
    return longest;
  }

  std::string mark_;
};

/// The argument in a form that cxxopts reads correctly, whether it is an option, a word, or the value of the option before it.
std::string spell(const std::string& argument, const Syntax& syntax, const Encoding& encoding) {
  if (is_negative_number(argument)) {
    return encoding.encode(argument);
  }
  const bool is_letters = argument.size() > 1 && argument[0] == '-' && argument[1] != '-';
  for (std::size_t at = 1; is_letters && at < argument.size(); ++at) {
    const OptionEntry* const option = find(syntax, std::string_view(argument).substr(at, 1));
    const std::string_view rest = std::string_view(argument).substr(at + 1);
    if (option == nullptr || (option->takes_value && rest.starts_with('='))) {
      return argument.substr(0, at) + encoding.encode(std::string_view(argument).substr(at));  // there is no such option
    }
    if (option->takes_value && !rest.empty()) {
      return argument.substr(0, at + 1) + encoding.encode(rest);
    }
  }
  return argument;
}

// ---- sentences about mistakes -----------------------------------------------------------------------------------------------

std::string see_help(const Syntax& syntax) { return std::string(syntax.tool) + " --help shows all options"; }

/// A name that other programs use for an option, and how the option is written here.
struct Synonym {
  std::string_view word;
  std::string_view option;  ///< its long name
  std::string_view value = {};
};
constexpr Synonym synonyms[] = {
    {"--namespace", "nsp"},
    {"--rooms", "to"},
    {"--host", "redis"},
    {"--hostname", "redis"},
    {"--url", "redis"},
    {"--port", "redis"},
    {"--username", "user"},
    {"--pass", "password-file"},
    {"--password", "password-file"},
    {"--prefix", "key"},
    {"--file", "input"},
    {"--stdin", "input", " -"},
    {"--count", "limit"},
    {"--duration", "for"},
    {"--json", "output", " json"},
    {"--quiet", "output", " quiet"},
    {"--silent", "output", " quiet"},
};

/// "; did you mean --nsp?", or a full stop.
std::string meant_instead(const Syntax& syntax, std::string_view name) {
  for (const Synonym& synonym : synonyms) {
    if (synonym.word == name && find(syntax, synonym.option) != nullptr) {
      return "; did you mean --" + std::string(synonym.option) + std::string(synonym.value) + "?";
    }
  }
  std::vector<std::string> spelled;
  for (const OptionEntry& entry : syntax.table) {
    for_each_name(entry, [&](std::string_view known) {
      if (known.size() > 1) {
        spelled.push_back("--" + std::string(known));
      }
    });
  }
  const std::vector<std::string_view> known(spelled.begin(), spelled.end());
  const std::string_view meant = name.starts_with("--") ? text::closest(name, known) : std::string_view();
  return meant.empty() ? "." : "; did you mean " + std::string(meant) + "?";
}

std::string unknown(const Syntax& syntax, std::string_view argument) {
  const std::string_view name = argument.substr(0, argument.find('=', 3));  // a name is not empty
  return "There is no option " + text::excerpt(name) + meant_instead(syntax, name) + "\n" + see_help(syntax) + "; " +
         std::string(syntax.behind_dashes) + " that begins with a dash stands behind --.";
}

std::string takes_no_value(const Syntax& syntax, std::string_view name) {
  return "Option \"" + std::string(name) + "\" takes no value. " + see_help(syntax) + ".";
}

std::string mistake_in_name(const Syntax& syntax, std::string_view argument) {
  const std::string_view name = argument.substr(2, argument.find('=') - 2);
  return name.size() > 1 && find(syntax, name) != nullptr ? takes_no_value(syntax, name) : unknown(syntax, argument);
}

std::string mistake_in_letters(const Syntax& syntax, std::string_view argument) {
  for (std::size_t at = 1; at < argument.size(); ++at) {
    const std::string_view letter = argument.substr(at, 1);
    const OptionEntry* const option = find(syntax, letter);
    if (letter == "=" && at > 1) {
      return takes_no_value(syntax, argument.substr(at - 1, 1));
    }
    if (option == nullptr) {
      // A letter beyond ASCII has several bytes.
      return unknown(syntax, "-" + std::string(letter[0] >= 0 ? letter : argument.substr(at)));
    }
    if (option->takes_value) {  // "=" would become a part of the value, which is never intended
      return "Write -" + std::string(letter) + " and the value without \"=\", as in -" + std::string(letter) + " " +
             text::excerpt(argument.substr(std::min(at + 2, argument.size()))) + ".";
    }
  }
  return unknown(syntax, argument);
}

std::string value_missing(const Syntax& syntax, std::string_view argument) {
  const std::string_view name = argument.starts_with("--") ? argument.substr(2) : argument.substr(argument.size() - 1);
  return "Option \"" + std::string(name) + "\" is missing an argument. " + see_help(syntax) + ".";
}

// ---- reading ----------------------------------------------------------------------------------------------------------------

class Reader {
 public:
  Reader(const std::vector<std::string>& arguments, const Syntax& syntax)
      : arguments_(arguments), syntax_(syntax), encoding_(arguments), options_(std::string(syntax.tool)) {
    auto add = options_.add_options();
    for (const OptionEntry& entry : syntax.table) {
      if (may_be_among(arguments, entry)) {
        auto value = cxxopts::value<std::string>();
        add(std::string(entry.names), "", entry.takes_value ? value : value->implicit_value("true"));
      }
    }
    for (const std::string& argument : arguments) {
      spelled_.push_back(spell(argument, syntax, encoding_));
    }
  }

  CommandLine read() {
    auto line = parse(arguments_.size(), Tail::nothing);
    if (line) {
      return *std::move(line);
    }
    std::string mistake = first_mistake();
    options_.allow_unrecognised_options();  // --help and --version work even when another argument is wrong
    accepts_mistakes_ = true;
    line = parse(arguments_.size(), Tail::word);
    return {line ? std::move(line->options) : std::vector<Given>(), {}, std::move(mistake)};
  }

 private:
  enum class Tail : bool { nothing, word };

  /// Parses the first `count` arguments; empty when they contain a mistake. Tail::word adds a word, so that no value is
  /// missing.
  std::optional<CommandLine> parse(std::size_t count, Tail tail) {
    std::vector<const char*> words{options_.program().c_str()};
    for (std::size_t index = 0; index < count; ++index) {
      words.push_back(spelled_[index].c_str());
    }
    if (tail == Tail::word) {
      words.push_back("word");
    }
    try {
      return converted(options_.parse(static_cast<int>(words.size()), words.data()));
    } catch (const cxxopts::exceptions::parsing&) {
      return std::nullopt;
    }
  }

  std::optional<CommandLine> converted(const cxxopts::ParseResult& parsed) const {
    CommandLine line;
    for (const cxxopts::KeyValue& given : parsed.arguments()) {
      const OptionEntry* const option = find(syntax_, given.key());
      std::string value = encoding_.decode(given.value());
      if (option->takes_value || value == "true" || value == "false") {
        line.options.push_back({option, std::move(value)});
      } else if (!accepts_mistakes_) {
        return std::nullopt;
      }
    }
    for (const std::string& word : parsed.unmatched()) {
      line.words.push_back(encoding_.decode(word));
    }
    return line;
  }

  /// A sentence about the first mistake. cxxopts reports neither its position nor the whole wrong argument, so this searches
  /// for the shortest sequence of arguments that cannot be parsed: its last argument is the wrong one.
  std::string first_mistake() {
    if (parse(arguments_.size(), Tail::word)) {
      return value_missing(syntax_, arguments_.back());
    }
    std::size_t good = 0;
    std::size_t bad = arguments_.size();
    while (bad - good > 1) {
      const std::size_t middle = good + (bad - good) / 2;
      (parse(middle, Tail::word) ? good : bad) = middle;
    }
    const std::string& wrong = arguments_[good];
    return wrong.starts_with("--") ? mistake_in_name(syntax_, wrong) : mistake_in_letters(syntax_, wrong);
  }

  const std::vector<std::string>& arguments_;
  const Syntax& syntax_;
  const Encoding encoding_;
  cxxopts::Options options_;
  bool accepts_mistakes_ = false;
  std::vector<std::string> spelled_;
};

}  // namespace

bool CommandLine::has(std::string_view name) const noexcept {
  return std::any_of(options.begin(), options.end(), [&](const Given& given) { return is_named(*given.option, name); });
}

std::string dashed(const OptionEntry& entry) {
  std::string_view long_name;
  for_each_name(entry, [&](std::string_view name) { long_name = long_name.size() > 1 ? long_name : name; });
  return "--" + std::string(long_name);
}

namespace {

/// The option whose value is the argument after this one, or null. `argument` is not a value itself, and stands before "--".
const OptionEntry* takes_next(const Syntax& syntax, std::string_view argument) {
  if (argument.starts_with("--")) {
    const OptionEntry* const option = argument.size() > 3 ? find(syntax, argument.substr(2)) : nullptr;
    return option != nullptr && option->takes_value ? option : nullptr;
  }
  for (std::size_t at = 1; at < argument.size() && argument[0] == '-' && !is_negative_number(argument); ++at) {
    const OptionEntry* const option = find(syntax, argument.substr(at, 1));
    if (option == nullptr || option->takes_value) {
      return at + 1 == argument.size() ? option : nullptr;
    }
  }
  return nullptr;
}

/// True for an argument that reads as an option of its own, or as the end of the options.
bool is_spelled(const Syntax& syntax, std::string_view argument) {
  const std::size_t dashes = argument.starts_with("--") ? 2 : argument.starts_with('-') ? 1 : 0;
  const std::string_view name = argument.substr(dashes, argument.find('=') - dashes);
  return argument == "--" ||
         (dashes != 0 && !name.empty() && (name.size() == 1) == (dashes == 1) && find(syntax, name) != nullptr);
}

/// True for a long option that is written with one dash.
bool has_one_dash(const Syntax& syntax, std::string_view argument) {
  const std::string_view name = argument.substr(std::min<std::size_t>(1, argument.size()));
  return argument.starts_with('-') && name.size() > 1 && name[0] != '-' && name.find('=') != 1 &&
         find(syntax, name.substr(0, name.find('='))) != nullptr;
}

void check_values(const CommandLine& line, const std::vector<std::string>& arguments, const Syntax& syntax) {
  for (const Given& given : line.options) {
    const std::string name = dashed(*given.option);
    if (given.option->takes_value && given.value.empty()) {
      fail_usage("The value of " + name + " is empty. If it is a shell variable, that variable is not set.");
    }
    if (given.option->takes_value && given.value.ends_with('\r')) {
      fail_usage("The value of " + name + " ends with a carriage return, as in a script or file with Windows line ends.");
    }
  }
  const OptionEntry* option = nullptr;  // the one whose value the argument is
  for (const std::string& argument : arguments) {
    const std::string shown = text::excerpt(argument);
    const std::string as_value = option != nullptr ? dashed(*option) + "=" + shown : std::string();
    if (option != nullptr && is_spelled(syntax, argument)) {
      fail_usage("The value of " + dashed(*option) + " is missing: " + (argument == "--" ? "" : "the option ") + shown +
                 " follows it. If it is a shell variable, that variable is not set. If " + shown + " is the value, write " +
                 as_value + ".");
    }
    if (option == nullptr && argument == "--") {
      break;
    }
    if (has_one_dash(syntax, argument)) {
      const std::string apart = text::excerpt(argument.substr(0, 2)) + " " + text::excerpt(argument.substr(2));
      fail_usage(shown + " has one dash: did you mean -" + shown + "? If not, write " + (option != nullptr ? as_value : apart) +
                 ".");
    }
    option = option == nullptr ? takes_next(syntax, argument) : nullptr;
  }
}

}  // namespace

Action read_action(const std::vector<std::string>& arguments, const Syntax& syntax, CommandLine& line) {
  if (arguments.empty()) {
    return Action::usage;
  }
  line = read_command_line(arguments, syntax);
  if (line.has("help")) {
    return Action::help;
  }
  if (line.has("version")) {
    return Action::version;
  }
  if (line.wrong) {
    fail_usage(*line.wrong);
  }
  check_values(line, arguments, syntax);
  return Action::run;
}

CommandLine read_command_line(const std::vector<std::string>& arguments, const Syntax& syntax) {
  return Reader(arguments, syntax).read();
}

Syntax emit_syntax() { return {"socketio-emit", option_table(), "an EVENT or ARG"}; }

CommandLine read_command_line(const std::vector<std::string>& arguments) { return read_command_line(arguments, emit_syntax()); }

}  // namespace socketio::cli
