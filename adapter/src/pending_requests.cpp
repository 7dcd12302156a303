#include "pending_requests.hpp"

#include <iterator>
#include <utility>

#include <socketio/adapter/shard_results.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/value.hpp>

namespace socketio::adapter {

// ---- one request -----------------------------------------------------------------------------------------------------------

PendingRequest::PendingRequest(Scheduler& scheduler, RequestKind kind, Done done, AckArrived arrived)
    : servers({kind == RequestKind::acks ? Gather::Of::clients : Gather::Of::responders}),
      scheduler_(scheduler),
      kind_(kind),
      done_(std::move(done)),
      arrived_(std::move(arrived)) {
  if (kind == RequestKind::local) {
    servers.expect(0);
  }
}

void PendingRequest::start(std::uint64_t timeout_ms) {
  timer_ = scheduler_.call_after(std::chrono::milliseconds(timeout_ms), [self = shared_from_this()] { self->end(true); });
}

void PendingRequest::expect(std::size_t responders) {
  servers.expect(responders);
  check();
}

void PendingRequest::collect_sockets(std::span<Shard* const> shards, const Selection& selection, Form form) {
  shards_left_ = shards.size();
  for (Shard* const shard : shards) {
    shard->fetch(selection, form, [self = shared_from_this(), form](Sockets found) {
      if (self->is_finished()) {
        return;
      }
      if (self->kind_ != RequestKind::local) {  // otherwise nobody else responds
        for (const Value socket : Arguments(found.packed.bytes(), found.count)) {
          self->socket_ids.insert(socket.member("id").as<std::string>().value_or(""));
        }
      }
      append(self->sockets, std::move(found), form);
      self->take_shard();
    });
  }
}

void PendingRequest::collect_rooms(std::span<Shard* const> shards) {
  shards_left_ = shards.size();
  for (Shard* const shard : shards) {
    shard->rooms([self = shared_from_this()](const std::vector<std::string>& found) {
      if (!self->is_finished()) {
        self->rooms.insert(self->rooms.end(), found.begin(), found.end());
        self->take_shard();
      }
    });
  }
}

void PendingRequest::take_shard() {
  --shards_left_;
  check();
}

void PendingRequest::add_response() {
  servers.add_response();
  check();
}

void PendingRequest::on_clients(std::size_t count) {
  if (!is_finished()) {
    servers.add_announcement(count);
    check();
  }
}

void PendingRequest::on_ack(Bytes arguments) {
  if (is_finished()) {
    return;
  }
  servers.add_ack();
  answers.emplace_back().append(arguments);
  if (arrived_) {
    arrived_(answers.back().bytes());
  }
  check();
}

void PendingRequest::check() {
  if (is_finished() || !servers.is_over() || shards_left_ != 0) {
    return;
  }
  if (kind_ != RequestKind::acks) {
    end(false);
    return;
  }
  // Never inside the call that started the request, even when no client was asked.
  servers.finish();
  scheduler_.cancel(timer_);
  timer_ = scheduler_.call_after(std::chrono::milliseconds(0), [self = shared_from_this()] { self->call_done(); });
}

void PendingRequest::end(bool timed_out) {
  if (servers.finish()) {
    timed_out_ = timed_out;
  }
  const auto self = shared_from_this();
  scheduler_.cancel(timer_);
  call_done();
}

void PendingRequest::cancel() {
  done_ = nullptr;
  end(false);
}

void PendingRequest::call_done() {
  timer_ = 0;
  arrived_ = nullptr;
  if (const Done done = std::exchange(done_, nullptr)) {
    done(*this);
  }
}

AckSummary PendingRequest::take_acks() {
  AckSummary summary;
  summary.timed_out = timed_out_;
  summary.clients_asked = static_cast<std::size_t>(servers.clients());
  summary.servers_missing = servers.missing();
  summary.acks = std::move(answers);
  return summary;
}

// ---- all requests ----------------------------------------------------------------------------------------------------------

PendingRequests::~PendingRequests() {
  for (const auto& [id, request] : std::exchange(requests_, {})) {
    request->kind() == RequestKind::acks ? request->end(true) : request->cancel();
  }
}

std::shared_ptr<PendingRequest> PendingRequests::add(const std::string& id, RequestKind kind, std::uint64_t timeout_ms,
                                                     PendingRequest::Done done, AckArrived arrived) {
  auto end = [this, id, done = std::move(done)](PendingRequest& ended) {
    requests_.erase(id);
    counters_.requests_timed_out += ended.timed_out() ? 1 : 0;
    done(ended);
  };
  auto request = std::make_shared<PendingRequest>(scheduler_, kind, std::move(end), std::move(arrived));
  if (timeout_ms != 0 || kind == RequestKind::acks) {
    request->start(timeout_ms);
  }
  requests_.emplace(id, request);
  return request;
}

void PendingRequests::end_all() {
  for (const auto& [id, request] : std::exchange(requests_, {})) {
    request->end(true);
  }
}

std::shared_ptr<PendingRequest> PendingRequests::take(const fleet::Message& response, RequestKind kind) {
  const auto found = requests_.find(*response.request_id);
  if (found == requests_.end()) {
    ++counters_.foreign_answers;
    return nullptr;
  }
  auto request = found->second;
  if (request->kind() != kind) {
    ++counters_.malformed;
    return nullptr;
  }
  if (response.kind != fleet::Message::Kind::ack && !request->servers.is_new(response.uid)) {
    ++counters_.duplicate_answers;
    return nullptr;
  }
  return request;
}

void PendingRequests::on_response(const fleet::Message& response) {
  using Kind = fleet::Message::Kind;
  switch (response.kind) {
    case Kind::sockets: on_sockets(response); return;
    case Kind::rooms: on_rooms(response); return;
    case Kind::ack: on_ack(response); return;
    case Kind::client_count:
      if (const auto request = take(response, RequestKind::acks)) {
        request->on_clients(static_cast<std::size_t>(response.client_count));
      }
      return;
    default: break;
  }
  if (const auto request = take(response, RequestKind::server_side)) {
    Buffer& answer = request->answers.emplace_back();
    response.value.empty() ? pack::nil(answer) : answer.append(response.value);
    request->add_response();
  }
}

/// Also handles responses to requests for rooms, where servers respond with all sockets.
void PendingRequests::on_sockets(const fleet::Message& response) {
  Item list;
  if (Cursor cursor(response.value); !cursor.expect(Kind::array, list)) {
    ++counters_.malformed;
    return;
  }
  const auto found = requests_.find(*response.request_id);
  const bool for_rooms = sockets_tell_rooms_ && found != requests_.end() && found->second->kind() == RequestKind::rooms;
  const auto request = take(response, for_rooms ? RequestKind::rooms : RequestKind::sockets);
  if (request == nullptr) {
    return;
  }
  std::size_t known = 0;
  std::size_t added = 0;
  for (const Value socket : Arguments::of_array(response.value)) {
    auto socket_id = socket.member("id").as<std::string>();
    if (!socket_id || socket_id->empty()) {
      continue;
    }
    for (const Value room : Arguments::of_array(for_rooms ? socket.member("rooms").packed() : Bytes())) {
      request->rooms.push_back(room.as<std::string>().value_or(room.json()));
    }
    if (!request->socket_ids.insert(std::move(*socket_id)).second) {
      ++known;
      continue;
    }
    ++added;
    request->sockets.packed.append(socket.packed());
    ++request->sockets.count;
  }
  // Without the uid of the responder, a response whose sockets are all known is a duplicate.
  if (response.uid.empty() && known != 0 && added == 0) {
    ++counters_.duplicate_answers;
    return;
  }
  request->add_response();
}

void PendingRequests::on_rooms(const fleet::Message& response) {
  std::vector<std::string> rooms;
  classic_response::NameReader reader(response.value);
  for (std::string_view name; reader.next(name);) {
    rooms.emplace_back(name);
  }
  if (!reader.ok()) {
    ++counters_.malformed;
  } else if (const auto request = take(response, RequestKind::rooms)) {
    request->rooms.insert(request->rooms.end(), std::make_move_iterator(rooms.begin()), std::make_move_iterator(rooms.end()));
    request->add_response();
  }
}

void PendingRequests::on_ack(const fleet::Message& response) {
  if (const auto request = take(response, RequestKind::acks)) {  // owned here: a callback may end it
    Buffer array;
    pack::array_header(array, response.value.empty() ? 0 : 1);
    array.append(response.value);
    request->on_ack(array.bytes());
  }
}

}  // namespace socketio::adapter
