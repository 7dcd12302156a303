#include "shard_group.hpp"

#include <algorithm>
#include <utility>

#include <socketio/adapter/shard_results.hpp>

namespace socketio::server {

using adapter::AckGather;
using adapter::RoomNames;
using adapter::Selection;
using adapter::ShardOperation;

// ---- acks ------------------------------------------------------------------------------------------------------------------

namespace {

/// Listener for another loop's shard. The gather is destroyed on the first loop, too.
class FarListener final : public adapter::AckListener {
 public:
  FarListener(Loop& first, std::shared_ptr<AckGather> gather) noexcept : first_(first), gather_(std::move(gather)) {}
  ~FarListener() override {
    first_.post([gather = std::move(gather_)] {});
  }
  void on_clients(std::size_t count) override {
    first_.post([gather = gather_, count] { gather->on_clients(count); });
  }
  void on_ack(Bytes arguments) override {
    first_.post(
        [gather = gather_, kept = std::vector<std::uint8_t>(arguments.begin(), arguments.end())] { gather->on_ack(kept); });
  }

 private:
  Loop& first_;
  std::shared_ptr<AckGather> gather_;
};

}  // namespace

std::shared_ptr<adapter::AckListener> ShardGroup::listener_at(NamespaceShard& shard, std::shared_ptr<AckGather> gather) {
  if (shard.is_first()) {
    return gather;
  }
  return std::make_shared<FarListener>(shard.nsp().loop(), std::move(gather));
}

// ---- creation and removal of rooms -----------------------------------------------------------------------------------------

/// Observes the rooms of one loop, on that loop.
class ShardGroup::Reporter final : public adapter::RoomObserver {
 public:
  Reporter(ShardGroup& group, bool is_first) noexcept : group_(group), is_first_(is_first) {}
  void on_room_created(std::string_view room, bool is_private) override {
    if (is_first_) {
      group_.room_created(room, is_private);
      return;
    }
    group_.nsp_.loop().post([this, kept = group_.nsp_.shared_from_this(), name = std::string(room), is_private] {
      group_.room_created(name, is_private);
    });
  }
  void on_room_emptied(std::string_view room) override {
    if (is_first_) {
      group_.room_emptied(room);
      return;
    }
    group_.nsp_.loop().post(
        [this, kept = group_.nsp_.shared_from_this(), name = std::string(room)] { group_.room_emptied(name); });
  }

 private:
  ShardGroup& group_;
  bool is_first_;
};

ShardGroup::ShardGroup(SocketNamespace& nsp, const Shards& shards) noexcept : nsp_(nsp), shards_(shards) {}
ShardGroup::~ShardGroup() = default;

/// Observers of other loops' rooms stay: they cannot be removed from this thread.
void ShardGroup::set_observer(adapter::RoomObserver* observer) {
  observer_ = observer;
  if (observer == nullptr || !reporters_.empty()) {
    return;
  }
  for (const auto& shard : shards_) {
    reporters_.push_back(std::make_unique<Reporter>(*this, shard->is_first()));
    shard->set_observer(reporters_.back().get());
  }
}

void ShardGroup::room_created(std::string_view room, bool is_private) {
  if (++rooms_[std::string(room)] == 1 && observer_ != nullptr) {
    observer_->on_room_created(room, is_private);
  }
}

void ShardGroup::room_emptied(std::string_view room) {
  const auto found = rooms_.find(std::string(room));
  if (found != rooms_.end() && --found->second == 0) {
    rooms_.erase(found);
    if (observer_ != nullptr) {
      observer_->on_room_emptied(room);
    }
  }
}

bool ShardGroup::has_room(std::string_view room) const {
  return std::any_of(shards_.begin(), shards_.end(), [room](const auto& shard) { return shard->has_room(room); });
}

// ---- operations ------------------------------------------------------------------------------------------------------------

namespace {

std::vector<Room> rooms_named(const RoomNames& names) {
  std::vector<Room> rooms;
  rooms.reserve(names.size());
  for (std::size_t index = 0; index < names.size(); ++index) {
    rooms.emplace_back(names[index]);
  }
  return rooms;
}

/// An operation for other loops: copied once, and shared by all.
std::shared_ptr<const OwnedOperation> copied(const ShardOperation& operation) {
  const auto copy = std::make_shared<OwnedOperation>();
  copy->kind = operation.kind;
  copy->target.rooms = rooms_named(operation.selection.rooms);
  copy->target.except = rooms_named(operation.selection.except);
  copy->target.flags = operation.flags;
  copy->rooms = rooms_named(operation.rooms);
  copy->close = operation.close;
  copy->data.append(operation.data);
  return copy;
}

ShardOperation as_shard_operation(const OwnedOperation& operation) { return ShardOperation::of(operation.view()); }

/// Bytes that it counts in the backlog, with the frame.
std::size_t size_bytes(const OwnedOperation& operation) noexcept { return 2 * operation.data.size() + posting_bytes; }

}  // namespace

std::vector<NamespaceShard*> ShardGroup::others_with(const Selection& selection) const {
  std::vector<NamespaceShard*> others;
  const NamespaceShard* const applied = selection.applied != nullptr ? &selection.applied->shard : nullptr;
  for (const auto& shard : shards_) {
    if (!shard->is_first() && shard.get() != applied && shard->may_have(selection)) {
      others.push_back(shard.get());
    }
  }
  return others;
}

/// `act` is called on the shard's loop, unless the namespace has ended by then.
template <typename Act>
void ShardGroup::post(NamespaceShard& shard, Act act) {
  shard.loop().post([kept = nsp_.shared_from_this(), &shard, act = std::move(act)] {
    if (shard.home() != nullptr) {
      act(shard);
    }
  });
}

bool ShardGroup::has_room_for(NamespaceShard& shard, std::size_t bytes) {
  if (shard.backlog().try_add(bytes)) {
    return true;
  }
  ++own().home()->counters.dropped_busy_thread;
  return false;
}

/// Emits are dropped for loops whose backlog is full; other operations are always posted.
void ShardGroup::apply(const ShardOperation& operation) {
  const bool is_emit = operation.kind == Operation::Kind::emit;
  const bool is_join = operation.kind == Operation::Kind::join;
  Encoded encoded = operation.selection.applied != nullptr ? operation.selection.applied->encoded : Encoded();
  if (const auto others = others_with(operation.selection); !others.empty()) {
    if (is_emit && !own().encode(operation, encoded)) {
      return;
    }
    const auto copy = copied(operation);
    for (NamespaceShard* const shard : others) {
      if (is_emit && !has_room_for(*shard, size_bytes(*copy))) {
        continue;
      }
      if (is_join) {
        shard->expect();
      }
      post(*shard, [copy, is_emit, is_join, frame = encoded.frame.for_other_loop()](NamespaceShard& there) {
        if (is_emit) {
          there.backlog().done(size_bytes(*copy));
        }
        Encoded received{frame};
        there.apply(as_shard_operation(*copy), received);
        if (is_join) {
          there.arrived();
        }
      });
    }
  }
  own().apply(operation, encoded);
}

void ShardGroup::deliver_with_ack(const Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                                  std::shared_ptr<adapter::AckListener> listener) {
  const bool has_acks = selection.applied != nullptr && selection.applied->acks != nullptr;
  const auto gather = has_acks ? selection.applied->acks : std::make_shared<AckGather>();
  const auto pass = [&] {
    gather->pass_to([listener](std::size_t clients) { listener->on_clients(clients); },
                    [listener](Bytes arguments) { listener->on_ack(arguments); });
  };
  const FrameRef frame = own().encode_with_ack(data, flags, ack_id);
  if (!frame) {
    gather->expect(0);
    pass();
    return;
  }
  const auto copy = copied({Operation::Kind::emit, selection, data, flags});
  auto others = others_with(selection);
  std::erase_if(others, [&](NamespaceShard* shard) { return !has_room_for(*shard, size_bytes(*copy)); });
  gather->expect(others.size() + 1);
  pass();
  for (NamespaceShard* const shard : others) {
    post(*shard, [copy, gather, ack_id, frame = frame.for_other_loop()](NamespaceShard& there) {
      there.backlog().done(size_bytes(*copy));
      const auto& [kind, selected, event, options, rooms, close] = as_shard_operation(*copy);
      there.ask(frame, selected, event, options, ack_id, listener_at(there, gather));
    });
  }
  own().ask(frame, selection, data, flags, ack_id, listener_at(own(), gather));
}

// ---- requests --------------------------------------------------------------------------------------------------------------

/// Calls `ask` for each shard, on its loop, and `done` on the first loop with the results in the order of the shards. `ask`
/// gets a shard, and the function that takes its result.
template <typename Part, typename Ask>
void ShardGroup::gather(Ask ask, std::function<void(std::vector<Part>)> done) {
  struct Gathered {
    std::vector<Part> parts;
    std::size_t left;
    std::function<void(std::vector<Part>)> done;

    void take(std::size_t index, Part part) {
      parts[index] = std::move(part);
      if (--left == 0) {
        std::exchange(done, nullptr)(std::move(parts));
      }
    }
  };
  const auto gathered = std::make_shared<Gathered>();
  gathered->parts.resize(shards_.size());
  gathered->left = shards_.size();
  gathered->done = std::move(done);
  for (const auto& shard : shards_) {
    if (shard->is_first()) {
      continue;
    }
    post(*shard, [ask, gathered, &first = nsp_.loop()](NamespaceShard& there) {
      ask(there, [gathered, &first, index = there.loop_index()](Part part) {
        first.post(
            [gathered, index, kept = std::make_shared<Part>(std::move(part))] { gathered->take(index, std::move(*kept)); });
      });
    });
  }
  ask(own(), [gathered](Part part) { gathered->take(0, std::move(part)); });
}

void ShardGroup::fetch(const Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) {
  const auto copy = copied({Operation::Kind::emit, selection});
  const auto ask = [copy, form](NamespaceShard& shard, std::function<void(adapter::Sockets)> take) {
    shard.fetch(adapter::selection_of(copy->target), form, std::move(take));
  };
  gather<adapter::Sockets>(ask, [form, done = std::move(done)](std::vector<adapter::Sockets> parts) {
    adapter::Sockets all = std::move(parts.front());
    for (std::size_t index = 1; index < parts.size(); ++index) {
      append(all, std::move(parts[index]), form);
    }
    done(std::move(all));
  });
}

void ShardGroup::rooms(std::function<void(std::vector<std::string>)> done) {
  const auto ask = [](NamespaceShard& shard, std::function<void(std::vector<std::string>)> take) {
    shard.rooms(std::move(take));
  };
  gather<std::vector<std::string>>(ask, [done = std::move(done)](std::vector<std::vector<std::string>> parts) {
    std::vector<std::string> all = std::move(parts.front());
    for (std::size_t index = 1; index < parts.size(); ++index) {
      all.insert(all.end(), std::make_move_iterator(parts[index].begin()), std::make_move_iterator(parts[index].end()));
    }
    adapter::sort_and_unify(all);
    done(std::move(all));
  });
}

}  // namespace socketio::server
