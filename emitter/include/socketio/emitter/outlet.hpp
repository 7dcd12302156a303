#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/fleet/operation.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/scratch_buffer.hpp>

namespace socketio {

/// Number of an emit within its emitter: 1, 2, 3 ... in the order of the calls.
using EmitId = std::uint64_t;

/// Interface for publishing operations, implemented by the two forms of the emitter and by a dry run.
class SOCKETIO_API Outlet {
 public:
  virtual ~Outlet();
  /// Throws Error for an operation that cannot be sent as it is (too_large, bad_arguments, reserved_event ...); nothing is
  /// sent then.
  virtual EmitId publish(const Operation& operation) = 0;
};

/// Selects rooms and flags, then sends operations. A value: keep it, copy it, use it many times; each call that adds something
/// returns a new one. Must not outlive its emitter.
///
/// The operations return the number of the emit at once; its outcome is reported later (EmitResult, flush()).
class SOCKETIO_API TargetedEmitter {
 public:
  TargetedEmitter(Outlet& outlet, Target target) noexcept;

  /// Adds a room, or several: a socket that is in any of them receives the event, once. The id of a socket is a room, too. An
  /// empty list selects no socket, unless another call adds a room: nothing is published then. (In JavaScript an empty list has
  /// no effect: every socket of the namespace receives the event.)
  [[nodiscard]] TargetedEmitter to(const Room& room) const&;
  [[nodiscard]] TargetedEmitter to(const Room& room) &&;
  [[nodiscard]] TargetedEmitter to(std::span<const Room> rooms) const;
  [[nodiscard]] TargetedEmitter to(std::initializer_list<Room> rooms) const;
  [[nodiscard]] TargetedEmitter in(const Room& room) const;
  [[nodiscard]] TargetedEmitter in(std::span<const Room> rooms) const;
  [[nodiscard]] TargetedEmitter in(std::initializer_list<Room> rooms) const;
  /// Leaves out the sockets that are in a room.
  [[nodiscard]] TargetedEmitter except(const Room& room) const;
  [[nodiscard]] TargetedEmitter except(std::span<const Room> rooms) const;
  [[nodiscard]] TargetedEmitter except(std::initializer_list<Room> rooms) const;
  /// Makes the event volatile: it may be lost by clients that are not ready to receive. (`volatile` is a keyword of C++.)
  [[nodiscard]] TargetedEmitter volatile_() const;
  /// Sets whether servers compress the event on its way to the clients.
  [[nodiscard]] TargetedEmitter compress(bool compress) const;

  /// Emits an event to the chosen clients. Arguments are anything msgpack-c packs (numbers, strings, containers, structs:
  /// MSGPACK_DEFINE_MAP makes an object of a struct, MSGPACK_DEFINE an array), and nullptr, Json, Binary, Date, time points.
  ///
  /// Fails      Error(reserved_event) for the names that Socket.IO reserves, Error(bad_arguments), Error(bad_json),
  ///            Error(bad_utf8), Error(too_large). Nothing is sent then.
  template <typename... Args>
  EmitId emit(const EventName& event, const Args&... args) const {
    ScratchBuffer data;
    arguments::pack_event(data.buffer(), event, args...);
    return emit_packed(data.buffer().bytes());
  }
  /// Emits a packed [event, args...].
  EmitId emit_packed(Bytes data) const { return outlet_->publish(Operation::emit(target_, data)); }

  /// Makes the chosen clients join or leave rooms, on every server.
  EmitId sockets_join(const Room& room) const;
  EmitId sockets_join(std::span<const Room> rooms) const { return outlet_->publish(Operation::join(target_, rooms)); }
  EmitId sockets_join(std::initializer_list<Room> rooms) const;
  EmitId sockets_leave(const Room& room) const;
  EmitId sockets_leave(std::span<const Room> rooms) const { return outlet_->publish(Operation::leave(target_, rooms)); }
  EmitId sockets_leave(std::initializer_list<Room> rooms) const;
  /// Disconnects the chosen clients from the namespace; `close`: closes the whole underlying connection.
  EmitId disconnect_sockets(bool close = false) const { return outlet_->publish(Operation::disconnect(target_, close)); }

  [[nodiscard]] const Target& target() const noexcept { return target_; }

 protected:
  Outlet* outlet_;
  Target target_;
};

/// A namespace of the fleet, without rooms or flags. Inherited methods address clients; server_side_emit() addresses the
/// servers.
class SOCKETIO_API NamespaceEmitter : public TargetedEmitter {
 public:
  using TargetedEmitter::TargetedEmitter;

  /// Returns another namespace of the same fleet, without rooms or flags; "/" is put in front unless it is there. Throws
  /// Error(bad_option) for a name with a comma: no client can join that.
  [[nodiscard]] NamespaceEmitter of(std::string_view nsp) const;

  /// Emits an event to the servers themselves: their listeners for server-side events on this namespace.
  ///
  /// Sent as JSON: binary arrives as {"type":"Buffer","data":[...]}, dates as text.
  /// Fails      like emit(); the reserved names are connect, connection, new_namespace and error.
  template <typename... Args>
  EmitId server_side_emit(const EventName& event, const Args&... args) const {
    ScratchBuffer data;
    arguments::pack_event(data.buffer(), event, args...);
    return server_side_emit_packed(data.buffer().bytes());
  }
  EmitId server_side_emit_packed(Bytes data) const { return outlet_->publish(Operation::server_side(target_, data)); }
};

}  // namespace socketio
