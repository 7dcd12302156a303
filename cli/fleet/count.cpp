#include <optional>
#include <string>
#include <utility>

#include "common/signals.hpp"
#include "common/units.hpp"
#include "questions.hpp"
#include "subcommands.hpp"

namespace socketio::cli::fleet {

ExitStatus run_count(const Options& options, Console& console) {
  const Signals no_broken_pipes;
  std::optional<asking::Count> result;
  Questions questions(options, console, "count");
  questions.connect();
  const Bus bus = questions.one_bus();
  questions.asker(bus).count(questions.target(), questions.how(),
                             [&result](asking::Count ended) { result = std::move(ended); });
  questions.wait([&result] { return result.has_value(); });
  questions.account(*result, bus, options.namespaces.front());
  if (questions.was_asked()) {
    const std::string count = std::to_string(result->count);
    questions.print(options.common.output == Output::json ? "{\"count\":" + count + "}\n" : count + "\n");
  }
  return questions.finish();
}

}  // namespace socketio::cli::fleet
