#include "cluster_adapter.hpp"

#include <algorithm>
#include <utility>

#include <socketio/adapter/shard_results.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/value.hpp>

#include "selecting.hpp"

namespace socketio::adapter {

/// Publishes the acks of this server's clients to the server that asked for them.
class ClusterAdapter::AckResponder final : public AckListener {
 public:
  AckResponder(ClusterAdapter& adapter, Question question, std::size_t shards)
      : adapter_(adapter), alive_(adapter.alive_), question_(std::move(question)) {
    gather_.expect(shards);
  }

  void on_clients(std::size_t count) override {
    gather_.add_announcement(count);
    if (gather_.have_all_responded() && *alive_ && !adapter_.closed_) {
      adapter_.respond_client_count(question_, static_cast<std::size_t>(gather_.clients()));
    }
  }
  void on_ack(Bytes arguments) override {
    if (*alive_ && !adapter_.closed_) {
      adapter_.respond_ack(question_, Arguments::of_array(arguments)[0].packed());
    }
  }

 private:
  ClusterAdapter& adapter_;
  std::shared_ptr<bool> alive_;
  Question question_;
  Gather gather_{{Gather::Of::clients}};
};

ClusterAdapter::ClusterAdapter(Host& host, std::string uid)
    : host_(host), uid_(std::move(uid)), requests_(host.scheduler(), counters_) {}

ClusterAdapter::~ClusterAdapter() { *alive_ = false; }

Bytes ClusterAdapter::publishable(Bytes data) {
  publishable_.clear_and_shrink(limits::kept_bytes_max);
  return event_data::publishable(data, publishable_);
}

bool ClusterAdapter::is_room_here(std::string_view room) const {
  const auto shards = host_.shards();
  return std::any_of(shards.begin(), shards.end(), [room](const Shard* shard) { return shard->has_room(room); });
}

// ---- operations ------------------------------------------------------------------------------------------------------------

void ClusterAdapter::apply(const Operation& operation) {
  counters_.broadcasts += operation.kind == Operation::Kind::emit ? 1 : 0;
  if (!operation.target.local && !closed_) {
    publish_operation(operation);
  }
  if (operation.kind != Operation::Kind::server_side) {
    apply_here(ShardOperation::of(operation));
  }
}

void ClusterAdapter::broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) {
  ++counters_.broadcasts;
  Target whole = target;
  if (!whole.flags.timeout_ms()) {
    whole.flags.set_timeout_ms(ack_timeout_ms);
  }
  std::string id = make_request_id();
  const auto request = requests_.add(
      id, RequestKind::acks, *whole.flags.timeout_ms(),
      [done = std::move(done)](PendingRequest& ended) { done(ended.take_acks()); }, std::move(arrived));
  const bool alone = target.local || closed_;
  if (!alone) {
    request_acks(id, whole, data);
  }
  const std::uint64_t ack_id = host_.next_ack_id();
  const auto shards = host_.shards();
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
  std::string id = make_request_id();
  const auto request =
      requests_.add(id, RequestKind::sockets, fetch_timeout_ms(target), [done = std::move(done)](PendingRequest& ended) {
        FetchedSockets fetched;
        fetched.servers_missing = ended.missing();
        fetched.sockets = std::move(ended.sockets);
        done(std::move(fetched));
      });
  request->collect_sockets(host_.shards(), selection_of(target));
  if (target.local) {
    request->expect(0);
    return;
  }
  send_when_counted(request, [this, target, id = std::move(id)] { request_sockets(id, target); });
}

void ClusterAdapter::all_rooms(std::function<void(std::vector<std::string>)> done) {
  std::string id = make_request_id();
  const auto request =
      requests_.add(id, RequestKind::rooms, requests_timeout_ms(), [done = std::move(done)](PendingRequest& ended) {
        sort_and_unify(ended.rooms);
        done(std::move(ended.rooms));
      });
  request->collect_rooms(host_.shards());
  send_when_counted(request, [this, id = std::move(id)] {
    if (!request_rooms(id)) {  // all families send the rooms of each socket
      request_sockets(id, {});
    }
  });
}

void ClusterAdapter::server_count(std::function<void(std::size_t)> done) {
  if (closed_) {
    done(1);
    return;
  }
  const auto request =
      requests_.add(make_request_id(), RequestKind::server_count, requests_timeout_ms(),
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
  std::string id = make_request_id();
  const auto request =
      requests_.add(id, RequestKind::server_side, requests_timeout_ms(), [done = std::move(done)](PendingRequest& ended) {
        ServerAnswers answers;
        answers.timed_out = ended.missing() != 0;
        answers.servers_asked = ended.servers.expected().value_or(ended.servers.received());
        answers.answers = std::move(ended.answers);
        done(std::move(answers));
      });
  auto kept = std::make_shared<Buffer>();
  kept->append(data);
  send_when_counted(request, [this, kept, id = std::move(id)] { request_server_side(id, kept->bytes()); });
}

/// Fails: only families that keep packets can recover clients.
void ClusterAdapter::recover(std::string_view, std::string_view, std::function<void(std::optional<SavedSession>)> done) {
  ++counters_.recoveries_failed;
  done(std::nullopt);
}

void ClusterAdapter::catch_up(const SavedSession&, std::string_view, std::function<void(std::optional<MissedPackets>)> done) {
  done(std::nullopt);
}

void ClusterAdapter::close() {
  closed_ = true;
  requests_.end_all();
}

// ---- own requests ----------------------------------------------------------------------------------------------------------

void ClusterAdapter::send_when_counted(const std::shared_ptr<PendingRequest>& request, std::function<void()> ask) {
  if (closed_) {
    request->expect(0);
    return;
  }
  count_servers([request, ask = std::move(ask)](std::optional<std::size_t> count) {
    if (request->is_finished()) {
      return;
    }
    if (!count) {
      request->end(true);
      return;
    }
    if (*count > 1) {
      ask();
    }
    request->expect(*count > 1 ? *count - 1 : 0);
  });
}

// ---- requests of other servers ---------------------------------------------------------------------------------------------

void ClusterAdapter::apply_here(const ShardOperation& operation) {
  for (Shard* const shard : host_.shards()) {
    shard->apply(operation);
  }
}

void ClusterAdapter::on_broadcast_with_ack(Question question, const Selection& selection, Bytes data, Flags flags) {
  if (!flags.timeout_ms()) {
    flags.set_timeout_ms(ack_timeout_ms);
  }
  const auto shards = host_.shards();
  const auto responder = std::make_shared<AckResponder>(*this, std::move(question), shards.size());
  const std::uint64_t ack_id = host_.next_ack_id();
  for (Shard* const shard : shards) {
    shard->deliver_with_ack(selection, data, flags, ack_id, responder);
  }
}

void ClusterAdapter::on_server_side(std::optional<Question> question, Bytes data) {
  std::function<bool(Bytes)> answer;
  if (question) {
    answer = [this, alive = alive_, question = std::move(*question)](Bytes array) {
      if (!*alive || closed_) {
        return false;
      }
      respond_server_side(question, Arguments::of_array(array)[0].packed());
      return true;
    };
  }
  host_.on_server_side_event(data, std::move(answer));
}

void ClusterAdapter::on_fetch(const Selection& selection, Form form, std::function<void(Sockets)> done) {
  collector([done = std::move(done)](PendingRequest& ended) {
    done(std::move(ended.sockets));
  })->collect_sockets(host_.shards(), selection, form);
}

void ClusterAdapter::on_all_rooms(std::function<void(std::vector<std::string>)> done) {
  collector([done = std::move(done)](PendingRequest& ended) { done(std::move(ended.rooms)); })->collect_rooms(host_.shards());
}

std::shared_ptr<PendingRequest> ClusterAdapter::collector(PendingRequest::Done done) {
  auto end = [this, alive = alive_, done = std::move(done)](PendingRequest& ended) {
    if (*alive && !closed_) {
      done(ended);
    }
  };
  return std::make_shared<PendingRequest>(host_.scheduler(), RequestKind::local, std::move(end));
}

}  // namespace socketio::adapter
