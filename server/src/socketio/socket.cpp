#include <socketio/server/socket.hpp>

#include <chrono>
#include <string>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include "connection.hpp"
#include "namespace_core.hpp"
#include "server_core.hpp"
#include "socket_core.hpp"

namespace socketio {

using server::SocketCore;

Next::Next(Continue go_on) : go_on_(std::make_shared<Continue>(std::move(go_on))) {}

void Next::call(const Refusal* refusal) const {
  if (const Continue go_on = std::exchange(*go_on_, nullptr)) {
    go_on(refusal);
  }
}

SocketEmitter SocketEmitter::timeout(std::chrono::milliseconds timeout) const {
  return {core_, Flags(flags_).set_timeout_ms(server::timeout_ms(timeout))};
}
bool SocketEmitter::emit_packed(Bytes data) const { return core_->emit(data, flags_); }
void SocketEmitter::emit_with_ack_packed(Bytes data, OnAck done) const { core_->emit_with_ack(data, flags_, std::move(done)); }

const std::string& Socket::id() const noexcept { return core_->id(); }
const std::string& Socket::nsp() const noexcept { return core_->nsp().name(); }
bool Socket::connected() const noexcept { return core_->is_connected(); }
bool Socket::recovered() const noexcept { return core_->recovered(); }
Handshake Socket::handshake() const { return core_->handshake(); }

std::string_view Socket::transport() const noexcept {
  if (core_->connection() == nullptr) {
    return {};
  }
  return core_->connection()->session().transport() == EngineTransport::websocket ? "websocket" : "polling";
}

void Socket::set_data_packed(Bytes data) const { core_->set_data(data); }
Value Socket::data() const noexcept { return Value(core_->data()); }

void Socket::join(const Room& room) const { join(std::span(&room, 1)); }
void Socket::join(std::span<const std::string> rooms) const { join(server::rooms_of(rooms)); }
void Socket::join(std::initializer_list<Room> rooms) const { join(std::span(rooms)); }
void Socket::leave(const Room& room) const { leave(std::span(&room, 1)); }
void Socket::leave(std::span<const std::string> rooms) const { leave(server::rooms_of(rooms)); }
void Socket::leave(std::initializer_list<Room> rooms) const { leave(std::span(rooms)); }
BroadcastOperator Socket::to(const Room& room) const { return broadcast().to(room); }
BroadcastOperator Socket::to(std::span<const Room> rooms) const { return broadcast().to(rooms); }
BroadcastOperator Socket::to(std::span<const std::string> rooms) const { return broadcast().to(rooms); }
BroadcastOperator Socket::to(std::initializer_list<Room> rooms) const { return broadcast().to(rooms); }
BroadcastOperator Socket::in(const Room& room) const { return to(room); }
BroadcastOperator Socket::in(std::span<const Room> rooms) const { return to(rooms); }
BroadcastOperator Socket::in(std::span<const std::string> rooms) const { return to(rooms); }
BroadcastOperator Socket::in(std::initializer_list<Room> rooms) const { return to(rooms); }
BroadcastOperator Socket::except(const Room& room) const { return broadcast().except(room); }
BroadcastOperator Socket::except(std::span<const Room> rooms) const { return broadcast().except(rooms); }
BroadcastOperator Socket::except(std::span<const std::string> rooms) const { return broadcast().except(rooms); }
BroadcastOperator Socket::except(std::initializer_list<Room> rooms) const { return broadcast().except(rooms); }
BroadcastOperator Socket::local() const { return broadcast().local(); }

void Socket::join(std::span<const Room> rooms) const { core_->join(rooms); }

void Socket::join(std::span<const Room> rooms, std::function<void(bool)> done) const {
  core_->join(rooms);
  core_->nsp().when_subscribed(rooms, std::move(done));
}

void Socket::leave(std::span<const Room> rooms) const {
  for (const Room& room : rooms) {
    core_->leave(room.name());
  }
}

std::vector<std::string> Socket::rooms() const { return core_->rooms(); }

BroadcastOperator Socket::broadcast() const {
  Target target;
  target.except.emplace_back(core_->id());
  target.flags = flags_;
  return {core_->nsp().shared_from_this(), std::move(target)};
}

void Socket::add_handler(std::string_view event, EventHandler handler, bool once) const {
  if (is_reserved_client_event(event)) {
    throw Error(ErrorCode::reserved_event, "No client can send an event named \"" + std::string(event) +
                                               "\", so this handler would never be called. " +
                                               (event == "disconnect" || event == "disconnecting"
                                                    ? "For the end of a connection use on_" + std::string(event) + "()."
                                                    : "Give the event another name."));
  }
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->events.push_back({std::string(event), std::make_shared<const EventHandler>(std::move(handler)), once});
  }
}

void Socket::off(std::string_view event) const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    std::erase_if(handlers->events, [event](const auto& entry) { return entry.event == event; });
  }
}

void Socket::on_any(std::function<void(const Value&, const Arguments&)> listener) const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->make_others().any.add(std::move(listener));
  }
}

void Socket::off_any() const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->make_others().any.clear();
  }
}

void Socket::on_any_outgoing(std::function<void(const Value&, const Arguments&)> listener) const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->make_others().any_outgoing.add(std::move(listener));
  }
}

void Socket::off_any_outgoing() const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->make_others().any_outgoing.clear();
  }
}

void Socket::use(std::function<void(const Value&, const Arguments&, Next)> middleware) const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->make_others().middlewares.add(std::move(middleware));
  }
}

void Socket::on_disconnecting(std::function<void(std::string_view)> listener) const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->make_others().disconnecting.add(std::move(listener));
  }
}

void Socket::on_disconnect(std::function<void(std::string_view)> listener) const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->make_others().disconnect.add(std::move(listener));
  }
}

void Socket::on_error(std::function<void(std::string_view)> listener) const {
  if (server::SocketHandlers* const handlers = core_->handlers()) {
    handlers->make_others().error.add(std::move(listener));
  }
}

void Socket::post(std::function<void()> function) const {
  core_->shard().loop().post(
      [core = core_, function = std::move(function)] { core->shard().guard("a posted function", core->id(), function); });
}

void Socket::disconnect(bool close) const { core_->disconnect(close); }

}  // namespace socketio
