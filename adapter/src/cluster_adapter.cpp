#include "cluster_adapter.hpp"

#include <utility>

#include <socketio/adapter/shard_results.hpp>

namespace socketio::adapter {

using RequestedKind = fleet::Request::Kind;

ClusterAdapter::ClusterAdapter(Host& host, std::shared_ptr<Bus> bus, const Fleet& fleet, fleet::Participant self)
    : link_{host, std::move(bus), fleet::Dialect::make(fleet, self, &host.random())},
      responder_(link_),
      confirmations_(host.scheduler()),
      requests_(host.scheduler(), link_.counters,
                link_.dialect->sent_kind(RequestedKind::rooms, {}) == RequestedKind::sockets),
      channels_(link_.dialect->server_channels(host.nsp())),
      servers_channel_(link_.dialect->servers_channel(host.nsp())) {
  for (const fleet::Channel& channel : channels_) {
    subscribe(channel);
  }
}

ClusterAdapter::~ClusterAdapter() {
  if (!link_.closed) {
    ClusterAdapter::close();
  }
  *link_.alive = false;
}

void ClusterAdapter::close() {
  if (!std::exchange(link_.closed, true)) {
    for (const fleet::Channel& channel : channels_) {
      link_.bus->unsubscribe(redis_kind(channel.kind), channel.name);
    }
  }
  requests_.end_all();
  confirmations_.close();
}

// ---- channels --------------------------------------------------------------------------------------------------------------

void ClusterAdapter::subscribe(const fleet::Channel& channel) {
  link_.bus->subscribe(redis_kind(channel.kind), channel.name, *this);
  confirmations_.add(channel.name);
}

std::vector<std::string> ClusterAdapter::event_channels(std::span<const Room>) const {
  std::vector<std::string> names;
  for (const fleet::TopicChannel& channel : channels_) {
    if (channel.topic != fleet::Topic::responses) {
      names.push_back(channel.name);
    }
  }
  return names;
}

void ClusterAdapter::when_subscribed(std::span<const Room> rooms, std::function<void(bool)> done) {
  confirmations_.when_confirmed(event_channels(rooms), Confirmations::patience_ms, std::move(done));
}

void ClusterAdapter::count_servers(std::function<void(std::optional<std::size_t>)> done) {
  link_.bus->count_subscribers(redis_kind(servers_channel_.kind), servers_channel_.name, std::move(done));
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

void ClusterAdapter::on_message(std::string_view channel, Bytes payload) {
  ++link_.counters.messages;
  fleet::Topic topic = fleet::Topic::events;
  for (const fleet::TopicChannel& known : channels_) {
    topic = known.name == channel ? known.topic : topic;
  }
  receive(topic, payload);
}

void ClusterAdapter::receive(fleet::Topic topic, Bytes payload) {
  fleet::Message message;
  if (accept(link_.dialect->decode(topic, payload, filter(), message))) {
    act_on(message);
  }
}

bool ClusterAdapter::accept(fleet::Received received) {
  switch (received) {
    case fleet::Received::message: return true;
    case fleet::Received::own: ++link_.counters.dropped_own; break;
    case fleet::Received::other_namespace: ++link_.counters.dropped_nsp; break;
    case fleet::Received::other_request: ++link_.counters.foreign_answers; break;
    case fleet::Received::malformed: ++link_.counters.malformed; break;
    case fleet::Received::unknown: break;  // heartbeats, and types that newer peers may add
  }
  return false;
}

void ClusterAdapter::act_on(const fleet::Message& message) {
  message.is_response() ? requests_.on_response(message) : responder_.act_on(message);
}

// ---- operations ------------------------------------------------------------------------------------------------------------

void ClusterAdapter::apply(const Operation& operation) {
  link_.counters.broadcasts += operation.kind == Operation::Kind::emit ? 1 : 0;
  if (!operation.target.local && !link_.closed) {
    publish(operation);
  }
  if (operation.kind != Operation::Kind::server_side) {
    responder_.apply(ShardOperation::of(operation));
  }
}

void ClusterAdapter::broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) {
  ++link_.counters.broadcasts;
  Target whole = target;
  if (!whole.flags.timeout_ms()) {
    whole.flags.set_timeout_ms(ack_timeout_ms);
  }
  std::string id = link_.dialect->make_request_id();
  const auto request = requests_.add(
      id, RequestKind::acks, *whole.flags.timeout_ms(),
      [done = std::move(done)](PendingRequest& ended) { done(ended.take_acks()); }, std::move(arrived));
  const bool alone = target.local || link_.closed;
  if (!alone) {
    link_.publish(fleet::Request{RequestedKind::acks, id, whole, data});
  }
  const std::uint64_t ack_id = link_.host.next_ack_id();
  const auto shards = link_.host.shards();
  for (Shard* const shard : shards) {
    shard->deliver_with_ack(selection_of(target), data, whole.flags, ack_id, request);
  }
  if (alone) {
    request->expect(shards.size());
    return;
  }
  count_servers([request, own = shards.size()](std::optional<std::size_t> count) {
    if (count) {
      request->expect(own + (*count > 0 ? *count - 1 : 0));
    }  // otherwise the number of missing servers is not known: the deadline decides
  });
}

void ClusterAdapter::fetch(const Target& target, FetchDone done) {
  std::string id = link_.dialect->make_request_id();
  const auto request =
      requests_.add(id, RequestKind::sockets, request_timeout_ms(target.flags), [done = std::move(done)](PendingRequest& ended) {
        FetchedSockets fetched;
        fetched.servers_missing = ended.missing();
        fetched.sockets = std::move(ended.sockets);
        done(std::move(fetched));
      });
  request->collect_sockets(link_.host.shards(), selection_of(target));
  if (target.local) {
    request->expect(0);
    return;
  }
  send_when_counted(request, [this, target, id = std::move(id)] {
    link_.publish(fleet::Request{RequestedKind::sockets, id, target});
  });
}

void ClusterAdapter::all_rooms(std::function<void(std::vector<std::string>)> done) {
  std::string id = link_.dialect->make_request_id();
  const auto request =
      requests_.add(id, RequestKind::rooms, request_timeout_ms({}), [done = std::move(done)](PendingRequest& ended) {
        sort_and_unify(ended.rooms);
        done(std::move(ended.rooms));
      });
  request->collect_rooms(link_.host.shards());
  send_when_counted(request, [this, id = std::move(id)] {
    link_.publish(fleet::Request{RequestedKind::rooms, id, Target()});
  });
}

void ClusterAdapter::server_count(std::function<void(std::size_t)> done) {
  if (link_.closed) {
    done(1);
    return;
  }
  const auto request =
      requests_.add(link_.dialect->make_request_id(), RequestKind::server_count, request_timeout_ms({}),
                    [done = std::move(done)](PendingRequest& ended) { done(ended.servers.expected().value_or(1)); });
  count_servers([request](std::optional<std::size_t> count) {
    if (!request->is_finished()) {
      if (count) {
        request->servers.expect(*count);
      }
      request->end(false);
    }
  });
}

void ClusterAdapter::server_side_emit_with_ack(Bytes data, ServerAnswersDone done) {
  std::string id = link_.dialect->make_request_id();
  const auto request =
      requests_.add(id, RequestKind::server_side, request_timeout_ms({}), [done = std::move(done)](PendingRequest& ended) {
        ServerAnswers answers;
        answers.timed_out = ended.missing() != 0;
        answers.servers_asked = ended.servers.expected().value_or(ended.servers.received());
        answers.answers = std::move(ended.answers);
        done(std::move(answers));
      });
  auto kept = std::make_shared<Buffer>();
  kept->append(data);
  send_when_counted(request, [this, kept, id = std::move(id)] {
    link_.publish(fleet::Request{RequestedKind::server_side, id, Target(), kept->bytes()});
  });
}

/// Fails: only families that keep packets can recover clients.
void ClusterAdapter::recover(std::string_view, std::string_view, std::function<void(std::optional<SavedSession>)> done) {
  ++link_.counters.recoveries_failed;
  done(std::nullopt);
}

void ClusterAdapter::catch_up(const SavedSession&, std::string_view, std::function<void(std::optional<MissedPackets>)> done) {
  done(std::nullopt);
}

// ---- own requests ----------------------------------------------------------------------------------------------------------

void ClusterAdapter::send_when_counted(const std::shared_ptr<PendingRequest>& request, std::function<void()> send) {
  if (link_.closed) {
    request->expect(0);
    return;
  }
  count_servers([request, send = std::move(send)](std::optional<std::size_t> count) {
    if (request->is_finished()) {
      return;
    }
    if (!count) {
      request->end(true);
      return;
    }
    if (*count > 1) {
      send();
    }
    request->expect(*count > 1 ? *count - 1 : 0);
  });
}

}  // namespace socketio::adapter
