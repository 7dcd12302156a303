#include "namespace_operations.hpp"

#include <memory>
#include <utility>

#include <socketio/adapter/ack_gather.hpp>
#include <socketio/common/error.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>

namespace socketio::server::namespace_operations {
namespace {

std::vector<std::uint8_t> copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

/// For operations without a result: does nothing when the server has ended.
constexpr auto nobody_waits = [] {};

/// Calls `act` on the first loop with the namespace, or for a parent with each namespace created from it; calls `gone` there
/// instead when the server has ended.
template <typename Act, typename Gone>
void on_loop(NamespaceCore& nsp, Act act, Gone gone) {
  if (!nsp.loop().on_loop_thread()) {
    nsp.loop().post([self = nsp.self(), act = std::move(act), gone = std::move(gone)] { on_loop(*self, act, gone); });
  } else if (!nsp.for_each_open(act)) {
    gone();
  }
}

/// Like on_loop(), for an operation that is already applied on the calling thread's loop.
template <typename Act, typename Gone>
void on_first_loop(NamespaceCore& nsp, AppliedPart applied, std::size_t data_bytes, Act act, Gone gone) {
  const std::size_t bytes = posting_bytes + 2 * data_bytes;
  nsp.first_shard().backlog().add(bytes);                          // waits while the first loop's backlog is full
  applied.encoded.frame = applied.encoded.frame.for_other_loop();  // moved, not copied: only the first loop uses it from now on
  nsp.loop().post([self = nsp.self(), applied = std::move(applied), bytes, act = std::move(act), gone = std::move(gone)] {
    self->first_shard().backlog().done(bytes);
    if (self->is_open()) {
      act(*self, &applied);
    } else {
      gone();
    }
  });
}

/// Wraps `done` so that a later turn of the calling loop runs it: results for a handler arrive on the handler's thread.
template <typename Result>
std::function<void(Result)> posted(NamespaceCore& nsp, std::function<void(Result)> done) {
  return [self = nsp.self(), &shard = nsp.shard_here(), done = std::move(done)](Result result) {
    auto kept = std::make_shared<Result>(std::move(result));
    shard.loop().post([self, &shard, done, kept] { shard.guard("a callback", {}, [&] { done(std::move(*kept)); }); });
  };
}

/// Calls `ask(adapter, take)` on the first loop. `done` gets what `take` is called with, or the result of `gone` when the
/// server has ended.
template <typename Result, typename Ask, typename Gone>
void request(NamespaceCore& nsp, std::function<void(Result)> done, Ask ask, Gone gone) {
  const auto take = posted(nsp, std::move(done));
  on_loop(
      nsp, [ask = std::move(ask), take](NamespaceCore& at) { ask(at.adapter(), take); }, [take, gone] { take(gone()); });
}

void require_single(const NamespaceCore& nsp) {
  if (nsp.is_parent()) {
    throw Error(ErrorCode::not_supported,
                "Operations with a result are for one namespace, not for the predicate that creates namespaces.");
  }
}

}  // namespace

void apply(NamespaceCore& nsp, const Operation& operation) {
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
  const auto self = is_emit ? nullptr : nsp.shared_from_this();  // it may end with its last socket
  if (!nsp.is_parent() && nsp.loop().on_loop_thread()) [[likely]] {
    if (nsp.is_open()) {
      nsp.adapter().apply(valid);
    }
    return;
  }
  const auto kept = std::make_shared<OwnedOperation>(valid);
  kept->target.local |= nsp.is_parent() && !is_server_side;
  const auto act = [kept](NamespaceCore& at, const AppliedPart* applied = nullptr) {
    kept->target.applied = applied;
    const auto alive = at.shared_from_this();
    at.adapter().apply(kept->view());
  };
  if (NamespaceShard* const here = is_server_side ? nullptr : nsp.shard_applied_first()) {
    Encoded encoded;
    here->apply(adapter::ShardOperation::of(valid), encoded);
    on_first_loop(nsp, {*here, std::move(encoded), nullptr}, valid.data.size(), act, nobody_waits);
    return;
  }
  on_loop(nsp, act, nobody_waits);
}

void emit_with_ack(NamespaceCore& nsp, const Target& target, Bytes data, OnAckAnswers done) {
  require_single(nsp);
  event_data::require(data, is_reserved_client_event);
  if (target.nobody) {
    posted<adapter::AckSummary>(nsp,
                                [done = std::move(done)](adapter::AckSummary none) { done(AckAnswers(std::move(none))); })({});
    return;
  }
  const auto answered = [self = nsp.self(), &shard = nsp.shard_here(), done = std::move(done)](adapter::AckSummary summary) {
    const auto call = [self, &shard, done, answers = std::make_shared<const AckAnswers>(std::move(summary))] {
      shard.guard("a callback", {}, [&] { done(*answers); });
    };
    shard.is_first() ? call() : shard.loop().post(call);
  };
  const auto ask = [target, data = copy_of(data), answered](NamespaceCore& at, const AppliedPart* applied = nullptr) {
    Target rest = target;
    rest.applied = applied;
    at.adapter().broadcast_with_ack(rest, data, nullptr, answered);
  };
  const auto gone = [&loop = nsp.loop(), answered] {
    loop.post([answered] {
      adapter::AckSummary nothing;
      nothing.timed_out = true;
      answered(std::move(nothing));
    });
  };
  if (NamespaceShard* const here = nsp.shard_applied_first()) {
    const auto acks = std::make_shared<adapter::AckGather>();
    acks->expect(1);
    here->deliver_with_ack(adapter::selection_of(target), data, target.flags, nsp.next_ack_id(),
                           ShardGroup::listener_at(*here, acks));
    on_first_loop(nsp, {*here, {}, acks}, data.size(), ask, gone);
    return;
  }
  on_loop(nsp, ask, gone);
}

void fetch(NamespaceCore& nsp, const Target& target, std::function<void(const FetchedSocketList&)> done) {
  require_single(nsp);
  const std::function<void(adapter::FetchedSockets)> fetched = [self = nsp.self(),
                                                                done = std::move(done)](const adapter::FetchedSockets& found) {
    FetchedSocketList list;
    list.servers_missing = found.servers_missing;
    list.sockets.reserve(found.sockets.count);
    for (const Value socket : Arguments(found.sockets.packed.bytes(), found.sockets.count)) {
      list.sockets.emplace_back(self, socket.packed());
    }
    done(list);
  };
  if (target.nobody) {
    posted(nsp, fetched)({});
    return;
  }
  request(
      nsp, fetched, [target](adapter::Adapter& adapter, const auto& take) { adapter.fetch(target, take); },
      [] {
        return adapter::FetchedSockets{{}, 1};
      });  // this server is missing
}

void server_side_emit_with_ack(NamespaceCore& nsp, Bytes data, OnServerSideAnswers done) {
  require_single(nsp);
  event_data::require(data, is_reserved_server_side_event);
  request<adapter::ServerAnswers>(
      nsp, [done = std::move(done)](adapter::ServerAnswers answers) { done(ServerSideAnswers(std::move(answers))); },
      [data = copy_of(data)](adapter::Adapter& adapter, const auto& take) { adapter.server_side_emit_with_ack(data, take); },
      [] {
        return adapter::ServerAnswers{true, 0, {}};
      });
}

void when_subscribed(NamespaceCore& nsp, std::span<const Room> rooms, std::function<void(bool)> done) {
  request(
      nsp, std::move(done),
      [rooms = std::vector<Room>(rooms.begin(), rooms.end())](adapter::Adapter& adapter, const auto& take) {
        adapter.when_subscribed(rooms, take);
      },
      [] { return false; });
}

void all_rooms(NamespaceCore& nsp, std::function<void(std::vector<std::string>)> done) {
  require_single(nsp);
  request(
      nsp, std::move(done), [](adapter::Adapter& adapter, const auto& take) { adapter.all_rooms(take); },
      [] { return std::vector<std::string>(); });
}

void server_count(NamespaceCore& nsp, std::function<void(std::size_t)> done) {
  require_single(nsp);
  request(
      nsp, std::move(done), [](adapter::Adapter& adapter, const auto& take) { adapter.server_count(take); },
      [] { return std::size_t{0}; });
}

}  // namespace socketio::server::namespace_operations
