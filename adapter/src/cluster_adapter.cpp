#include "cluster_adapter.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/value.hpp>

#include "selecting.hpp"

namespace socketio::adapter {
/// A request to the other servers.
struct ClusterAdapter::Request {
  std::string id;
  Asked asked = Asked::acks;
  std::optional<std::size_t> expected;  ///< responses of other servers; empty while those are being counted
  std::size_t received = 0;
  std::size_t shards_left = 0;  ///< of this server, that have not responded yet
  std::unordered_set<std::string> responders;
  Scheduler::TimerId timer = 0;
  std::function<void(Request&)> finish;

  std::shared_ptr<AckRequest> acks;  ///< of a broadcast: it has its own deadline
  Sockets sockets;
  std::unordered_set<std::string> socket_ids;
  std::vector<std::string> rooms;
  std::vector<Buffer> answers;

  [[nodiscard]] std::size_t missing() const noexcept {
    const std::size_t wanted = expected.value_or(received + 1);  // the unknown number counts as one missing server
    return (wanted > received ? wanted - received : 0) + (shards_left != 0 ? 1 : 0);
  }
};

/// Publishes the acks of this server's clients to the server that asked for them.
class ClusterAdapter::ForeignAsker final : public AckListener {
 public:
  ForeignAsker(ClusterAdapter& adapter, Question question, std::size_t shards)
      : adapter_(adapter), alive_(adapter.alive_), question_(std::move(question)), shards_left_(shards) {}

  void on_clients(std::size_t count) override {
    clients_ += count;
    if (--shards_left_ == 0 && *alive_ && !adapter_.closed_) {
      adapter_.answer_client_count(question_, clients_);
    }
  }
  void on_ack(Bytes arguments) override {
    if (*alive_ && !adapter_.closed_) {
      adapter_.answer_ack(question_, Arguments::of_array(arguments)[0].packed());
    }
  }

 private:
  ClusterAdapter& adapter_;
  std::shared_ptr<bool> alive_;
  Question question_;
  std::size_t shards_left_;
  std::size_t clients_ = 0;
};

ClusterAdapter::ClusterAdapter(Host& host, std::string uid) : host_(host), uid_(std::move(uid)) {}

ClusterAdapter::~ClusterAdapter() {
  *alive_ = false;
  for (const auto& [id, request] : requests_) {
    host_.scheduler().cancel(request->timer);
    if (request->acks != nullptr) {  // has a timer of its own
      request->acks->give_up();
    }
  }
}

Bytes ClusterAdapter::publishable(Bytes data) {
  publishable_.clear_and_shrink(limits::kept_bytes_max);
  return event_data::publishable(data, publishable_);
}

bool ClusterAdapter::is_room_here(std::string_view room) const {
  const auto shards = host_.shards();
  return std::any_of(shards.begin(), shards.end(), [room](const Shard* shard) { return shard->has_room(room); });
}

// ---- operations ------------------------------------------------------------------------------------------------------------

void ClusterAdapter::broadcast(const Target& target, Bytes data) {
  ++counters_.broadcasts;
  if (!target.local && !closed_) {
    say_broadcast(target, data);
  }
  for (Shard* const shard : host_.shards()) {
    shard->deliver(selection_of(target), data, target.flags);
  }
}

void ClusterAdapter::broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) {
  ++counters_.broadcasts;
  Target whole = target;
  if (!whole.flags.timeout_ms()) {
    whole.flags.set_timeout_ms(ack_timeout_ms);
  }
  const std::uint32_t timeout_ms = *whole.flags.timeout_ms();
  // The request has no timer: it ends with the acks, which have their own deadline.
  const auto request = begin_request(Asked::acks, 0, {});
  request->acks =
      std::make_shared<AckRequest>(host_.scheduler(), std::move(arrived),
                                   [this, alive = alive_, id = request->id, done = std::move(done)](AckSummary summary) {
                                     if (*alive) {
                                       if (summary.timed_out) {
                                         ++counters_.requests_timed_out;
                                       }
                                       requests_.erase(id);
                                     }
                                     done(std::move(summary));
                                   });
  request->acks->start(timeout_ms);
  const bool alone = target.local || closed_;
  if (!alone) {
    ask_broadcast(request->id, whole, data);
  }
  const std::uint64_t ack_id = host_.next_ack_id();
  const auto shards = host_.shards();
  for (Shard* const shard : shards) {
    shard->deliver_with_ack(selection_of(target), data, whole.flags, ack_id, request->acks);
  }
  if (alone) {
    request->acks->expect(shards.size());
    return;
  }
  count_servers([alive = alive_, acks = request->acks, own = shards.size()](std::optional<std::size_t> count) {
    if (count) {
      acks->expect(own + (*count > 0 ? *count - 1 : 0));
    }  // otherwise the number of missing servers is not known: the deadline decides
  });
}

void ClusterAdapter::join(const Target& target, std::span<const Room> rooms) {
  if (!target.local && !closed_) {
    say_join(target, rooms);
  }
  heard_join(selection_of(target), rooms);
}

void ClusterAdapter::leave(const Target& target, std::span<const Room> rooms) {
  if (!target.local && !closed_) {
    say_leave(target, rooms);
  }
  heard_leave(selection_of(target), rooms);
}

void ClusterAdapter::disconnect(const Target& target, bool close) {
  if (!target.local && !closed_) {
    say_disconnect(target, close);
  }
  heard_disconnect(selection_of(target), close);
}

void ClusterAdapter::collect_sockets_here(const Target& target, const std::shared_ptr<Request>& request) {
  request->shards_left = host_.shards().size();
  for (Shard* const shard : host_.shards()) {
    shard->fetch(selection_of(target), Form::msgpack, [this, alive = alive_, request](const Sockets& found) {
      if (!*alive || request->finish == nullptr) {
        return;
      }
      for (const Value socket : Arguments(found.packed.bytes(), found.count)) {
        request->socket_ids.insert(socket.member("id").as<std::string>().value_or(""));
      }
      request->sockets.count += found.count;
      request->sockets.packed.append(found.packed.bytes());
      --request->shards_left;
      check(request);
    });
  }
}

void ClusterAdapter::collect_rooms_here(const std::shared_ptr<Request>& request) {
  request->shards_left = host_.shards().size();
  for (Shard* const shard : host_.shards()) {
    shard->rooms([this, alive = alive_, request](const std::vector<std::string>& rooms) {
      if (!*alive || request->finish == nullptr) {
        return;
      }
      request->rooms.insert(request->rooms.end(), rooms.begin(), rooms.end());
      --request->shards_left;
      check(request);
    });
  }
}

void ClusterAdapter::fetch(const Target& target, FetchDone done) {
  const auto request = begin_request(Asked::sockets, fetch_timeout_ms(target), [done = std::move(done)](Request& ended) {
    FetchedSockets fetched;
    fetched.servers_missing = ended.missing();
    fetched.sockets = std::move(ended.sockets);
    done(std::move(fetched));
  });
  collect_sockets_here(target, request);
  if (target.local) {
    request->expected = 0;
    check(request);
    return;
  }
  struct Kept {  // a copy: the target is borrowed, and the request is sent later
    std::vector<Room> rooms;
    std::vector<Room> except;
    Flags flags;
  };
  auto kept = std::make_shared<Kept>(
      Kept{{target.rooms.begin(), target.rooms.end()}, {target.except.begin(), target.except.end()}, target.flags});
  ask_when_counted(request, [this, kept, id = request->id] {
    ask_fetch(id, Target{kept->rooms, kept->except, kept->flags, false});
  });
}

void ClusterAdapter::all_rooms(std::function<void(std::vector<std::string>)> done) {
  const auto request = begin_request(Asked::rooms, requests_timeout_ms(), [done = std::move(done)](Request& ended) {
    std::sort(ended.rooms.begin(), ended.rooms.end());
    ended.rooms.erase(std::unique(ended.rooms.begin(), ended.rooms.end()), ended.rooms.end());
    done(std::move(ended.rooms));
  });
  collect_rooms_here(request);
  ask_when_counted(request, [this, id = request->id] {
    if (!ask_rooms(id)) {  // all families send the rooms of each socket
      ask_fetch(id, {});
    }
  });
}

void ClusterAdapter::server_count(std::function<void(std::size_t)> done) {
  if (closed_) {
    done(1);
    return;
  }
  const auto request = begin_request(Asked::server_count, requests_timeout_ms(), [done = std::move(done)](Request& ended) {
    done(ended.expected.value_or(1));
  });
  count_servers([this, alive = alive_, request](std::optional<std::size_t> count) {
    if (*alive) {
      request->expected = count;
      finish(request, false);
    }
  });
}

void ClusterAdapter::server_side_emit(Bytes data) {
  if (!closed_) {
    say_server_side(data);
  }
}

void ClusterAdapter::server_side_emit_with_ack(Bytes data, ServerAnswersDone done) {
  const auto request = begin_request(Asked::server_side, requests_timeout_ms(), [done = std::move(done)](Request& ended) {
    ServerAnswers answers;
    answers.timed_out = ended.missing() != 0;
    answers.servers_asked = ended.expected.value_or(ended.received);
    answers.answers = std::move(ended.answers);
    done(std::move(answers));
  });
  auto kept = std::make_shared<Buffer>();
  kept->append(data);
  ask_when_counted(request, [this, kept, id = request->id] { ask_server_side(id, kept->bytes()); });
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
  const auto waiting = std::exchange(requests_, {});
  for (const auto& [id, request] : waiting) {
    if (request->acks != nullptr) {
      request->acks->give_up();
    } else {
      finish(request, true);
    }
  }
}

// ---- own requests ----------------------------------------------------------------------------------------------------------

/// Registers a request. With a `timeout_ms` of 0 it has no timer, and something else ends it.
std::shared_ptr<ClusterAdapter::Request> ClusterAdapter::begin_request(Asked asked, std::uint32_t timeout_ms,
                                                                       std::function<void(Request&)> end) {
  const auto request = std::make_shared<Request>();
  request->id = make_request_id();
  request->asked = asked;
  request->finish = std::move(end);
  if (timeout_ms != 0) {
    request->timer = host_.scheduler().call_after(timeout_ms, [this, request] { finish(request, true); });
  }
  requests_.emplace(request->id, request);
  return request;
}

void ClusterAdapter::ask_when_counted(const std::shared_ptr<Request>& request, std::function<void()> ask) {
  if (closed_) {
    request->expected = 0;
    check(request);
    return;
  }
  count_servers([this, alive = alive_, request, ask = std::move(ask)](std::optional<std::size_t> count) {
    if (!*alive || request->finish == nullptr) {
      return;
    }
    if (!count) {
      finish(request, true);
      return;
    }
    request->expected = *count > 1 ? *count - 1 : 0;
    if (*request->expected > 0) {
      ask();
    }
    check(request);
  });
}

void ClusterAdapter::check(const std::shared_ptr<Request>& request) {
  if (request->expected && request->received >= *request->expected && request->shards_left == 0) {
    finish(request, false);
  }
}

void ClusterAdapter::finish(const std::shared_ptr<Request>& request, bool timed_out) {
  if (request->finish == nullptr) {
    return;
  }
  host_.scheduler().cancel(std::exchange(request->timer, 0));
  requests_.erase(request->id);
  if (timed_out) {
    ++counters_.requests_timed_out;
  }
  std::exchange(request->finish, nullptr)(*request);
}

std::optional<ClusterAdapter::Asked> ClusterAdapter::asked(std::string_view request_id) const {
  const auto found = requests_.find(request_id);
  return found != requests_.end() ? std::optional(found->second->asked) : std::nullopt;
}

std::shared_ptr<ClusterAdapter::Request> ClusterAdapter::take_answer(std::string_view request_id, std::string_view responder,
                                                                     Asked asked) {
  const auto found = requests_.find(request_id);
  if (found == requests_.end()) {
    ++counters_.foreign_answers;
    return nullptr;
  }
  const auto request = found->second;
  if (request->asked != asked) {
    ++counters_.malformed;
    return nullptr;
  }
  if (!responder.empty() && !request->responders.insert(std::string(responder)).second) {
    ++counters_.duplicate_answers;
    return nullptr;
  }
  return request;
}

/// Also handles responses to requests for rooms: families that have no such request ask for all sockets.
void ClusterAdapter::heard_sockets(std::string_view request_id, std::string_view responder, Bytes sockets) {
  Item list;
  if (Cursor cursor(sockets); !cursor.expect(Kind::array, list)) {
    ++counters_.malformed;
    return;
  }
  const bool for_rooms = asked(request_id) == Asked::rooms;
  const auto request = take_answer(request_id, responder, for_rooms ? Asked::rooms : Asked::sockets);
  if (request == nullptr) {
    return;
  }
  std::size_t known = 0;
  std::size_t added = 0;
  for (const Value socket : Arguments::of_array(sockets)) {
    auto id = socket.member("id").as<std::string>();
    if (!id || id->empty()) {
      continue;
    }
    for (const Value room : Arguments::of_array(for_rooms ? socket.member("rooms").packed() : Bytes())) {
      request->rooms.push_back(room.as<std::string>().value_or(room.json()));
    }
    if (!request->socket_ids.insert(std::move(*id)).second) {
      ++known;
      continue;
    }
    ++added;
    request->sockets.packed.append(socket.packed());
    ++request->sockets.count;
  }
  // Without the uid of the responder, a response whose sockets are all known is a duplicate.
  if (responder.empty() && known != 0 && added == 0) {
    ++counters_.duplicate_answers;
    return;
  }
  ++request->received;
  check(request);
}

void ClusterAdapter::heard_rooms(std::string_view request_id, std::string_view responder, std::vector<std::string> rooms) {
  if (const auto request = take_answer(request_id, responder, Asked::rooms)) {
    request->rooms.insert(request->rooms.end(), std::make_move_iterator(rooms.begin()), std::make_move_iterator(rooms.end()));
    ++request->received;
    check(request);
  }
}

void ClusterAdapter::heard_server_side_answer(std::string_view request_id, std::string_view responder, Bytes value) {
  const auto request = take_answer(request_id, responder, Asked::server_side);
  if (request == nullptr) {
    return;
  }
  request->answers.emplace_back();
  if (value.empty()) {
    pack::nil(request->answers.back());
  } else {
    request->answers.back().append(value);
  }
  ++request->received;
  check(request);
}

void ClusterAdapter::heard_client_count(std::string_view request_id, std::string_view responder, std::size_t count) {
  if (const auto request = take_answer(request_id, responder, Asked::acks)) {
    request->acks->on_clients(count);
  }
}

void ClusterAdapter::heard_ack(std::string_view request_id, Bytes value) {
  const auto found = requests_.find(request_id);
  if (found == requests_.end() || found->second->acks == nullptr) {
    ++counters_.foreign_answers;
    return;
  }
  Buffer array;
  pack::array_header(array, value.empty() ? 0 : 1);
  array.append(value);
  const auto acks = found->second->acks;
  acks->on_ack(array.bytes());
}

// ---- requests of other servers ---------------------------------------------------------------------------------------------

void ClusterAdapter::heard_broadcast(const Selection& selection, Bytes data, const Flags& flags) {
  for (Shard* const shard : host_.shards()) {
    shard->deliver(selection, data, flags);
  }
}

void ClusterAdapter::heard_broadcast_with_ack(Question question, const Selection& selection, Bytes data, Flags flags) {
  if (!flags.timeout_ms()) {
    flags.set_timeout_ms(ack_timeout_ms);
  }
  const auto shards = host_.shards();
  const auto asker = std::make_shared<ForeignAsker>(*this, std::move(question), shards.size());
  const std::uint64_t ack_id = host_.next_ack_id();
  for (Shard* const shard : shards) {
    shard->deliver_with_ack(selection, data, flags, ack_id, asker);
  }
}

void ClusterAdapter::heard_join(const Selection& selection, const RoomNames& rooms) {
  for (Shard* const shard : host_.shards()) {
    shard->join(selection, rooms);
  }
}

void ClusterAdapter::heard_leave(const Selection& selection, const RoomNames& rooms) {
  for (Shard* const shard : host_.shards()) {
    shard->leave(selection, rooms);
  }
}

void ClusterAdapter::heard_disconnect(const Selection& selection, bool close) {
  for (Shard* const shard : host_.shards()) {
    shard->disconnect(selection, close);
  }
}

void ClusterAdapter::heard_server_side(std::optional<Question> question, Bytes data) {
  std::function<bool(Bytes)> answer;
  if (question) {
    answer = [this, alive = alive_, question = std::move(*question)](Bytes array) {
      if (!*alive || closed_) {
        return false;
      }
      answer_server_side(question, Arguments::of_array(array)[0].packed());
      return true;
    };
  }
  host_.on_server_side_event(data, std::move(answer));
}

void ClusterAdapter::heard_fetch(const Selection& selection, Form form, std::function<void(Sockets)> done) {
  auto all = std::make_shared<Sockets>();
  auto left = std::make_shared<std::size_t>(host_.shards().size());
  for (Shard* const shard : host_.shards()) {
    shard->fetch(selection, form, [this, alive = alive_, all, left, form, done](Sockets found) {
      if (form == Form::json && all->count != 0 && found.count != 0) {
        all->packed.push_back(',');
      }
      all->count += found.count;
      if (all->packed.empty()) {
        all->packed = std::move(found.packed);
      } else {
        all->packed.append(found.packed.bytes());
      }
      if (--*left == 0 && *alive && !closed_) {
        done(std::move(*all));
      }
    });
  }
}

void ClusterAdapter::heard_all_rooms(std::function<void(std::vector<std::string>)> done) {
  auto all = std::make_shared<std::vector<std::string>>();
  auto left = std::make_shared<std::size_t>(host_.shards().size());
  for (Shard* const shard : host_.shards()) {
    shard->rooms([this, alive = alive_, all, left, done](const std::vector<std::string>& rooms) {
      all->insert(all->end(), rooms.begin(), rooms.end());
      if (--*left == 0 && *alive && !closed_) {
        done(std::move(*all));
      }
    });
  }
}

}  // namespace socketio::adapter
