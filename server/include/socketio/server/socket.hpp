#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <socketio/common/export.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/server/ack.hpp>
#include <socketio/server/broadcast_operator.hpp>
#include <socketio/server/handler.hpp>
#include <socketio/server/handshake.hpp>

namespace socketio {

namespace server {
class SocketCore;
}

/// Reason why a middleware refuses: a text for the client's `connect_error`, and data of any kind.
class SOCKETIO_API Refusal {
 public:
  explicit Refusal(std::string message) : message_(std::move(message)) {}
  template <typename T>
  Refusal(std::string message, const T& data) : message_(std::move(message)) {
    arguments::pack_one(data_, data);
  }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] Bytes data() const noexcept { return data_.bytes(); }

 private:
  std::string message_;
  Buffer data_;
};

/// Continues after a middleware, at once or later. A small handle; only the first call has an effect.
class SOCKETIO_API Next {
 public:
  using Continue = std::function<void(const Refusal* refusal)>;
  explicit Next(Continue go_on);

  void operator()() const { call(nullptr); }
  void operator()(const Refusal& refusal) const { call(&refusal); }

 private:
  void call(const Refusal* refusal) const;
  std::shared_ptr<Continue> go_on_;
};

/// Selects flags, then emits an event to the socket's client.
class SOCKETIO_API SocketEmitter {
 public:
  SocketEmitter(std::shared_ptr<server::SocketCore> core, Flags flags) noexcept : core_(std::move(core)), flags_(flags) {}

  /// Makes the event volatile: it may be lost if the client is not ready to receive. (`volatile` is a keyword of C++.)
  [[nodiscard]] SocketEmitter volatile_() const { return {core_, Flags(flags_).set_volatile(true)}; }
  [[nodiscard]] SocketEmitter compress(bool compress) const { return {core_, Flags(flags_).set_compress(compress)}; }
  /// Sets how long emit_with_ack() waits. The default: until the client sends the ack or disconnects.
  [[nodiscard]] SocketEmitter timeout(std::chrono::milliseconds timeout) const;

  /// Emits an event; see BroadcastOperator::emit(). False when the socket is not connected any more; with recovery, true while
  /// its client may still reconnect: the event is kept for it.
  template <typename... Args>
  bool emit(const EventName& event, const Args&... args) const {
    ScratchBuffer data;
    arguments::pack_event(data.buffer(), event, args...);
    return emit_packed(data.buffer().bytes());
  }
  template <typename... Args>
  bool send(const Args&... args) const {
    return emit("message", args...);
  }
  bool emit_packed(Bytes data) const;

  /// Emits an event that asks the client for an ack. The last argument, a function of `const AckResult&`, is called once: with
  /// the ack, or with the reason why there is none.
  template <typename... ArgsAndDone>
  void emit_with_ack(const EventName& event, ArgsAndDone&&... args_and_done) const {
    if constexpr (server::ends_with_callback<AckResult, ArgsAndDone...>()) {
      server::with_packed_event(event, std::forward_as_tuple(args_and_done...),
                                std::make_index_sequence<sizeof...(args_and_done) - 1>(),
                                [this](Bytes data, const OnAck& done) { emit_with_ack_packed(data, done); });
    } else {
      static_assert(server::ends_with_callback<AckResult, ArgsAndDone...>(),
                    "The last argument of emit_with_ack() here is a copyable function of const socketio::AckResult&.");
    }
  }
  void emit_with_ack_packed(Bytes data, OnAck done) const;

 protected:
  std::shared_ptr<server::SocketCore> core_;
  Flags flags_;
};

/// A client's connection to one namespace: a small handle that is safe to keep, and does not keep the connection open. After
/// the disconnect its operations do nothing. Handlers are destroyed with the connection, so a handler may hold its own socket.
///
/// For the thread of the server's loop only; with several threads, for the one that its handlers run on. Copies may be kept and
/// destroyed on any thread, and post() may be called on any.
class SOCKETIO_API Socket : public SocketEmitter {
 public:
  explicit Socket(std::shared_ptr<server::SocketCore> core) noexcept : SocketEmitter(std::move(core), {}) {}

  [[nodiscard]] const std::string& id() const noexcept;
  /// The name of its namespace.
  [[nodiscard]] const std::string& nsp() const noexcept;
  /// True from the response to its CONNECT to the disconnect.
  [[nodiscard]] bool connected() const noexcept;
  /// True when it continues a socket whose connection was lost: same id, rooms and data.
  [[nodiscard]] bool recovered() const noexcept;
  /// Created by each call: hold the value while it is used.
  [[nodiscard]] Handshake handshake() const;
  /// "websocket" or "polling"; empty once it is disconnected.
  [[nodiscard]] std::string_view transport() const noexcept;

  /// Stores a value with the socket. Other servers receive it with fetch_sockets(), and recovery restores it.
  template <typename T>
  void set_data(const T& data) const {
    ScratchBuffer packed;
    arguments::pack_one(packed.buffer(), data);
    set_data_packed(packed.buffer().bytes());
  }
  /// Throws Error(bad_arguments) when `data` is not one well-formed value.
  void set_data_packed(Bytes data) const;
  /// The stored value; an empty object unless set. Valid until it is set again.
  [[nodiscard]] Value data() const noexcept;

  void join(const Room& room) const;
  /// Throws Error(too_large) when the socket would be in more than ServerOptions::rooms_per_socket_max.
  void join(std::span<const Room> rooms) const;
  void join(std::span<const std::string> rooms) const;
  void join(std::initializer_list<Room> rooms) const;
  /// Joins, and calls `done(true)` once events that other servers emit to the rooms reach this socket: all channels that carry
  /// them are subscribed, and Redis has confirmed that on the current connection. Calls `done(false)` when that is not known
  /// after a few seconds (Redis is unreachable), when Redis refuses the channel of one of these rooms, or when the room was
  /// left meanwhile. The socket is in its rooms on this server in both cases.
  void join(std::span<const Room> rooms, std::function<void(bool subscribed)> done) const;
  void leave(const Room& room) const;
  void leave(std::span<const Room> rooms) const;
  void leave(std::span<const std::string> rooms) const;
  void leave(std::initializer_list<Room> rooms) const;
  [[nodiscard]] std::vector<std::string> rooms() const;

  /// Selects all other sockets of the namespace, or of rooms: without this one. An empty list of rooms selects none.
  [[nodiscard]] BroadcastOperator broadcast() const;
  [[nodiscard]] BroadcastOperator to(const Room& room) const;
  [[nodiscard]] BroadcastOperator to(std::span<const Room> rooms) const;
  [[nodiscard]] BroadcastOperator to(std::span<const std::string> rooms) const;
  [[nodiscard]] BroadcastOperator to(std::initializer_list<Room> rooms) const;
  [[nodiscard]] BroadcastOperator in(const Room& room) const;
  [[nodiscard]] BroadcastOperator in(std::span<const Room> rooms) const;
  [[nodiscard]] BroadcastOperator in(std::span<const std::string> rooms) const;
  [[nodiscard]] BroadcastOperator in(std::initializer_list<Room> rooms) const;
  [[nodiscard]] BroadcastOperator except(const Room& room) const;
  [[nodiscard]] BroadcastOperator except(std::span<const Room> rooms) const;
  [[nodiscard]] BroadcastOperator except(std::span<const std::string> rooms) const;
  [[nodiscard]] BroadcastOperator except(std::initializer_list<Room> rooms) const;
  [[nodiscard]] BroadcastOperator local() const;

  /// Calls `function` for each event of that name; see handler.hpp for its parameters. An event may have several handlers.
  /// Throws Error(reserved_event) for names that no client can send, such as "disconnect": see on_disconnect().
  template <typename Function>
  void on(std::string_view event, Function function) const {
    add_handler(event, make_handler(std::move(function)), false);
  }
  /// Calls `function` for the next event of that name only.
  template <typename Function>
  void once(std::string_view event, Function function) const {
    add_handler(event, make_handler(std::move(function)), true);
  }
  /// Removes all handlers of that event.
  void off(std::string_view event) const;
  /// Calls `listener` for each event that arrives, of any name, before middlewares and handlers.
  void on_any(std::function<void(const Value& event, const Arguments& arguments)> listener) const;
  void off_any() const;
  /// Calls `listener` for each event that is sent to this client.
  void on_any_outgoing(std::function<void(const Value& event, const Arguments& arguments)> listener) const;
  void off_any_outgoing() const;
  /// Adds a middleware that is called for each event before the handlers, in the order of registration, and accepts or refuses
  /// it. A refused event is reported to on_error() only. The arguments are valid during the call.
  void use(std::function<void(const Value& event, const Arguments& arguments, Next next)> middleware) const;
  /// Calls `listener` before the socket leaves its rooms.
  void on_disconnecting(std::function<void(std::string_view reason)> listener) const;
  void on_disconnect(std::function<void(std::string_view reason)> listener) const;
  /// Calls `listener` when the client broke a rule of the protocol, or a middleware refused an event.
  void on_error(std::function<void(std::string_view message)> listener) const;

  /// Calls `function` on the thread of this socket's loop, in the order of the calls; also after the socket has disconnected,
  /// but not after the server is destroyed. May be called on any thread. Exceptions are caught and reported, as with handlers.
  void post(std::function<void()> function) const;

  /// Leaves the namespace; `close`: closes the whole connection, with all its namespaces.
  void disconnect(bool close = false) const;

  friend bool operator==(const Socket& a, const Socket& b) noexcept { return a.core_ == b.core_; }

 private:
  void add_handler(std::string_view event, EventHandler handler, bool once) const;
};

}  // namespace socketio
