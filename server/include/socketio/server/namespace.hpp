#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/common/export.hpp>
#include <socketio/server/broadcast_operator.hpp>
#include <socketio/server/handler.hpp>
#include <socketio/server/socket.hpp>

namespace socketio {

/// A namespace of a server; a small handle. Inherited methods address clients, and may be used on any thread; everything else
/// is for the loop's thread. With several threads, methods that have a result may be used on each of the server's threads, and
/// the result arrives on the calling one.
///
/// For the namespaces that a predicate creates (Server::of), handlers and middlewares apply to those created afterwards, and
/// emit() reaches the sockets of all of them on this server. Methods that have a result throw Error(not_supported) there.
class SOCKETIO_API Namespace : public BroadcastOperator {
 public:
  explicit Namespace(std::shared_ptr<server::NamespaceCore> core);

  [[nodiscard]] const std::string& name() const noexcept;

  /// Adds a middleware. Middlewares are called for each socket before it is connected, in the order of registration: `next()`
  /// accepts it, `next(Refusal(...))` refuses it. A middleware that throws refuses it, too.
  void use(std::function<void(Socket socket, Next next)> middleware) const;
  void on_connection(std::function<void(Socket socket)> handler) const;

  /// Sockets connected to this server. With several threads only post() and id() of these handles may be used: see Socket.
  [[nodiscard]] std::vector<Socket> sockets() const;
  [[nodiscard]] std::size_t socket_count() const noexcept;
  [[nodiscard]] std::optional<Socket> find_socket(std::string_view id) const;

  /// Emits an event to the other servers. Fails like emit(); the reserved names are connect, connection, new_namespace, error.
  template <typename... Args>
  void server_side_emit(const EventName& event, const Args&... args) const {
    ScratchBuffer data;
    arguments::pack_event(data.buffer(), event, args...);
    server_side_emit_packed(data.buffer().bytes());
  }
  void server_side_emit_packed(Bytes data) const;
  /// Emits an event that asks each other server for a response. The last argument is a function of `const ServerSideAnswers&`.
  template <typename... ArgsAndDone>
  void server_side_emit_with_ack(const EventName& event, ArgsAndDone&&... args_and_done) const {
    if constexpr (server::ends_with_callback<ServerSideAnswers, ArgsAndDone...>()) {
      server::with_packed_event(
          event, std::forward_as_tuple(args_and_done...), std::make_index_sequence<sizeof...(args_and_done) - 1>(),
          [this](Bytes data, const OnServerSideAnswers& done) { server_side_emit_with_ack_packed(data, done); });
    } else {
      static_assert(server::ends_with_callback<ServerSideAnswers, ArgsAndDone...>(),
                    "The last argument here is a copyable function of const socketio::ServerSideAnswers&.");
    }
  }
  void server_side_emit_with_ack_packed(Bytes data, OnServerSideAnswers done) const;
  /// Adds a handler for an event that other servers emit. Handlers are as with Socket::on(). Throws Error(reserved_event) for
  /// "connect", "connection" and "new_namespace", which servers do not emit.
  template <typename Function>
  void on_server_side(std::string_view event, Function function) const {
    add_server_side_handler(event, make_handler(std::move(function)));
  }

  /// Lists the rooms that have sockets, on all servers, as far as the adapter knows.
  void all_rooms(std::function<void(std::vector<std::string>)> done) const;
  /// Counts the servers that have this namespace, this one among them; 1 when Redis does not respond in time.
  void server_count(std::function<void(std::size_t)> done) const;
  [[nodiscard]] adapter::AdapterCounters adapter_counters() const;

 private:
  void add_server_side_handler(std::string_view event, EventHandler handler) const;
};

}  // namespace socketio
