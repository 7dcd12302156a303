#include "single.hpp"

#include <socketio/asker.hpp>

#include "common/json_object.hpp"
#include "common/text.hpp"
#include "fleet.hpp"
#include "output_limits.hpp"

namespace socketio::cli {
namespace {

/// Longest wait between two checks for signals.
constexpr std::chrono::milliseconds question_slice{100};

std::string json_string(std::string_view text) {
  return name_by([text](Buffer& out) { transcode::append_json_string(out, text); });
}

/// Text about the servers that did not respond, such as ", 1 of 2 servers did not answer (8899aabbccddeeff)"; empty when all
/// responded.
std::string servers_missing_text(const asking::Answered& answered) {
  if (answered.servers_missing() == 0) {
    return {};
  }
  return ", " + units::grouped(answered.servers_missing()) + " of " + units::counted(answered.servers_asked, "server") +
         " did not answer" +
         (answered.missing.empty() ? "" : " (" + text::excerpt(text::joined(answered.missing, ", "), 200) + ")");
}

std::string nobody_text(const Options& options) {
  return "no server listens with the key \"" + text::excerpt(options.key) + "\" on this Redis, namespace " +
         text::excerpt(options.nsp);
}

std::string servers_missing_json(const asking::Answered& answered) {
  if (answered.missing.empty()) {
    return {};
  }
  return ",\"missing_servers\":[" + text::joined(answered.missing, ",", json_string) + "]";
}

std::string summary(const asking::Acks& acks, const Options& options, Output output) {
  if (output == Output::json) {
    return "{\"clients\":" + std::to_string(acks.clients) + ",\"answers\":" + std::to_string(acks.answers.size()) +
           ",\"missing\":" + std::to_string(acks.clients_missing()) + ",\"servers\":" + std::to_string(acks.servers_asked) +
           ",\"servers_missing\":" + std::to_string(acks.servers_missing()) + servers_missing_json(acks) + "}";
  }
  if (acks.servers_asked == 0) {
    return nobody_text(options);
  }
  return (acks.clients == 0
              ? "no client asked"
              : units::counted(acks.clients, "client") + " asked, " + units::grouped(acks.answers.size()) + " answered") +
         (acks.clients_missing() == 0 ? "" : ", " + units::grouped(acks.clients_missing()) + " missing") +
         servers_missing_text(acks);
}

std::string summary(const asking::ServerAnswers& answers, const Options& options, Output output) {
  if (output == Output::json) {
    return "{\"servers\":" + std::to_string(answers.servers_asked) + ",\"answers\":" + std::to_string(answers.answers.size()) +
           ",\"missing\":" + std::to_string(answers.servers_missing()) + servers_missing_json(answers) + "}";
  }
  if (answers.servers_asked == 0) {
    return nobody_text(options);
  }
  return units::counted(answers.servers_asked, "server") + " asked, " + units::grouped(answers.answers.size()) + " answered" +
         servers_missing_text(answers);
}

/// Refuses a classic fleet with servers of socket.io-redis 6 or redis-adapter 7.0, which crash on a broadcast that requests
/// acks. Does nothing when there is no connection: the request itself fails then.
void refuse_older_servers(const Options& options, Console& console, const Signals& signals) {
  OlderServers older;
  try {
    older = query<OlderServers>(options, console, signals, [&options](redis::Client& client, auto done) {
      find_older_servers(client, options, options.nsp, std::move(done));
    });
  } catch (const Failure&) {
    signals.fail_if_pending();
    return;
  }
  if (older.outcome == redis::Outcome::refused) {
    fail_refused(explain::not_asked(older.message, options));
  }
  if (older.count != 0) {
    fail_refused("Nothing was sent: " + older_servers_text(older, options.nsp) +
                 ", and a broadcast that asks for acknowledgements would end " + (older.count == 1 ? "it." : "them.") +
                 " Emit without --ack, or give all servers @socket.io/redis-adapter 7.2 or newer.");
  }
}

class Asking {
 public:
  Asking(const Options& options, Console& console, const Signals& signals)
      : options_(options),
        console_(console),
        signals_(signals),
        asker_(std::in_place, loop_, redis_options(options, console), options.fleet(options.transports.front())) {}

  ExitStatus clients(const OwnedOperation& operation) {
    refuse_too_large(operation);
    if (options_.uses(Transport::classic)) {
      refuse_older_servers(options_, console_, signals_);
    }
    return run<asking::Acks>([&](auto done) {
      asker_->emit_with_ack(
          operation.target, asking::Event::of_packed(operation.data.bytes()), how(),
          [this](const Value& answer) { print(answer, {}); }, std::move(done));
    });
  }
  ExitStatus servers(const OwnedOperation& operation) {
    refuse_too_large(operation);
    return run<asking::ServerAnswers>([&](auto done) {
      asker_->server_side_emit(
          operation.target.nsp, asking::Event::of_packed(operation.data.bytes()), how(),
          [this](const asking::ServerAnswer& answer) { print(answer.value(), answer.server); }, std::move(done));
    });
  }

 private:
  [[nodiscard]] asking::Options how() const {
    asking::Options how;
    how.timeout = options_.timeout;
    how.until = options_.until;
    how.expected = options_.expected;
    return how;
  }

  /// Refuses a request so large that Redis would close the connections of all servers instead of delivering it. Throws Error.
  void refuse_too_large(const OwnedOperation& operation) {
    if (MessageSizes::estimate(operation) < MessageSizes::small_bytes) {
      return;
    }
    OutputLimits limits;
    try {
      limits = query<OutputLimits>(options_, console_, signals_, [](redis::Client& client, auto done) {
        emitter::ask_output_limits(client, std::move(done));
      });
    } catch (const Failure&) {
      signals_.fail_if_pending();  // without a connection the request itself fails
    }
    MessageSizes::check_question(operation, options_, limits);
  }

  void print(const Value& answer, std::string_view server) {
    const std::string json = name_by([&answer](Buffer& out) { JsonObject::append_packed(out, answer.packed()); });
    if (console_.output() == Output::json) {
      console_.data("{" + (server.empty() ? "" : "\"server\":" + json_string(server) + ",") + "\"answer\":" + json + "}\n");
    } else if (console_.output() == Output::text) {
      console_.data((server.empty() ? "" : text::excerpt(server) + "  ") + json + "\n");
    }
    console_.flush();
  }

  template <typename Result, typename Ask>
  ExitStatus run(const Ask& ask) {
    std::optional<Result> result;
    ask([&result](Result ended) { result.emplace(std::move(ended)); });
    while (!result && signals_.pending() == 0) {
      loop_.run_until([&result] { return result.has_value(); }, question_slice);
    }
    const bool interrupted = !result.has_value();
    if (interrupted) {
      asker_.reset();  // completes the request with the responses received so far
    }
    if (!interrupted && !result->error.empty()) {
      if (result->servers_answered == 0 && result->servers_asked == 0) {
        fail_refused(explain::not_asked(result->error, options_));
      }
      console_.error(text::excerpt(result->error, 300));
    }
    const std::string text = summary(*result, options_, console_.output());
    console_.output() == Output::json ? console_.data(text + "\n") : console_.note(text);
    const ExitStatus status = interrupted        ? ended_by(signals_.pending())
                              : result->complete ? ExitStatus::ok
                                                 : ExitStatus::unanswered;
    return with_output(status, console_.loses_output());
  }

  const Options& options_;
  Console& console_;
  const Signals& signals_;
  Loop loop_;
  std::optional<AsyncAsker> asker_;
};

}  // namespace

ExitStatus run_asking(const Options& options, Console& console, const Signals& signals, const OwnedOperation& operation) {
  Asking asking(options, console, signals);
  return operation.kind == Op::server_side ? asking.servers(operation) : asking.clients(operation);
}

}  // namespace socketio::cli
