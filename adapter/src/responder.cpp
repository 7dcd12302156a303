#include "responder.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <socketio/adapter/ack_gather.hpp>
#include <socketio/protocol/value.hpp>

namespace socketio::adapter {
namespace {

using fleet::Message;
using fleet::Response;

Selection selection_of(const selector::View& view) noexcept { return {view.rooms, view.except}; }

ShardOperation operation_of(const Message& message) noexcept {
  return {static_cast<Operation::Kind>(message.kind),
          selection_of(message.target),
          message.event,
          message.target.flags,
          message.rooms,
          message.close};
}

}  // namespace

void Responder::apply(const ShardOperation& operation) {
  for (Shard* const shard : link_.host.shards()) {
    shard->apply(operation);
  }
}

void Responder::act_on(const Message& message) {
  using Kind = Message::Kind;
  if (message.kind == Kind::emit && !message.request_id) [[likely]] {
    apply(operation_of(message));
    return;
  }
  Requester requester{std::string(message.uid), std::string(message.request_id.value_or(""))};
  switch (message.kind) {
    case Kind::emit: emit_with_ack(std::move(requester), message); return;
    case Kind::join:
    case Kind::leave:
    case Kind::disconnect:
      message.sid.empty() ? apply(operation_of(message)) : act_on_single_socket(std::move(requester), message);
      return;
    case Kind::server_side: server_side(std::move(requester), message); return;
    case Kind::fetch_sockets:
    case Kind::fetch_ids: respond_sockets(std::move(requester), message); return;
    case Kind::fetch_rooms: respond_rooms(std::move(requester)); return;
    default: return;
  }
}

void Responder::emit_with_ack(Requester requester, const Message& message) {
  Flags flags = message.target.flags;
  if (!flags.timeout_ms()) {
    flags.set_timeout_ms(Adapter::ack_timeout_ms);
  }
  const auto shards = link_.host.shards();
  const auto answer = [this, alive = link_.alive,
                       kept = std::make_shared<const Requester>(std::move(requester))](const Response& response) {
    if (*alive && !link_.closed) {
      respond(*kept, response);
    }
  };
  const auto gather = std::make_shared<AckGather>();
  gather->expect(shards.size());
  gather->pass_to([answer](std::size_t clients) { answer({.kind = Response::Kind::client_count, .count = clients}); },
                  [answer](Bytes arguments) {
                    answer({.kind = Response::Kind::ack, .value = Arguments::of_array(arguments)[0].packed()});
                  });
  const std::uint64_t ack_id = link_.host.next_ack_id();
  for (Shard* const shard : shards) {
    shard->deliver_with_ack(selection_of(message.target), message.event, flags, ack_id, gather);
  }
}

void Responder::server_side(Requester requester, const Message& message) {
  std::function<bool(Bytes)> answer;
  if (message.request_id) {
    answer = [this, alive = link_.alive, requester = std::move(requester)](Bytes array) {
      if (!*alive || link_.closed) {
        return false;
      }
      respond(requester, {.kind = Response::Kind::value, .value = Arguments::of_array(array)[0].packed()});
      return true;
    };
  }
  link_.host.on_server_side_event(message.event, std::move(answer));
}

void Responder::respond_sockets(Requester requester, const Message& message) {
  const bool ids = message.kind == Message::Kind::fetch_ids;
  const Form form = link_.dialect->sockets_are_json() && !ids ? Form::json : Form::msgpack;
  collector([this, ids, requester = std::move(requester)](PendingRequest& ended) {
    const Sockets& sockets = ended.sockets;
    respond(requester, {.kind = ids ? Response::Kind::ids : Response::Kind::sockets,
                        .count = sockets.count,
                        .sockets = sockets.packed.bytes()});
  })->collect_sockets(link_.host.shards(), selection_of(message.target), form);
}

void Responder::respond_rooms(Requester requester) {
  collector([this, requester = std::move(requester)](PendingRequest& ended) {
    const std::vector<Room> rooms(ended.rooms.begin(), ended.rooms.end());
    respond(requester, {.kind = Response::Kind::rooms, .rooms = rooms});
  })->collect_rooms(link_.host.shards());
}

/// Handles the form of older adapters: the server that has the socket acts, and responds.
void Responder::act_on_single_socket(Requester requester, const Message& message) {
  const std::vector<std::string> id{std::string(message.sid)};
  collector([this, requester = std::move(requester), id, kind = static_cast<Operation::Kind>(message.kind),
             rooms = std::vector<std::string>(message.rooms.begin(), message.rooms.end()),
             close = message.close](PendingRequest& ended) {
    const Arguments found(ended.sockets.packed.bytes(), ended.sockets.count);
    const bool is_here = std::any_of(found.begin(), found.end(), [&id](const Value& socket) {
      return socket.member("id").as<std::string_view>() == std::string_view(id.front());
    });
    if (!is_here) {
      return;
    }
    apply({kind, {std::span(id), {}}, {}, {}, std::span(rooms), close});
    if (!requester.request_id.empty()) {
      respond(requester, {.kind = Response::Kind::done});
    }
  })->collect_sockets(link_.host.shards(), {std::span(id), {}});
}

void Responder::respond(const Requester& requester, Response response) {
  response.request_id = requester.request_id;
  response.requester = requester.uid;
  link_.publish(response);
}

std::shared_ptr<PendingRequest> Responder::collector(PendingRequest::Done done) {
  auto end = [this, alive = link_.alive, done = std::move(done)](PendingRequest& ended) {
    if (*alive && !link_.closed) {
      done(ended);
    }
  };
  return std::make_shared<PendingRequest>(link_.host.scheduler(), RequestKind::local, std::move(end));
}

}  // namespace socketio::adapter
