#include "server_core.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/target.hpp>

#include "counters.hpp"

namespace socketio::server {
namespace {

void detach_all(std::vector<std::shared_ptr<NamespaceCore>>& ended) {
  for (const auto& nsp : std::exchange(ended, {})) {
    nsp->detach();
  }
}

}  // namespace

ServerCore::ServerCore(Loop& server_loop, ServerOptions server_options)
    : ServerContext(server_loop, std::move(server_options)), closing_timer_(loop, [] {}) {
  make_loops();
  of("/");
  for (const auto& one : loops_) {
    if (!one->is_first()) {
      one->start();
    }
  }
}

void ServerCore::make_loops() {
  NamespaceSource& namespaces = *this;
  HttpSharing sharing;
  if (is_threaded()) {
    counts_ = std::make_shared<net::OpenCounts>(options.threads);
    sharing.counts = counts_;
    sharing.send = [this](std::size_t to, HttpArrival arrival) {
      post_to(to, [kept = std::make_shared<HttpArrival>(std::move(arrival))](ServerLoop& there) {
        there.http->adopt(std::move(*kept));
      });
    };
  }
  for (std::size_t index = 0; index < options.threads; ++index) {
    auto on = index == 0 ? std::shared_ptr<Loop>(&loop, [](Loop*) {}) : std::make_shared<Loop>();
    loops_.push_back(std::make_unique<ServerLoop>(*this, namespaces, std::move(on), index, sharing));
    contexts_.push_back(loops_.back().get());
  }
}

ServerCore::~ServerCore() {
  first_backlog->give_up();
  for (const auto& one : loops_) {
    one->finish();
  }
  first().close_engines();
  for (const auto& [name, nsp] : namespaces_) {
    nsp->detach();
  }
  for (const auto& parent : parents_) {
    parent->detach();
  }
  detach_all(*ended_);
}

void ServerCore::post_to_first(std::function<void()> function) {
  loop.post([weak = weak_from_this(), function = std::move(function)] {
    if (const auto self = weak.lock()) {
      function();
    }
  });
}

/// Functions that other loops have not run when they stop are dropped before their parts are destroyed; the first loop
/// continues.
void ServerCore::post_to(std::size_t index, std::function<void(ServerLoop&)> function) {
  if (index == 0) {
    post_to_first([this, function = std::move(function)] { function(first()); });
  } else {
    ServerLoop& there = *loops_[index];
    there.loop.post([&there, function = std::move(function)] { function(there); });
  }
}

void ServerCore::post_to_others(const std::function<void(ServerLoop&)>& function) {
  for (std::size_t index = 1; index < loops_.size(); ++index) {
    post_to(index, function);
  }
}

void ServerCore::on_each_loop(const std::function<void(ServerLoop&)>& function) {
  function(first());
  post_to_others(function);
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
  const auto made = make_namespace(valid);  // first: its adapter may throw
  const std::lock_guard guard(namespaces_lock_);
  namespaces_[valid] = made;
  return made;
}

std::shared_ptr<NamespaceCore> ServerCore::make_namespace(std::string name, NamespaceCore::Predicate predicate) {
  return std::make_shared<NamespaceCore>(
      *this, contexts_, std::move(name), [this](NamespaceCore& nsp) { forget(nsp); }, std::move(predicate));
}

std::shared_ptr<NamespaceCore> ServerCore::add_parent(NamespaceCore::Predicate predicate) {
  return parents_.emplace_back(make_namespace("/_" + std::to_string(parents_.size()), std::move(predicate)));
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
  const auto asked = parents_;  // a copy: a predicate may add another
  for (const auto& parent : asked) {
    bool allowed = false;
    parent->first_shard().guard("a predicate of namespaces", {}, [&] { allowed = parent->predicate()(name, shown); });
    if (!allowed) {
      continue;
    }
    if (auto found = find(name)) {
      return found;  // the predicate has made it itself
    }
    std::shared_ptr<NamespaceCore> child;
    if (children_ < options.dynamic_namespaces_max) {
      parent->first_shard().guard("the maker of adapters", {}, [&] { child = of(name); });
    }
    if (child == nullptr) {
      return nullptr;
    }
    ++children_;
    parent->adopt(*child);
    if (on_new_namespace) {
      parent->first_shard().guard("on_new_namespace", {}, [&] { on_new_namespace(Namespace(child)); });
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
  on_each_loop([bare, shared](ServerLoop& there) { there.serve_engine(bare, shared); });
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
  for (std::size_t index = 1; index < loops_.size(); ++index) {
    add(all, loops_[index]->all_counters());
  }
  return all;
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
    post_to_others([](ServerLoop& there) { there.reopen(); });
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
    if (const auto self = weak.lock();
        self != nullptr && !closing->over && closing->namespaces_left != 0 && --closing->namespaces_left == 0) {
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

void ServerCore::on_all_loops(const std::shared_ptr<Closing>& closing, const Step& step, std::function<void()> next) {
  const auto done = [closing, left = std::make_shared<std::size_t>(loops_.size()), next = std::move(next)] {
    if (!closing->over && --*left == 0) {
      next();
    }
  };
  post_to_others([this, step, done](ServerLoop& there) { step(there, [this, done] { post_to_first(done); }); });
  step(first(), done);
}

/// Closes the sessions, then the adapters: sockets save their sessions when they end.
void ServerCore::end_sessions(const std::shared_ptr<Closing>& closing) {
  loop.cancel(closing->timer);
  const auto close_engines = [](ServerLoop& there, const std::function<void()>& done) {
    there.close_engines();
    done();
  };
  on_all_loops(closing, close_engines, [this] {
    for (const auto& [name, nsp] : namespaces_) {
      nsp->close_adapter();
    }
  });
  const auto drain = [closing](ServerLoop& there, std::function<void()> done) {
    there.drain(closing->left_ms(there.loop), std::move(done));
  };
  on_all_loops(closing, drain, [this, closing] { close_http(closing); });
}

/// Closes HTTP once all loops are drained: the listener is on the first loop, and polling clients of all loops need it.
void ServerCore::close_http(const std::shared_ptr<Closing>& closing) {
  const auto close = [closing](ServerLoop& there, std::function<void()> done) {
    there.http->close(closing->left_ms(there.loop), std::move(done));
  };
  on_all_loops(closing, close, [this, closing] { check_connections(closing); });
}

/// A connection that is moving from one loop to another is counted although neither has it: then all loops are asked again, and
/// it has arrived by then.
void ServerCore::check_connections(const std::shared_ptr<Closing>& closing) {
  if (counts_ == nullptr || counts_->total() == 0) {
    end_closings();
    return;
  }
  const auto wait = [](ServerLoop& there, std::function<void()> done) { there.http->when_empty(std::move(done)); };
  on_all_loops(closing, wait, [this, closing] { check_connections(closing); });
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

}  // namespace socketio::server
