#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/fleet/operation.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/server/ack.hpp>
#include <socketio/server/remote_socket.hpp>

#include "namespace_core.hpp"

// Operations of the application on a namespace, on any thread. Those of a parent apply to all namespaces created from it; those
// with a result throw Error(not_supported) there. Results arrive on the calling thread's loop.
namespace socketio::server::namespace_operations {

void apply(NamespaceCore& nsp, const Operation& operation);
void emit_with_ack(NamespaceCore& nsp, const Target& target, Bytes data, OnAckAnswers done);
void fetch(NamespaceCore& nsp, const Target& target, std::function<void(const FetchedSocketList&)> done);
void server_side_emit_with_ack(NamespaceCore& nsp, Bytes data, OnServerSideAnswers done);
void when_subscribed(NamespaceCore& nsp, std::span<const Room> rooms, std::function<void(bool)> done);
void all_rooms(NamespaceCore& nsp, std::function<void(std::vector<std::string>)> done);
void server_count(NamespaceCore& nsp, std::function<void(std::size_t)> done);

}  // namespace socketio::server::namespace_operations
