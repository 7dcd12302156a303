#pragma once

#include <socketio/common/bytes.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/server/ack.hpp>
#include <socketio/server/frame.hpp>

#include "pending_acks.hpp"
#include "socket_core.hpp"

// Events for one client, and its acks.
namespace socketio::server::socket_sending {

/// Sends an event. False when the client cannot receive it any more.
bool emit(SocketCore& socket, Bytes data, const Flags& flags);
/// Sends an event that asks for an ack. Calls `done` once, never before this returns.
void emit_with_ack(SocketCore& socket, Bytes data, const Flags& flags, OnAck done);
/// Sends an encoded event that asks for an ack with this id; false, and nothing is called, when too many acks are pending.
bool ask(SocketCore& socket, const FrameRef& frame, PendingAcks::Entry entry);
/// Handles an ack of the client.
void on_ack(SocketCore& socket, const socketio_packet::Packet& packet);

}  // namespace socketio::server::socket_sending
