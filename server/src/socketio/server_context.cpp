#include "server_context.hpp"

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

#include <socketio/common/error.hpp>

#include "engine/engine_answers.hpp"
#include "http/trusted_proxies.hpp"

namespace socketio::server {
namespace {

void check(const ServerOptions& options) {
  if (!options.engine.path.starts_with('/')) {
    throw Error(ErrorCode::bad_option, "engine.path must begin with \"/\".");
  }
  check_cookie(options.engine.cookie);
  check_cors(options.engine.cors);
  TrustedProxies(options.http.trust_proxy);
  if (options.depth_max == 0 || options.depth_max > limits::depth_max) {
    throw Error(ErrorCode::bad_option, "depth_max must be between 1 and " + std::to_string(limits::depth_max) + ".");
  }
  if (options.threads == 0 || options.threads > ServerOptions::threads_max) {
    throw Error(ErrorCode::bad_option, "threads must be between 1 and " + std::to_string(ServerOptions::threads_max) + ".");
  }
  for (const auto& [name, duration] : std::initializer_list<std::pair<const char*, std::chrono::milliseconds>>{
           {"connect_timeout", options.connect_timeout},
           {"engine.ping_interval", options.engine.ping_interval},
           {"engine.ping_timeout", options.engine.ping_timeout},
           {"engine.upgrade_timeout", options.engine.upgrade_timeout},
           {"engine.queue_timeout", options.engine.queue_timeout},
           {"engine.decision_timeout", options.engine.decision_timeout},
           {"http.header_timeout", options.http.header_timeout},
           {"http.body_timeout", options.http.body_timeout},
           {"http.idle_timeout", options.http.idle_timeout},
           {"http.answer_timeout", options.http.answer_timeout}}) {
    if (duration.count() <= 0) {
      throw Error(ErrorCode::bad_option, std::string(name) + " must be above 0.");
    }
  }
  // Clients wait for the sum, and timers of JavaScript that are longer end at once.
  constexpr std::chrono::milliseconds javascript_max{0x7fffffff};
  if (options.engine.ping_interval > javascript_max ||
      options.engine.ping_timeout > javascript_max - options.engine.ping_interval) {
    throw Error(ErrorCode::bad_option, "engine.ping_interval and engine.ping_timeout must be below 24.8 days together.");
  }
}

}  // namespace

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

ServerContext::ServerContext(Loop& first_loop, ServerOptions server_options)
    : loop(first_loop),
      options(std::move(server_options)),
      random(options.random == nullptr ? loop.random()
             : is_threaded()           ? locked_random.emplace(*options.random)
                                       : *options.random),
      scheduler(loop),
      first_backlog(std::make_shared<Backlog>(options.thread_queue_bytes_max)) {
  check(options);
}

void ServerContext::report(const Problem& problem) {
  auto one_at_a_time = is_threaded() ? std::unique_lock(report_lock_) : std::unique_lock<std::recursive_mutex>();
  if (options.on_problem) {
    try {
      options.on_problem(problem);
    } catch (...) {  // on_problem has nowhere to report its own exceptions
    }
  }
  if (options.log) {
    const LogLevel level = problem.kind == Problem::Kind::handler_threw ? LogLevel::error : LogLevel::warning;
    options.log({level, "server", problem.message, problem.event});
  }
}

}  // namespace socketio::server
