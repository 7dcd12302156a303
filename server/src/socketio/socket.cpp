#include <socketio/server/socket.hpp>

#include <string>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include "namespace_core.hpp"
#include "namespace_operations.hpp"
#include "socket_core.hpp"
#include "socket_sending.hpp"

namespace socketio {

using server::SocketCore;

namespace {

server::NamespaceCore& namespace_of(const SocketCore& socket) { return static_cast<server::NamespaceCore&>(socket.nsp()); }

}  // namespace

Next::Next(Continue go_on) : go_on_(std::make_shared<Continue>(std::move(go_on))) {}

void Next::call(const Refusal* refusal) const {
  if (const Continue go_on = std::exchange(*go_on_, nullptr)) {
    go_on(refusal);
  }
}

SocketEmitter SocketEmitter::timeout(std::chrono::milliseconds timeout) const {
  return {core_, Flags(flags_).set_timeout_ms(in_ms(timeout))};
}
bool SocketEmitter::emit_packed(Bytes data) const { return server::socket_sending::emit(*core_, data, flags_); }
void SocketEmitter::emit_with_ack_packed(Bytes data, OnAck done) const {
  server::socket_sending::emit_with_ack(*core_, data, flags_, std::move(done));
}

const std::string& Socket::id() const noexcept { return core_->id(); }
const std::string& Socket::nsp() const noexcept { return core_->nsp().name(); }
bool Socket::connected() const noexcept { return core_->is_connected(); }
bool Socket::recovered() const noexcept { return core_->recovery != nullptr && core_->recovery->recovered; }
Handshake Socket::handshake() const { return core_->data.handshake(core_->session()); }

std::string_view Socket::transport() const noexcept {
  if (core_->session() == nullptr) {
    return {};
  }
  return core_->session()->transport() == EngineTransport::websocket ? "websocket" : "polling";
}

void Socket::set_data_packed(Bytes data) const {
  core_->check_thread();
  core_->data.set_value(data);
}
Value Socket::data() const noexcept { return Value(core_->data.value()); }

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

void Socket::join(std::span<const Room> rooms) const {
  core_->check_thread();
  if (!core_->is_connected() && core_->state() != SocketCore::State::connecting) {
    return;
  }
  std::vector<Room> valid;
  target::add_rooms(valid, rooms);
  for (const Room& room : valid) {
    if (!core_->join(room.name())) {
      throw Error(ErrorCode::too_large, "A socket can be in at most " +
                                            std::to_string(core_->home()->server.options.rooms_per_socket_max) +
                                            " rooms (rooms_per_socket_max).");
    }
  }
}

void Socket::join(std::span<const Room> rooms, std::function<void(bool)> done) const {
  join(rooms);
  server::namespace_operations::when_subscribed(namespace_of(*core_), rooms, std::move(done));
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
  return {namespace_of(*core_).self(), std::move(target)};
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

namespace {

using Others = server::SocketHandlers::Others;

/// Changes one list of listeners, unless the socket has ended.
template <typename List, typename Change>
void change(SocketCore& socket, List Others::*list, Change change) {
  if (server::SocketHandlers* const handlers = socket.handlers()) {
    change(handlers->make_others().*list);
  }
}

template <typename List, typename Listener>
void add(SocketCore& socket, List Others::*list, Listener&& listener) {
  change(socket, list, [&listener](List& listeners) { listeners.add(std::move(listener)); });
}

}  // namespace

void Socket::on_any(std::function<void(const Value&, const Arguments&)> listener) const {
  add(*core_, &Others::any, std::move(listener));
}
void Socket::off_any() const {
  change(*core_, &Others::any, [](auto& listeners) { listeners.clear(); });
}
void Socket::on_any_outgoing(std::function<void(const Value&, const Arguments&)> listener) const {
  add(*core_, &Others::any_outgoing, std::move(listener));
}
void Socket::off_any_outgoing() const {
  change(*core_, &Others::any_outgoing, [](auto& listeners) { listeners.clear(); });
}
void Socket::use(std::function<void(const Value&, const Arguments&, Next)> middleware) const {
  add(*core_, &Others::middlewares, std::move(middleware));
}
void Socket::on_disconnecting(std::function<void(std::string_view)> listener) const {
  add(*core_, &Others::disconnecting, std::move(listener));
}
void Socket::on_disconnect(std::function<void(std::string_view)> listener) const {
  add(*core_, &Others::disconnect, std::move(listener));
}
void Socket::on_error(std::function<void(std::string_view)> listener) const {
  add(*core_, &Others::error, std::move(listener));
}

void Socket::post(std::function<void()> function) const {
  core_->shard().loop().post(
      [core = core_, function = std::move(function)] { core->shard().guard("a posted function", core->id(), function); });
}

void Socket::disconnect(bool close) const { core_->disconnect(close); }

}  // namespace socketio
