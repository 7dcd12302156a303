#include "server_core.hpp"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/target.hpp>

#include "connection.hpp"
#include "counters.hpp"
#include "engine/engine_answers.hpp"
#include "http/trusted_proxies.hpp"

namespace socketio::server {
namespace {

void detach_all(std::vector<std::shared_ptr<NamespaceCore>>& ended) {
  for (const auto& nsp : std::exchange(ended, {})) {
    nsp->detach();
  }
}

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

std::string event_name_text(const event_data::Name& name) {
  if (name.kind == Kind::text || name.kind == Kind::binary) {
    return std::string(name.text);
  }
  Buffer text;
  js_number::append(text, name.number);
  return std::string(text.text());
}

std::int64_t LoopScheduler::wall_ms() const { return ServerCore::wall_ms(); }

std::int64_t ServerCore::wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

ServerCore::ServerCore(Loop& server_loop, ServerOptions server_options)
    : loop(server_loop),
      options(std::move(server_options)),
      random(options.random == nullptr ? loop.random()
             : is_threaded()           ? locked_random.emplace(*options.random)
                                       : *options.random),
      scheduler(loop),
      closing_timer_(loop, [] {}) {
  check(options);
  make_loops();
  of("/");
  for (const auto& one : loops_) {
    if (!one->is_first()) {
      one->start();
    }
  }
}

void ServerCore::make_loops() {
  if (is_threaded()) {
    counts_ = std::make_shared<net::OpenCounts>(options.threads);
  }
  for (std::size_t place = 0; place < options.threads; ++place) {
    auto on = place == 0 ? std::shared_ptr<Loop>(&loop, [](Loop*) {}) : std::make_shared<Loop>();
    loops_.push_back(std::make_unique<ServerLoop>(*this, std::move(on), place, counts_));
  }
}

ServerCore::~ServerCore() {
  first().backlog->give_up();
  for (const auto& one : loops_) {
    one->finish();
  }
  first().close_engines();
  for (const auto& [name, nsp] : namespaces_) {
    nsp->detach();
  }
  for (const auto& model : models_) {
    model->detach();
  }
  detach_all(*ended_);
}

void ServerCore::post_to_first(std::function<void(ServerCore&)> function) {
  loop.post([weak = weak_from_this(), function = std::move(function)] {
    if (const auto self = weak.lock()) {
      function(*self);
    }
  });
}

/// Posts to the loop at `place`. Functions that other loops have not run when they stop are dropped before their parts are
/// destroyed; the first loop continues.
void ServerCore::post_to(std::size_t place, std::function<void(ServerLoop&)> function) {
  if (place == 0) {
    post_to_first([function = std::move(function)](ServerCore& core) { function(core.first()); });
  } else {
    ServerLoop& there = *loops_[place];
    there.loop.post([&there, function = std::move(function)] { function(there); });
  }
}

// ---- namespaces ------------------------------------------------------------------------------------------------------------

std::shared_ptr<NamespaceCore> ServerCore::find(std::string_view name) const {
  const std::lock_guard guard(namespaces_lock_);
  const auto found = namespaces_.find(name);
  return found != namespaces_.end() ? found->second : nullptr;
}

std::shared_ptr<NamespaceCore> ServerCore::of(std::string_view name) {
  if (auto found = find(name)) {
    return found;
  }
  const std::string valid = target::namespace_name(name);
  if (auto found = find(valid)) {
    return found;
  }
  if (is_threaded() && !loop.on_loop_thread()) {
    throw Error(ErrorCode::not_supported,
                "The namespace " + valid + " is not there yet, and is made on the thread of the loop.");
  }
  const auto made = std::make_shared<NamespaceCore>(*this, valid);  // first: its adapter may throw
  const std::lock_guard guard(namespaces_lock_);
  namespaces_[valid] = made;
  return made;
}

std::shared_ptr<NamespaceCore> ServerCore::add_model(NamespaceCore::Predicate predicate) {
  const auto model = std::make_shared<NamespaceCore>(*this, "/_" + std::to_string(models_.size()), std::move(predicate));
  models_.push_back(model);
  return model;
}

std::shared_ptr<NamespaceCore> ServerCore::namespace_for(std::string_view name, Bytes auth) {
  if (auto found = find(name)) {
    return found;
  }
  // of() would take a name without slash for another one, which may have middlewares, and throws for one with a comma.
  if (!name.starts_with('/') || name.find(',') != std::string_view::npos) {
    return nullptr;
  }
  constexpr std::uint8_t empty_object[] = {0x80};
  const Value shown(auth.empty() ? Bytes(empty_object) : auth);
  const auto asked = models_;  // a copy: a predicate may add another
  for (const auto& model : asked) {
    bool allowed = false;
    model->first_shard().guard("a predicate of namespaces", {}, [&] { allowed = model->predicate()(name, shown); });
    if (!allowed) {
      continue;
    }
    if (auto found = find(name)) {
      return found;  // the predicate has made it itself
    }
    std::shared_ptr<NamespaceCore> child;
    if (children_ < options.dynamic_namespaces_max) {
      model->first_shard().guard("the maker of adapters", {}, [&] { child = of(name); });
    }
    if (child == nullptr) {
      return nullptr;
    }
    ++children_;
    child->inherit(*model);
    if (on_new_namespace) {
      model->first_shard().guard("on_new_namespace", {}, [&] { on_new_namespace(Namespace(child)); });
    }
    return child;
  }
  return nullptr;
}

void ServerCore::forget(NamespaceCore& nsp) {
  const auto found = namespaces_.find(nsp.name());
  if (found == namespaces_.end() || found->second.get() != &nsp) {
    return;
  }
  --children_;
  // Ends its subscriptions before a namespace of the same name can be created. The rest ends later: its functions may be
  // running.
  nsp.close_adapter();
  {
    const std::lock_guard guard(namespaces_lock_);
    ended_->push_back(std::move(found->second));
    namespaces_.erase(found);
  }
  loop.post([ended = ended_] { detach_all(*ended); });
}

// ---- the whole server ------------------------------------------------------------------------------------------------------

void ServerCore::serve_engine(const std::string& path, std::function<void(EngineSocket)> on_connection) {
  EngineOptions bare;
  bare.path = path;
  const auto shared = std::make_shared<const ServerLoop::OnEngineSocket>(std::move(on_connection));
  first().serve_engine(bare, shared);
  for (std::size_t place = 1; place < loops_.size(); ++place) {
    post_to(place, [bare, shared](ServerLoop& there) { there.serve_engine(bare, shared); });
  }
}

void ServerCore::report(const Problem& problem) {
  auto one_at_a_time = is_threaded() ? std::unique_lock(report_lock_) : std::unique_lock<std::recursive_mutex>();
  if (options.on_problem) {
    try {
      options.on_problem(problem);
    } catch (...) {  // on_problem has no place to report its own exceptions
    }
  }
  if (options.log) {
    const LogLevel level = problem.kind == Problem::Kind::handler_threw ? LogLevel::error : LogLevel::warning;
    options.log({level, "server", problem.message, problem.event});
  }
}

std::size_t ServerCore::connection_count() const noexcept {
  std::size_t count = 0;
  for (const auto& one : loops_) {
    count += one->engine->session_count();
  }
  return count;
}

ServerCounters ServerCore::all_counters() const {
  ServerCounters all = first().all_counters();
  for (std::size_t place = 1; place < loops_.size(); ++place) {
    add(all, loops_[place]->all_counters());
  }
  return all;
}

void ServerCore::close_adapters() {
  for (const auto& [name, nsp] : namespaces_) {
    nsp->adapter().close();
  }
}

/// A call of close() in progress. Each step begins when all loops have finished the one before:
///
///   events that wait for their id from a stream are delivered; sessions close and send their queues; clients over long polling
///   fetch their messages; HTTP closes.
struct ServerCore::Closing {
  bool over = false;  ///< it has ended, and later steps do nothing
  std::uint64_t due_ms = 0;
  std::function<void()> done;
  std::size_t namespaces_left = 0;
  std::size_t engines_left = 0;
  std::size_t loops_left = 0;
  Loop::TimerId timer = 0;

  [[nodiscard]] std::uint64_t left_ms(const Loop& at) const noexcept {
    return due_ms - std::min(due_ms, at.now_ms());  // all loops have the same clock
  }
};

Status ServerCore::listen(const std::string& host, std::uint16_t port) {
  if (!closings_.empty()) {
    return Status("the server is being closed");
  }
  if (std::exchange(closed_, false)) {
    for (std::size_t place = 1; place < loops_.size(); ++place) {
      post_to(place, [](ServerLoop& there) { there.reopen(); });
    }
    for (const auto& [name, nsp] : namespaces_) {
      nsp->reopen_adapter();
    }
    first().reopen();
  }
  return Status(first().http->listen(host, port));
}

void ServerCore::close(std::chrono::milliseconds deadline, std::function<void()> done) {
  const auto deadline_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(deadline.count(), 0));
  constexpr std::uint64_t years_ms = 1'000'000'000'000;
  closed_ = true;
  closing_timer_.start(years_ms);
  const auto closing = std::make_shared<Closing>();
  closing->due_ms = loop.now_ms() + deadline_ms;
  closing->done = std::move(done);
  closings_.push_back(closing);
  const auto delivered = [weak = weak_from_this(), closing] {
    if (const auto self = weak.lock(); self != nullptr && !closing->over && closing->namespaces_left != 0 && --closing->namespaces_left == 0) {
      self->end_sessions(closing);
    }
  };
  const auto closed = namespaces_;  // a copy: a namespace may end meanwhile
  closing->namespaces_left = closed.size();
  closing->timer = loop.call_after(std::chrono::milliseconds(deadline_ms), [closing, delivered] {
    closing->namespaces_left = std::min<std::size_t>(closing->namespaces_left, 1);
    delivered();
  });
  for (const auto& [name, nsp] : closed) {
    nsp->adapter().when_delivered(delivered);
  }
}

/// Closes the sessions, then the adapters: sockets save their sessions when they end.
void ServerCore::end_sessions(const std::shared_ptr<Closing>& closing) {
  loop.cancel(closing->timer);
  closing->engines_left = loops_.size();
  closing->loops_left = loops_.size();
  const auto engines_ended = [closing](ServerCore& core) {
    if (!closing->over && --closing->engines_left == 0) {
      core.close_adapters();
    }
  };
  for (std::size_t place = 1; place < loops_.size(); ++place) {
    post_to(place, [this, closing, engines_ended](ServerLoop& there) {
      there.close_engines();
      post_to_first(engines_ended);
      there.drain(closing->left_ms(there.loop),
                  [this, closing] { post_to_first([closing](ServerCore& core) { core.loop_drained(closing); }); });
    });
  }
  first().close_engines();
  engines_ended(*this);
  first().drain(closing->left_ms(loop), [this, closing] { loop_drained(closing); });
}

/// Closes HTTP once all loops are drained: the listener is on the first loop, and polling clients of all loops need it.
void ServerCore::loop_drained(const std::shared_ptr<Closing>& closing) {
  if (closing->over || --closing->loops_left != 0) {
    return;
  }
  closing->loops_left = loops_.size();
  for (std::size_t place = 1; place < loops_.size(); ++place) {
    post_to(place, [this, closing](ServerLoop& there) {
      there.http->close(closing->left_ms(there.loop),
                        [this, closing] { post_to_first([closing](ServerCore& core) { core.loop_closed(closing); }); });
    });
  }
  first().http->close(closing->left_ms(loop), [this, closing] { loop_closed(closing); });
}

/// No connection is left: completes all calls of close(), whatever their deadlines.
void ServerCore::end_closings() {
  closing_timer_.stop();
  const auto all = std::exchange(closings_, {});
  for (const auto& closing : all) {
    closing->over = true;
    loop.cancel(closing->timer);
  }
  for (const auto& closing : all) {
    if (const auto done = std::exchange(closing->done, nullptr)) {
      done();  // may destroy this
    }
  }
}

/// A connection that is moving from one loop to another is counted although neither has it: then all loops are asked again, and
/// it has arrived by then.
void ServerCore::loop_closed(const std::shared_ptr<Closing>& closing) {
  if (closing->over || --closing->loops_left != 0) {
    return;
  }
  if (counts_ == nullptr || counts_->total() == 0) {
    end_closings();
    return;
  }
  closing->loops_left = loops_.size();
  first().http->when_empty([this, closing] { loop_closed(closing); });
  for (std::size_t place = 1; place < loops_.size(); ++place) {
    post_to(place, [this, closing](ServerLoop& there) {
      there.http->when_empty([this, closing] { post_to_first([closing](ServerCore& core) { core.loop_closed(closing); }); });
    });
  }
}

}  // namespace socketio::server
