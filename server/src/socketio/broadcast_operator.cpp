#include <socketio/server/broadcast_operator.hpp>

#include <socketio/common/milliseconds.hpp>

#include "namespace_operations.hpp"

namespace socketio {

namespace namespace_operations = server::namespace_operations;

BroadcastOperator BroadcastOperator::to(std::span<const Room> rooms) const {
  BroadcastOperator result = *this;
  target::select_rooms(result.target_, rooms);
  return result;
}

BroadcastOperator BroadcastOperator::except(std::span<const Room> rooms) const {
  BroadcastOperator result = *this;
  target::add_rooms(result.target_.except, rooms);
  return result;
}

BroadcastOperator BroadcastOperator::to(const Room& room) const { return to(std::span(&room, 1)); }
BroadcastOperator BroadcastOperator::to(std::span<const std::string> rooms) const { return to(server::rooms_of(rooms)); }
BroadcastOperator BroadcastOperator::to(std::initializer_list<Room> rooms) const { return to(std::span(rooms)); }
BroadcastOperator BroadcastOperator::in(const Room& room) const { return to(room); }
BroadcastOperator BroadcastOperator::in(std::span<const Room> rooms) const { return to(rooms); }
BroadcastOperator BroadcastOperator::in(std::span<const std::string> rooms) const { return to(rooms); }
BroadcastOperator BroadcastOperator::in(std::initializer_list<Room> rooms) const { return to(rooms); }
BroadcastOperator BroadcastOperator::except(const Room& room) const { return except(std::span(&room, 1)); }
BroadcastOperator BroadcastOperator::except(std::span<const std::string> rooms) const {
  return except(server::rooms_of(rooms));
}
BroadcastOperator BroadcastOperator::except(std::initializer_list<Room> rooms) const { return except(std::span(rooms)); }
void BroadcastOperator::sockets_join(const Room& room) const { sockets_join(std::span(&room, 1)); }
void BroadcastOperator::sockets_join(std::span<const std::string> rooms) const { sockets_join(server::rooms_of(rooms)); }
void BroadcastOperator::sockets_join(std::initializer_list<Room> rooms) const { sockets_join(std::span(rooms)); }
void BroadcastOperator::sockets_leave(const Room& room) const { sockets_leave(std::span(&room, 1)); }
void BroadcastOperator::sockets_leave(std::span<const std::string> rooms) const { sockets_leave(server::rooms_of(rooms)); }
void BroadcastOperator::sockets_leave(std::initializer_list<Room> rooms) const { sockets_leave(std::span(rooms)); }

BroadcastOperator BroadcastOperator::local() const {
  BroadcastOperator result = *this;
  result.target_.local = true;
  return result;
}

BroadcastOperator BroadcastOperator::volatile_() const {
  BroadcastOperator result = *this;
  result.target_.flags.set_volatile(true);
  return result;
}

BroadcastOperator BroadcastOperator::compress(bool compress) const {
  BroadcastOperator result = *this;
  result.target_.flags.set_compress(compress);
  return result;
}

BroadcastOperator BroadcastOperator::timeout(std::chrono::milliseconds timeout) const {
  BroadcastOperator result = *this;
  result.target_.flags.set_timeout_ms(in_ms(timeout));
  return result;
}

void BroadcastOperator::emit_packed(Bytes data) const { namespace_operations::apply(*core_, Operation::emit(target_, data)); }

void BroadcastOperator::emit_with_ack_packed(Bytes data, OnAckAnswers done) const {
  namespace_operations::emit_with_ack(*core_, target_, data, std::move(done));
}

void BroadcastOperator::sockets_join(std::span<const Room> rooms) const {
  namespace_operations::apply(*core_, Operation::join(target_, rooms));
}
void BroadcastOperator::sockets_leave(std::span<const Room> rooms) const {
  namespace_operations::apply(*core_, Operation::leave(target_, rooms));
}
void BroadcastOperator::disconnect_sockets(bool close) const {
  namespace_operations::apply(*core_, Operation::disconnect(target_, close));
}

void BroadcastOperator::fetch_sockets(std::function<void(const FetchedSocketList&)> done) const {
  namespace_operations::fetch(*core_, target_, std::move(done));
}

std::vector<Room> server::rooms_of(std::span<const std::string> names) { return {names.begin(), names.end()}; }

}  // namespace socketio
