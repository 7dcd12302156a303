#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/scratch_buffer.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/server/ack.hpp>
#include <socketio/server/remote_socket.hpp>

namespace socketio {

namespace server {
class NamespaceCore;

/// Converts names, which Socket::rooms() and RemoteSocket::rooms() return, to rooms.
[[nodiscard]] std::vector<Room> rooms_of(std::span<const std::string> names);

/// Packs [event, all arguments but the last], and passes it to `use` with the last one, which is the callback of
/// emit_with_ack().
template <typename Use, typename... All, std::size_t... Indices>
void with_packed_event(const EventName& event, const std::tuple<All...>& all, std::index_sequence<Indices...>, Use use) {
  ScratchBuffer data;
  arguments::pack_event(data.buffer(), event, std::get<Indices>(all)...);
  use(data.buffer().bytes(), std::get<sizeof...(Indices)>(all));
}

/// True if the last of the types is a function of `const Result&`.
template <typename Result, typename... ArgsAndDone>
constexpr bool ends_with_callback() {
  if constexpr (sizeof...(ArgsAndDone) == 0) {
    return false;
  } else {
    using Last = std::remove_cvref_t<std::tuple_element_t<sizeof...(ArgsAndDone) - 1, std::tuple<ArgsAndDone...>>>;
    return std::is_invocable_v<Last&, const Result&> && std::is_copy_constructible_v<Last>;
  }
}
}  // namespace server

/// Selects rooms and flags, then performs operations on every selected socket, on all servers. A value: keep it, copy it, use
/// it many times; each call that adds something returns a new one. It may outlive its server: operations do nothing then.
///
/// Operators of Server and Namespace may be used on any thread; callbacks run on the loop's thread, once, and never before the
/// call has returned.
///
/// Fails  with Error(reserved_event, bad_arguments, bad_json, bad_utf8), thrown before anything was sent.
class SOCKETIO_API BroadcastOperator {
 public:
  /// Adds a room, or several: a socket that is in any of them is reached, once. The id of a socket is a room, too.
  ///
  /// An empty list selects no socket, unless another call adds a room. (In JavaScript it selects every socket.)
  [[nodiscard]] BroadcastOperator to(const Room& room) const;
  [[nodiscard]] BroadcastOperator to(std::span<const Room> rooms) const;
  [[nodiscard]] BroadcastOperator to(std::span<const std::string> rooms) const;
  [[nodiscard]] BroadcastOperator to(std::initializer_list<Room> rooms) const;
  [[nodiscard]] BroadcastOperator in(const Room& room) const;
  [[nodiscard]] BroadcastOperator in(std::span<const Room> rooms) const;
  [[nodiscard]] BroadcastOperator in(std::span<const std::string> rooms) const;
  [[nodiscard]] BroadcastOperator in(std::initializer_list<Room> rooms) const;
  /// Leaves out the sockets that are in a room. An empty list leaves out none.
  [[nodiscard]] BroadcastOperator except(const Room& room) const;
  [[nodiscard]] BroadcastOperator except(std::span<const Room> rooms) const;
  [[nodiscard]] BroadcastOperator except(std::span<const std::string> rooms) const;
  [[nodiscard]] BroadcastOperator except(std::initializer_list<Room> rooms) const;
  /// Selects the sockets of this server only.
  [[nodiscard]] BroadcastOperator local() const;
  /// Makes the event volatile: it may be lost by clients that are not ready to receive. (`volatile` is a keyword of C++.)
  [[nodiscard]] BroadcastOperator volatile_() const;
  /// Sets whether the event may be compressed; the default is true.
  [[nodiscard]] BroadcastOperator compress(bool compress) const;
  /// Sets how long emit_with_ack() waits; the default is 20 seconds.
  [[nodiscard]] BroadcastOperator timeout(std::chrono::milliseconds timeout) const;

  /// Emits an event. Arguments are anything msgpack-c packs (numbers, strings, containers, structs: MSGPACK_DEFINE_MAP makes an
  /// object of a struct, MSGPACK_DEFINE an array), and nullptr, Json, Binary, Date, time points.
  template <typename... Args>
  void emit(const EventName& event, const Args&... args) const {
    ScratchBuffer data;
    arguments::pack_event(data.buffer(), event, args...);
    emit_packed(data.buffer().bytes());
  }
  /// emit("message", args...)
  template <typename... Args>
  void send(const Args&... args) const {
    emit("message", args...);
  }
  /// Emits a packed [event, args...].
  void emit_packed(Bytes data) const;

  /// Emits an event that asks each client for an ack. The last argument, a function of `const AckAnswers&`, is called with the
  /// acks.
  template <typename... ArgsAndDone>
  void emit_with_ack(const EventName& event, ArgsAndDone&&... args_and_done) const {
    if constexpr (server::ends_with_callback<AckAnswers, ArgsAndDone...>()) {
      server::with_packed_event(event, std::forward_as_tuple(args_and_done...),
                                std::make_index_sequence<sizeof...(args_and_done) - 1>(),
                                [this](Bytes data, const OnAckAnswers& done) { emit_with_ack_packed(data, done); });
    } else {
      static_assert(server::ends_with_callback<AckAnswers, ArgsAndDone...>(),
                    "The last argument of emit_with_ack() here is a copyable function of const socketio::AckAnswers&.");
    }
  }
  void emit_with_ack_packed(Bytes data, OnAckAnswers done) const;

  void sockets_join(const Room& room) const;
  void sockets_join(std::span<const Room> rooms) const;
  void sockets_join(std::span<const std::string> rooms) const;
  void sockets_join(std::initializer_list<Room> rooms) const;
  void sockets_leave(const Room& room) const;
  void sockets_leave(std::span<const Room> rooms) const;
  void sockets_leave(std::span<const std::string> rooms) const;
  void sockets_leave(std::initializer_list<Room> rooms) const;
  /// Disconnects the sockets from the namespace; `close`: closes their whole connections.
  void disconnect_sockets(bool close = false) const;
  /// Fetches the sockets, from all servers.
  void fetch_sockets(std::function<void(const FetchedSocketList&)> done) const;

 protected:
  friend class Socket;
  friend class RemoteSocket;
  BroadcastOperator(std::shared_ptr<server::NamespaceCore> core, Target target)
      : core_(std::move(core)), target_(std::move(target)) {}

  std::shared_ptr<server::NamespaceCore> core_;
  Target target_;
};

}  // namespace socketio
