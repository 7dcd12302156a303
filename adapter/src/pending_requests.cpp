#include "pending_requests.hpp"

#include <iterator>
#include <utility>

#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/value.hpp>

namespace socketio::adapter {

PendingRequests::~PendingRequests() {
  for (const auto& [id, request] : std::exchange(requests_, {})) {
    request->kind() == RequestKind::acks ? request->end(true) : request->cancel();
  }
}

std::shared_ptr<PendingRequest> PendingRequests::add(std::string id, RequestKind kind, PendingRequest::Done done,
                                                     AckArrived arrived) {
  auto end = [this, id, done = std::move(done)](PendingRequest& ended) {
    requests_.erase(id);
    counters_.requests_timed_out += ended.timed_out() ? 1 : 0;
    done(ended);
  };
  auto request = std::make_shared<PendingRequest>(scheduler_, kind, std::move(end), std::move(arrived));
  requests_.emplace(std::move(id), request);
  return request;
}

void PendingRequests::end_all() {
  for (const auto& [id, request] : std::exchange(requests_, {})) {
    request->end(true);
  }
}

std::optional<RequestKind> PendingRequests::kind_of(std::string_view id) const {
  const auto found = requests_.find(id);
  return found != requests_.end() ? std::optional(found->second->kind()) : std::nullopt;
}

std::shared_ptr<PendingRequest> PendingRequests::take(std::string_view id, std::string_view responder, RequestKind kind) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) {
    ++counters_.foreign_answers;
    return nullptr;
  }
  auto request = found->second;
  if (request->kind() != kind) {
    ++counters_.malformed;
    return nullptr;
  }
  if (!request->servers.is_new(responder)) {
    ++counters_.duplicate_answers;
    return nullptr;
  }
  return request;
}

/// Also handles responses to requests for rooms: families that have no such request ask for all sockets.
void PendingRequests::on_sockets(std::string_view id, std::string_view responder, Bytes sockets) {
  Item list;
  if (Cursor cursor(sockets); !cursor.expect(Kind::array, list)) {
    ++counters_.malformed;
    return;
  }
  const bool for_rooms = kind_of(id) == RequestKind::rooms;
  const auto request = take(id, responder, for_rooms ? RequestKind::rooms : RequestKind::sockets);
  if (request == nullptr) {
    return;
  }
  std::size_t known = 0;
  std::size_t added = 0;
  for (const Value socket : Arguments::of_array(sockets)) {
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
  if (responder.empty() && known != 0 && added == 0) {
    ++counters_.duplicate_answers;
    return;
  }
  request->add_response();
}

void PendingRequests::on_rooms(std::string_view id, std::string_view responder, std::vector<std::string> rooms) {
  if (const auto request = take(id, responder, RequestKind::rooms)) {
    request->rooms.insert(request->rooms.end(), std::make_move_iterator(rooms.begin()), std::make_move_iterator(rooms.end()));
    request->add_response();
  }
}

void PendingRequests::on_server_side_answer(std::string_view id, std::string_view responder, Bytes value) {
  if (const auto request = take(id, responder, RequestKind::server_side)) {
    Buffer& answer = request->answers.emplace_back();
    value.empty() ? pack::nil(answer) : answer.append(value);
    request->add_response();
  }
}

void PendingRequests::on_client_count(std::string_view id, std::string_view responder, std::uint64_t count) {
  if (const auto request = take(id, responder, RequestKind::acks)) {
    request->on_clients(static_cast<std::size_t>(count));
  }
}

void PendingRequests::on_ack(std::string_view id, Bytes value) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second->kind() != RequestKind::acks) {
    ++counters_.foreign_answers;
    return;
  }
  Buffer array;
  pack::array_header(array, value.empty() ? 0 : 1);
  array.append(value);
  const auto request = found->second;  // a callback may end it
  request->on_ack(array.bytes());
}

}  // namespace socketio::adapter
