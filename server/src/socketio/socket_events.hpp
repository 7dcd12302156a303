#pragma once

#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/protocol/socketio_packet.hpp>

#include "socket_core.hpp"

// Events that a client has sent, on their way to the application.
namespace socketio::server::socket_events {

/// Calls the listeners of all events, before middlewares and handlers.
void on_arrived(SocketCore& socket, Bytes data);
/// Passes the event to the middlewares of the socket, and then to the handlers of the event.
void on_event(SocketCore& socket, const socketio_packet::Packet& packet);
void on_error(SocketCore& socket, std::string_view message);

}  // namespace socketio::server::socket_events
