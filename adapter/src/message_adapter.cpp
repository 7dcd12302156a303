#include "message_adapter.hpp"

#include <utility>

#include <socketio/common/limits.hpp>

#include "selecting.hpp"

namespace socketio::adapter {
Buffer& MessageAdapter::data() {
  data_.clear_and_shrink(limits::kept_bytes_max);
  return data_;
}

std::uint32_t MessageAdapter::fetch_timeout_ms(const Target& target) const {
  return target.flags.timeout_ms().value_or(default_timeout_ms);
}

// ---- publishing ------------------------------------------------------------------------------------------------------------

MessageAdapter::Type MessageAdapter::encode(const Operation& operation) {
  const selector::Target selection = selector_of(operation.target);
  switch (operation.kind) {
    case Operation::Kind::emit:
      cluster_message::append_broadcast(data(), publishable(operation.data), std::nullopt, {}, selection);
      return Type::broadcast;
    case Operation::Kind::join:
      cluster_message::append_rooms_change(data(), selection, operation.rooms);
      return Type::join;
    case Operation::Kind::leave:
      cluster_message::append_rooms_change(data(), selection, operation.rooms);
      return Type::leave;
    case Operation::Kind::disconnect:
      cluster_message::append_disconnect(data(), selection, operation.close);
      return Type::disconnect;
    case Operation::Kind::server_side: break;
  }
  cluster_message::append_server_side_event(data(), {}, publishable(operation.data));
  return Type::server_side_event;
}

void MessageAdapter::publish_operation(const Operation& operation) {
  const Type type = encode(operation);
  send(type, data_.bytes(), &operation.target, false);
}

void MessageAdapter::request_acks(std::string_view request_id, const Target& target, Bytes event) {
  cluster_message::append_broadcast(data(), publishable(event), std::nullopt, request_id, selector_of(target));
  send(Type::broadcast, data_.bytes(), &target, true);
}

void MessageAdapter::request_sockets(std::string_view request_id, const Target& target) {
  cluster_message::append_fetch(data(), selector_of(target), request_id);
  send(Type::fetch_sockets, data_.bytes(), &target, true);
}

void MessageAdapter::request_server_side(std::string_view request_id, Bytes event) {
  cluster_message::append_server_side_event(data(), request_id, publishable(event));
  send(Type::server_side_event, data_.bytes(), nullptr, true);
}

void MessageAdapter::respond_client_count(const Question& question, std::size_t client_count) {
  cluster_message::append_client_count(data(), question.request_id, client_count);
  respond(Type::client_count, data_.bytes(), question.asker);
}

void MessageAdapter::respond_ack(const Question& question, Bytes value) {
  cluster_message::append_answer(data(), question.request_id, value.empty() ? undefined_answer() : publishable(value));
  respond(Type::ack, data_.bytes(), question.asker);
}

void MessageAdapter::respond_server_side(const Question& question, Bytes value) {
  cluster_message::append_answer(data(), question.request_id, value.empty() ? undefined_answer() : publishable(value));
  respond(Type::server_side_answer, data_.bytes(), question.asker);
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

void MessageAdapter::on_envelope(const cluster_message::Envelope& envelope) {
  if (envelope.uid == uid()) {
    ++count().dropped_own;
    return;
  }
  if (envelope.nsp != host().nsp()) {
    ++count().dropped_nsp;
    return;
  }
  if (!cluster_message::is_known(envelope.type)) {
    return;  // heartbeats, and types that newer peers may add
  }
  const Type type = static_cast<Type>(envelope.type);
  if (cluster_message::is_answer(type)) {
    on_response(envelope);
    return;
  }
  const auto decoded = cluster_message::decode(type, envelope.data);
  if (!decoded.ok()) {
    ++count().malformed;
    return;
  }
  act_on(envelope, decoded.value());
}

void MessageAdapter::act_on(const cluster_message::Envelope& envelope, const cluster_message::View& view) {
  ShardOperation operation{Operation::Kind::emit,   selection_of(view.target), view.event,
                           view.target.flags,      view.rooms,                view.close};
  const bool wants_answer = view.request_id.has_value();
  Question question{std::string(envelope.uid), std::string(view.request_id.value_or(""))};
  switch (view.type) {
    case Type::broadcast:
      if (wants_answer) {
        on_broadcast_with_ack(std::move(question), operation.selection, view.event, view.target.flags);
      } else {
        apply_here(operation);
      }
      return;
    case Type::join: operation.kind = Operation::Kind::join; break;
    case Type::leave: operation.kind = Operation::Kind::leave; break;
    case Type::disconnect: operation.kind = Operation::Kind::disconnect; break;
    case Type::fetch_sockets:
      on_fetch(operation.selection, Form::msgpack, [this, question](const Sockets& sockets) {
        cluster_message::append_sockets(data(), question.request_id, sockets.count, publishable(sockets.packed.bytes()));
        respond(Type::fetch_sockets_answer, data_.bytes(), question.asker);
      });
      return;
    case Type::server_side_event:
      on_server_side(wants_answer ? std::optional(std::move(question)) : std::nullopt, view.event);
      return;
    default: return;
  }
  apply_here(operation);
}

void MessageAdapter::on_response(const cluster_message::Envelope& envelope) {
  if (!cluster_message::is_known(envelope.type) || !cluster_message::is_answer(static_cast<Type>(envelope.type))) {
    ++count().malformed;
    return;
  }
  if (requests().empty()) {
    ++count().foreign_answers;
    return;
  }
  const auto decoded = cluster_message::decode(static_cast<Type>(envelope.type), envelope.data);
  if (!decoded.ok()) {
    ++count().malformed;
    return;
  }
  take(decoded.value(), envelope.uid);
}

void MessageAdapter::take(const cluster_message::View& view, std::string_view responder) {
  const std::string_view request_id = *view.request_id;
  switch (view.type) {
    case Type::fetch_sockets_answer: requests().on_sockets(request_id, responder, view.sockets); return;
    case Type::server_side_answer: requests().on_server_side_answer(request_id, responder, view.value); return;
    case Type::client_count: requests().on_client_count(request_id, responder, view.client_count); return;
    case Type::ack: requests().on_ack(request_id, view.value); return;
    default: return;
  }
}

}  // namespace socketio::adapter
