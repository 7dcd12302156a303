#include "server_loop.hpp"

#include <algorithm>
#include <csignal>
#include <string>
#include <system_error>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/net/posts.hpp>
#include <socketio/server/decision.hpp>
#include <socketio/server/id.hpp>

#include "engine/engine_link.hpp"
#include "engine/engine_request.hpp"

namespace socketio::server {
namespace {

/// Blocks signals for threads that start while it exists: signals are for the application's threads.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

/// A request belongs to the loop of the session that it names. Others are served by the loop that receives them.
ServerLoop::ServerLoop(ServerContext& of_server, NamespaceSource& namespaces, std::shared_ptr<Loop> on, std::size_t loop_index,
                       HttpSharing sharing)
    : LoopContext(of_server, std::move(on), loop_index),
      connections(*this, namespaces),
      routes(loop, server.options.http,
             [this](std::string_view what, const std::function<void()>& call) { return guard("/", what, {}, call); }),
      engine_options_(guarded_engine_options()),
      client_cors_(engine_options_.cors),
      client_files_(server.options.client_folder),
      static_files_(server.options.static_folder),
      drain_timer_(loop, [this] {
        for (EngineServer* const one : engines()) {
          one->stop_draining();
        }
      }) {
  engine = std::make_unique<EngineServer>(
      loop, engine_options_, [this](Session& session) { Connection::begin(connections, session); }, &server.random,
      LoopNumber{index, server.options.threads});
  if (sharing.counts != nullptr) {
    sharing.loop = index;
    sharing.loop_of = [this](const HttpRequest& request) {
      const EngineQuery query = EngineQuery::of(request.query);
      const bool is_id = engine_options_.generate_id ? !query.sid.empty() : query.sid.size() == Id::size;
      return is_id ? Id::loop_of(query.sid, server.options.threads) : index;
    };
  }
  http = std::make_unique<HttpServer>(
      loop, server.options.http, [this](const std::shared_ptr<HttpExchange>& exchange) { handle(exchange); },
      std::move(sharing));
}

ServerLoop::~ServerLoop() {
  finish();
  if (!is_first()) {
    loop.enter_thread();
    net::refuse_posts(loop);
  }
}

/// Options whose functions catch exceptions of the application, which pass through neither the parser nor the loop. One of
/// allow_request() refuses the session.
EngineOptions ServerLoop::guarded_engine_options() {
  EngineOptions guarded = server.options.engine;
  const auto guard_call = [this](auto& function, std::string_view what) {
    if (function) {
      function = [this, what, given = std::move(function)](auto&&... arguments) {
        this->guard("/", what, {}, [&] { given(std::forward<decltype(arguments)>(arguments)...); });
      };
    }
  };
  guard_call(guarded.allow_request, "allow_request");
  guard_call(guarded.connection_error, "connection_error");
  guard_call(guarded.initial_headers, "initial_headers");
  guard_call(guarded.headers, "headers");
  if (guarded.cors.origin_allowed) {
    guarded.cors.origin_allowed = [this, given = std::move(guarded.cors.origin_allowed)](std::string_view origin) {
      bool allowed = false;
      guard("/", "cors.origin_allowed", {}, [&] { allowed = given(origin); });
      return allowed;
    };
  }
  if (guarded.generate_id) {
    guarded.generate_id = [this, given = std::move(guarded.generate_id)](const HandshakeRequest& request) {
      std::string id;
      guard("/", "generate_id", {}, [&] { id = given(request); });
      return id;
    };
  }
  return guarded;
}

// ---- its thread ------------------------------------------------------------------------------------------------------------

void ServerLoop::start() {
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::bad_option, std::string("The server's threads cannot begin: ") + error.what() + ".");
  }
}

void ServerLoop::run() {
  constexpr std::chrono::milliseconds years{1'000'000'000'000};  // waiting for `ended_` keeps the loop running
  make_current();
  while (!loop.run_until([this] { return ended_; }, years)) {
  }
  connections.clear();
}

void ServerLoop::finish() {
  if (!thread_.joinable()) {
    return;
  }
  loop.post([this] {
    close_engines();
    ended_ = true;
  });
  thread_.join();
}

// ---- HTTP ------------------------------------------------------------------------------------------------------------------

void ServerLoop::serve_engine(const EngineOptions& bare, const std::shared_ptr<const OnEngineSocket>& on_connection) {
  EngineOptions guarded = engine_options_;
  guarded.path = bare.path;
  bare_engines_.push_back(std::make_unique<EngineServer>(
      loop, std::move(guarded),
      [this, on_connection](Session& session) {
        const EngineSocket socket(EngineLink::begin(session));
        guard("/", "serve_engine", {}, [&] { (*on_connection)(socket); });
      },
      &server.random, LoopNumber{index, server.options.threads}));
}

void ServerLoop::handle(const std::shared_ptr<HttpExchange>& exchange) {
  if (!routes.has_hooks()) {
    dispatch(*exchange);
    return;
  }
  const auto all = engines();
  const auto refuse = [all](HttpExchange& same) {
    if (std::none_of(all.begin(), all.end(), [&same](EngineServer* one) { return one->refuse_by_hook(same); })) {
      same.respond(400, {{"Content-Type", "text/plain; charset=utf-8"}}, as_bytes("Bad request\n"));
    }
  };
  if (std::none_of(all.begin(), all.end(), [&exchange](const EngineServer* one) { return one->preflight(*exchange); })) {
    routes.run_hooks(exchange, [this](HttpExchange& same) { dispatch(same); }, refuse);
  }
}

void ServerLoop::dispatch(HttpExchange& exchange) {
  if (serve_client(exchange) || engine->handle(exchange)) {
    return;
  }
  for (const auto& bare : bare_engines_) {
    if (bare->handle(exchange)) {
      return;
    }
  }
  if (!routes.handle(exchange) && !static_files_.serve(exchange, exchange.request().path) && !routes.refuse_method(exchange)) {
    routes.not_found(exchange);
  }
}

/// "/socket.io/socket.io.min.js" is a file; "/socket.io/?EIO=4..." is not.
bool ServerLoop::serve_client(HttpExchange& exchange) {
  const std::string_view path = exchange.request().path;
  const std::string_view folder = server.options.engine.path;
  if (server.options.client_folder.empty() || !path.starts_with(folder)) {
    return false;
  }
  std::string_view name = path.substr(folder.size());
  while (name.starts_with('/')) {
    name.remove_prefix(1);
  }
  if (!name.starts_with("socket.io.")) {
    return false;
  }
  Headers cors;  // pages of other origins may request modules
  client_cors_.add_headers(cors, exchange.request());
  return client_cors_.preflight(exchange) || client_files_.serve(exchange, "/" + std::string(name), std::move(cors));
}

// ---- engines ---------------------------------------------------------------------------------------------------------------

ServerCounters ServerLoop::all_counters() const {
  ServerCounters all = counters;
  all.engine = engine->counters();
  all.http = http->counters();
  all.routes = routes.counters;
  return all;
}

std::vector<EngineServer*> ServerLoop::engines() const {
  std::vector<EngineServer*> all{engine.get()};
  for (const auto& bare : bare_engines_) {
    all.push_back(bare.get());
  }
  return all;
}

void ServerLoop::close_engines() {
  for (EngineServer* const one : engines()) {
    one->close_all();
  }
}

void ServerLoop::reopen() {
  for (EngineServer* const one : engines()) {
    one->reopen();
  }
  http->reopen();
}

void ServerLoop::drain(std::uint64_t deadline_ms, std::function<void()> drained) {
  std::vector<EngineServer*> waiting = engines();
  std::erase_if(waiting, [](const EngineServer* one) { return one->is_drained(); });
  if (waiting.empty()) {
    drained();
    return;
  }
  drain_timer_.start(deadline_ms);
  const auto left = std::make_shared<std::size_t>(waiting.size());
  for (EngineServer* const one : waiting) {
    one->when_drained([this, left, drained] {
      if (--*left == 0) {
        drain_timer_.stop();
        drained();
      }
    });
  }
}

}  // namespace socketio::server
