#pragma once

#include <string_view>


// Event names that Socket.IO reserves.
//
// Source: docs/wire.md, "Ignoring, surviving, and not killing others" and "Emitter".
namespace socketio {

/// Events for clients: connect, connect_error, disconnect, disconnecting, newListener, removeListener. Never sent; refused when
/// received, because a client that receives one disconnects.
[[nodiscard]] bool is_reserved_client_event(std::string_view name) noexcept;

/// Server-side events that are never sent: connect, connection, new_namespace, error. The last one crashes a JavaScript node.
[[nodiscard]] bool is_reserved_server_side_event(std::string_view name) noexcept;

/// Server-side events that are ignored when received: those above except `error`, which is an ordinary name in this library.
[[nodiscard]] bool is_ignored_server_side_event(std::string_view name) noexcept;

}  // namespace socketio
