#include "namespace_core.hpp"

#include <algorithm>
#include <utility>

#include <socketio/adapter/in_memory.hpp>
#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include "connection.hpp"
#include "server_core.hpp"

namespace socketio::server {
namespace {

/// Bytes that a posted operation counts in the backlog, without its event.
constexpr std::size_t posting_bytes = 512;

std::vector<std::uint8_t> copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

NamespaceCore::NamespaceCore(ServerCore& server, std::string name, Predicate predicate)
    : server_(&server), loop_(server.loop), name_(std::move(name)), predicate_(std::move(predicate)) {
  for (const auto& home : server.loops()) {
    own_shards_.push_back(std::make_unique<NamespaceShard>(*this, *home));
  }
  if (server.is_threaded()) {
    group_.emplace(*this, own_shards_);
    shards_ = {&*group_};
  } else {
    shards_ = {own_shards_.front().get()};
  }
  if (!predicate_) {
    make_adapter();
  }
}

void NamespaceCore::make_adapter() {
  const auto& maker = server_->options.adapter;
  adapter_ = maker ? maker(*this) : std::make_unique<adapter::InMemoryAdapter>(*this);
  keeps_packets_ = adapter_->keeps_packets();
}

/// Keeps an in-memory adapter: its data exists in this process alone.
void NamespaceCore::reopen_adapter() {
  if (server_->options.adapter) {
    adapter_.reset();  // two of one namespace would receive each other's messages
    make_adapter();
  }
}

NamespaceCore::~NamespaceCore() = default;

void NamespaceCore::close_adapter() {
  if (adapter_ != nullptr) {
    adapter_->close();
  }
}

void NamespaceCore::detach() {
  if (adapter_ != nullptr) {
    adapter_->close();
    adapter_.reset();
  }
  for (const auto& shard : own_shards_) {
    shard->detach();
  }
  server_ = nullptr;
}

adapter::Scheduler& NamespaceCore::scheduler() { return server_->scheduler; }
Random& NamespaceCore::random() { return server_->random; }
const adapter::RecoveryOptions& NamespaceCore::recovery() const { return server_->options.recovery; }

std::shared_ptr<NamespaceShard> NamespaceCore::shard_at(const ServerLoop& loop) {
  return {shared_from_this(), own_shards_[loop.place].get()};
}

NamespaceShard* NamespaceCore::begins_here() {
  const ServerLoop* const here = ServerLoop::current();
  if (here == nullptr || here->place >= own_shards_.size()) {
    return nullptr;
  }
  NamespaceShard& shard = *own_shards_[here->place];
  return shard.home() == here ? &shard : nullptr;
}

NamespaceShard& NamespaceCore::shard_here() {
  NamespaceShard* const here = begins_here();
  return here != nullptr ? *here : first_shard();
}

// ---- handlers --------------------------------------------------------------------------------------------------------------

void NamespaceCore::use(std::function<void(Socket, Next)> middleware) {
  const std::lock_guard guard(handlers_lock_);
  middlewares_.add(std::move(middleware));
}

void NamespaceCore::on_connection(ConnectionHandler handler) {
  const std::lock_guard guard(handlers_lock_);
  connection_handlers_.add(std::move(handler));
}

Listeners<Socket, Next>::Functions NamespaceCore::middlewares() const {
  const std::lock_guard guard(handlers_lock_);
  return middlewares_.list();
}

Listeners<Socket>::Functions NamespaceCore::connection_handlers() const {
  const std::lock_guard guard(handlers_lock_);
  return connection_handlers_.list();
}

/// Needs no lock: no other thread knows this namespace yet, and only the first loop changes the model.
void NamespaceCore::inherit(NamespaceCore& model) {
  middlewares_ = model.middlewares_;
  connection_handlers_ = model.connection_handlers_;
  server_side_handlers_ = model.server_side_handlers_;
  is_transient_ = server_->options.cleanup_empty_child_namespaces;
  std::erase_if(model.children_, [](const auto& child) { return child.expired(); });
  model.children_.push_back(weak_from_this());
}

// ---- what the application does with clients, on any thread ------------------------------------------------------------------

/// Calls `act` on the first loop with this namespace, or for a model with each namespace created from it; calls `gone` there
/// instead when the server has ended. The second parameter of `act` is null.
template <typename Act, typename Gone>
void NamespaceCore::on_loop(Act act, Gone gone) {
  if (!loop_.on_loop_thread()) {
    loop_.post([self = shared_from_this(), act = std::move(act), gone = std::move(gone)] { self->on_loop(act, gone); });
    return;
  }
  if (!predicate_) {
    if (server_ != nullptr) {
      act(*this, nullptr);
    } else {
      gone();
    }
    return;
  }
  for (const auto& weak : children_) {
    if (const auto child = weak.lock(); child != nullptr && child->server_ != nullptr) {
      act(*child, nullptr);
    }
  }
}

/// Like on_loop(), for an operation that is already applied on the calling thread's loop.
template <typename Act, typename Gone>
void NamespaceCore::on_first_loop(AppliedPart applied, std::size_t data_bytes, Act act, Gone gone) {
  const std::size_t bytes = posting_bytes + 2 * data_bytes;
  first_shard().backlog().add(bytes);                             // waits while the first loop's backlog is full
  applied.encoded.frame = applied.encoded.frame.for_other_loop();  // moved, not copied: only the first loop uses it from now on
  loop_.post([self = shared_from_this(), applied = std::move(applied), bytes, act = std::move(act), gone = std::move(gone)] {
    self->first_shard().backlog().done(bytes);
    if (self->server_ != nullptr) {
      act(*self, &applied);
    } else {
      gone();
    }
  });
}

/// Wraps `done` so that a later turn of the calling loop runs it: results for a handler arrive on the handler's thread.
template <typename Result>
std::function<void(Result)> NamespaceCore::posted(std::function<void(Result)> done) {
  return [self = shared_from_this(), &shard = shard_here(), done = std::move(done)](Result result) {
    auto kept = std::make_shared<Result>(std::move(result));
    shard.loop().post([self, &shard, done, kept] { shard.guard("a callback", {}, [&] { done(std::move(*kept)); }); });
  };
}

/// The shard of the calling thread's loop, when that is not the first: operations are applied there at once, and then posted to
/// the first loop, so that a handler sees its operations take effect in order. Null when the first loop applies them first: for
/// models, and when packets are kept, because they get their order there.
NamespaceShard* NamespaceCore::done_here_first() { return group_ && !predicate_ && !keeps_packets_ ? begins_here() : nullptr; }

void NamespaceCore::require_single() const {
  if (predicate_) {
    throw Error(ErrorCode::not_supported, "What has an answer is asked of a namespace, not of a predicate that makes them.");
  }
}

void NamespaceCore::apply(const Operation& operation) {
  const bool is_emit = operation.kind == Operation::Kind::emit;
  const bool is_server_side = operation.kind == Operation::Kind::server_side;
  std::vector<Room> rooms;
  if (is_emit || is_server_side) {
    event_data::require(operation.data, is_emit ? is_reserved_client_event : is_reserved_server_side_event);
  } else {
    target::add_rooms(rooms, operation.rooms);
  }
  if (operation.target.nobody) [[unlikely]] {
    return;
  }
  const Operation valid{operation.kind, operation.target, operation.data, rooms, operation.close};
  const auto self = is_emit ? nullptr : shared_from_this();  // it may end with its last socket
  if (!predicate_ && loop_.on_loop_thread()) [[likely]] {
    if (server_ != nullptr) {
      adapter_->apply(valid);
    }
    return;
  }
  const auto kept = std::make_shared<OwnedOperation>(valid);
  kept->target.local |= predicate_ && !is_server_side;
  const auto act = [kept](NamespaceCore& nsp, const AppliedPart* applied) {
    kept->target.applied = applied;
    const auto alive = nsp.shared_from_this();
    nsp.adapter_->apply(kept->view());
  };
  if (NamespaceShard* const here = is_server_side ? nullptr : done_here_first()) {
    Encoded encoded;
    here->apply(adapter::ShardOperation::of(valid), encoded);
    on_first_loop({*here, std::move(encoded), nullptr}, valid.data.size(), act);
    return;
  }
  on_loop(act);
}

void NamespaceCore::emit_with_ack(const Target& target, Bytes data, OnAckAnswers done) {
  require_single();
  event_data::require(data, is_reserved_client_event);
  if (target.nobody) {
    posted<adapter::AckSummary>([done = std::move(done)](adapter::AckSummary none) { done(AckAnswers(std::move(none))); })({});
    return;
  }
  const auto answered = [self = shared_from_this(), &shard = shard_here(), done = std::move(done)](adapter::AckSummary summary) {
    if (shard.is_first()) {
      shard.guard("a callback", {}, [&] { done(AckAnswers(std::move(summary))); });
      return;
    }
    shard.loop().post([self, &shard, done, kept = std::make_shared<adapter::AckSummary>(std::move(summary))] {
      shard.guard("a callback", {}, [&] { done(AckAnswers(std::move(*kept))); });
    });
  };
  const auto ask = [target, data = copy_of(data), answered](NamespaceCore& nsp, const AppliedPart* applied) {
    Target rest = target;
    rest.applied = applied;
    nsp.adapter_->broadcast_with_ack(rest, data, nullptr, answered);
  };
  const auto gone = [this, answered] {
    loop_.post([answered] {
      adapter::AckSummary nothing;
      nothing.timed_out = true;
      answered(std::move(nothing));
    });
  };
  if (NamespaceShard* const here = done_here_first()) {
    const auto acks = std::make_shared<adapter::AckGather>();
    acks->expect(1);
    here->deliver_with_ack(adapter::selection_of(target), data, target.flags, next_ack_id(),
                           ShardGroup::listener_at(*here, acks));
    on_first_loop({*here, {}, acks}, data.size(), ask, gone);
    return;
  }
  on_loop(ask, gone);
}

void NamespaceCore::fetch(const Target& target, std::function<void(const FetchedSocketList&)> done) {
  require_single();
  const auto fetched = posted<adapter::FetchedSockets>(
      [self = shared_from_this(), done = std::move(done)](const adapter::FetchedSockets& found) {
        FetchedSocketList list;
        list.servers_missing = found.servers_missing;
        list.sockets.reserve(found.sockets.count);
        for (const Value socket : Arguments(found.sockets.packed.bytes(), found.sockets.count)) {
          list.sockets.emplace_back(self, socket.packed());
        }
        done(list);
      });
  if (target.nobody) {
    fetched({});
    return;
  }
  on_loop([target, fetched](NamespaceCore& nsp, const AppliedPart*) { nsp.adapter_->fetch(target, fetched); },
          [fetched] {
            adapter::FetchedSockets nothing;
            nothing.servers_missing = 1;  // this server
            fetched(std::move(nothing));
          });
}

void NamespaceCore::server_side_emit_with_ack(Bytes data, OnServerSideAnswers done) {
  require_single();
  event_data::require(data, is_reserved_server_side_event);
  const auto answered = posted<adapter::ServerAnswers>(
      [done = std::move(done)](adapter::ServerAnswers answers) { done(ServerSideAnswers(std::move(answers))); });
  on_loop(
      [data = copy_of(data), answered](NamespaceCore& nsp, const AppliedPart*) { nsp.adapter_->server_side_emit_with_ack(data, answered); },
      [answered] {
        adapter::ServerAnswers nothing;
        nothing.timed_out = true;
        answered(std::move(nothing));
      });
}

void NamespaceCore::when_subscribed(std::span<const Room> rooms, std::function<void(bool)> done) {
  const auto told = posted<bool>(std::move(done));
  on_loop([told, rooms = std::vector<Room>(rooms.begin(), rooms.end())](
              NamespaceCore& nsp, const AppliedPart*) { nsp.adapter_->when_subscribed(rooms, told); },
          [told] { told(false); });
}

void NamespaceCore::all_rooms(std::function<void(std::vector<std::string>)> done) {
  require_single();
  const auto told = posted<std::vector<std::string>>(std::move(done));
  on_loop([told](NamespaceCore& nsp, const AppliedPart*) { nsp.adapter_->all_rooms(told); }, [told] { told({}); });
}

void NamespaceCore::server_count(std::function<void(std::size_t)> done) {
  require_single();
  const auto told = posted<std::size_t>(std::move(done));
  on_loop([told](NamespaceCore& nsp, const AppliedPart*) { nsp.adapter_->server_count(told); }, [told] { told(0); });
}

// ---- operations of sockets, each on its loop --------------------------------------------------------------------------------

void NamespaceCore::emit_to(const SocketCore& socket, Bytes data, const Flags& flags) {
  const auto emit = [target = Target{.rooms = {Room(socket.id())}, .flags = flags}](NamespaceCore& nsp, Bytes event) {
    nsp.adapter_->apply(Operation::emit(target, event));
  };
  if (socket.shard().is_first()) {
    emit(*this, data);
    return;
  }
  ++socket.shard().home()->emits_under_way;
  const std::size_t bytes = posting_bytes + data.size();
  first_shard().backlog().add(bytes);
  loop_.post([self = shared_from_this(), &shard = socket.shard(), emit, data = copy_of(data), bytes] {
    self->first_shard().backlog().done(bytes);
    if (self->server_ != nullptr) {
      emit(*self, data);
      shard.loop().post([self, &shard] {
        if (ServerLoop* const home = shard.home()) {
          --home->emits_under_way;
        }
      });
    }
  });
}

void NamespaceCore::save(adapter::SavedSession session) {
  if (loop_.on_loop_thread()) {
    adapter_->save(std::move(session));
    return;
  }
  loop_.post([self = shared_from_this(), kept = std::make_shared<adapter::SavedSession>(std::move(session))] {
    if (self->server_ != nullptr) {
      self->adapter_->save(std::move(*kept));
    }
  });
}

void NamespaceCore::client_gone(ServerLoop& from) {
  if (!from.is_first()) {
    if (is_transient_) {
      loop_.post([self = shared_from_this()] {
        if (self->server_ != nullptr) {
          self->client_gone(self->server_->first());
        }
      });
    }
    return;
  }
  if (--clients_ == 0 && is_transient_ && server_ != nullptr) {
    server_->forget(*this);
  }
}

// ---- events of other servers -----------------------------------------------------------------------------------------------

void NamespaceCore::on_server_side(std::string_view event, EventHandler handler) {
  if (is_ignored_server_side_event(event)) {
    throw Error(ErrorCode::reserved_event, "Servers do not send each other events named \"" + std::string(event) +
                                               "\", so this handler would never be called. For clients use on_connection(), "
                                               "for namespaces on_new_namespace().");
  }
  server_side_handlers_.push_back({std::string(event), std::make_shared<const EventHandler>(std::move(handler)), false});
}

/// Wraps `answer`, because an ack may be sent on any thread.
std::function<bool(Bytes)> NamespaceCore::on_first_loop(std::function<bool(Bytes)> answer) {
  return [self = shared_from_this(), answer = std::move(answer)](Bytes array) {
    if (self->loop_.on_loop_thread()) {
      return answer(array);
    }
    self->loop_.post([answer, kept = copy_of(array)] { answer(kept); });
    return true;
  };
}

void NamespaceCore::on_server_side_event(Bytes data, std::function<bool(Bytes)> answer) {
  const auto name = event_data::name(data);
  if (!name.ok()) {
    return;
  }
  EventCall call{Arguments::of_array(data, 1), answer ? Ack(on_first_loop(std::move(answer))) : Ack()};
  const std::string event = event_name_text(name.value());
  const auto self = shared_from_this();
  for (const auto& handler : take_handlers(server_side_handlers_, event)) {
    first_shard().call_handler(*handler, call, event, {});
  }
}

}  // namespace socketio::server
