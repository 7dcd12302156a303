#include <socketio/emitter/outlet.hpp>

#include <utility>

#include <socketio/protocol/target.hpp>

namespace socketio {

using target::add_rooms;
using target::select_rooms;

Outlet::~Outlet() = default;

TargetedEmitter::TargetedEmitter(Outlet& outlet, Target target) noexcept : outlet_(&outlet), target_(std::move(target)) {}

TargetedEmitter TargetedEmitter::to(const Room& room) const& { return to(std::span(&room, 1)); }

TargetedEmitter TargetedEmitter::to(const Room& room) && {
  select_rooms(target_, std::span(&room, 1));
  return std::move(*this);
}

TargetedEmitter TargetedEmitter::to(std::span<const Room> rooms) const {
  TargetedEmitter result = *this;
  select_rooms(result.target_, rooms);
  return result;
}

TargetedEmitter TargetedEmitter::to(std::initializer_list<Room> rooms) const { return to(std::span(rooms)); }

TargetedEmitter TargetedEmitter::in(const Room& room) const { return to(room); }
TargetedEmitter TargetedEmitter::in(std::span<const Room> rooms) const { return to(rooms); }
TargetedEmitter TargetedEmitter::in(std::initializer_list<Room> rooms) const { return to(rooms); }

TargetedEmitter TargetedEmitter::except(const Room& room) const { return except(std::span(&room, 1)); }

TargetedEmitter TargetedEmitter::except(std::span<const Room> rooms) const {
  TargetedEmitter result = *this;
  add_rooms(result.target_.except, rooms);
  return result;
}

TargetedEmitter TargetedEmitter::except(std::initializer_list<Room> rooms) const { return except(std::span(rooms)); }

TargetedEmitter TargetedEmitter::volatile_() const {
  TargetedEmitter result = *this;
  result.target_.flags.set_volatile(true);
  return result;
}

TargetedEmitter TargetedEmitter::compress(bool compress) const {
  TargetedEmitter result = *this;
  result.target_.flags.set_compress(compress);
  return result;
}

EmitId TargetedEmitter::sockets_join(const Room& room) const { return sockets_join(std::span(&room, 1)); }
EmitId TargetedEmitter::sockets_join(std::initializer_list<Room> rooms) const { return sockets_join(std::span(rooms)); }
EmitId TargetedEmitter::sockets_leave(const Room& room) const { return sockets_leave(std::span(&room, 1)); }
EmitId TargetedEmitter::sockets_leave(std::initializer_list<Room> rooms) const { return sockets_leave(std::span(rooms)); }

NamespaceEmitter NamespaceEmitter::of(std::string_view nsp) const {
  Target target;
  target.nsp = target::namespace_name(nsp);
  return NamespaceEmitter(*outlet_, std::move(target));
}

}  // namespace socketio
