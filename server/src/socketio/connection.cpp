#include "connection.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <socketio/common/limits.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/query_string.hpp>
#include <socketio/protocol/socketio_msgpack_packet.hpp>
#include <socketio/server/id.hpp>

#include "admission.hpp"
#include "socket_events.hpp"
#include "socket_sending.hpp"

namespace socketio::server {

/// Events that arrived together with other messages. The reference passes events to handlers after all that it has read at
/// once, so that those before the client's own disconnect are dropped.
struct Connection::HeldEvents {
  struct Event {
    std::shared_ptr<SocketCore> socket;
    std::optional<std::int64_t> id;
    std::size_t begin;
    std::size_t size;
  };

  HeldEvents(Loop& loop, std::function<void()> release) : turn_end(loop, std::move(release)) {}

  std::vector<Event> events;
  Buffer data;  ///< of all of them
  net::TurnEnd turn_end;
};

ConnectionHost::ConnectionHost(LoopContext& on)
    : home(on), connect_due(on.loop, in_ms(on.server.options.connect_timeout), [](QueuedDeadline& deadline) {
        static_cast<Connection&>(deadline).on_connect_due();
      }) {}

void Connection::begin(ConnectionHost& host, Session& session) {
  const auto connection = std::make_shared<Connection>(host, session);
  connection->self_ = connection;
  session.set_listener(connection.get());
  host.connect_due.start(*connection);
  if (session.revision() == 3) {  // these clients send no CONNECT for the root namespace
    connection->connect("/", {});
  }
}

Connection::Connection(ConnectionHost& host, Session& session)
    : SocketOwner(session), host_(host), home_(host.home), reassembler_(home_.packet_limits) {}

Connection::~Connection() = default;

std::shared_ptr<SocketCore> Connection::find(std::string_view nsp) const {
  const auto found = std::find_if(sockets_.begin(), sockets_.end(),
                                  [nsp](const std::shared_ptr<SocketCore>& socket) { return socket->nsp().name() == nsp; });
  return found != sockets_.end() ? *found : nullptr;
}

void Connection::forget(const SocketCore& socket) {
  std::erase_if(sockets_, [&socket](const std::shared_ptr<SocketCore>& candidate) { return candidate.get() == &socket; });
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

void Connection::on_message(Bytes data, bool binary) {
  const auto self = shared_from_this();  // a handler may close it
  socketio_packet::Packet packet;
  socketio_packet::Violation violation = socketio_packet::Violation::none;
  if (home_.server.options.parser == Parser::msgpack) {
    violation = binary ? socketio_msgpack_packet::decode(data, packet, home_.packet_limits.depth_max)
                       : socketio_packet::Violation::bad_type;
  } else if (binary) {
    violation = reassembler_.binary(data, home_.scratch, packet);
  } else {
    violation = reassembler_.text(as_text(data), home_.scratch, packet);
  }
  if (violation != socketio_packet::Violation::none) {
    violate(violation);
  } else if (!reassembler_.waiting()) {
    take(packet);
  }
}

void Connection::take(const socketio_packet::Packet& packet) {
  if (packet.type == socketio_packet::Type::connect) {
    session_.revision() == 3 ? connect_revision4(packet.nsp) : connect(packet.nsp, packet.data);
    return;
  }
  const auto socket = find(packet.nsp);
  if (socket == nullptr || !socket->is_connected() || packet.type == socketio_packet::Type::connect_error) {
    close_for_wrong_state();
    return;
  }
  switch (packet.type) {
    case socketio_packet::Type::event:
      socket_events::on_arrived(*socket, packet.data);
      if (session_.more_follows()) {
        hold(socket, packet);
        return;
      }
      release_held();
      socket_events::on_event(*socket, packet);
      return;
    case socketio_packet::Type::ack: socket_sending::on_ack(*socket, packet); return;
    case socketio_packet::Type::disconnect:
      drop_held(*socket);
      socket->end(CloseReason::client_namespace_disconnect);
      return;
    default: return;
  }
}

void Connection::hold(const std::shared_ptr<SocketCore>& socket, const socketio_packet::Packet& packet) {
  if (held_ == nullptr) {
    held_ = std::make_unique<HeldEvents>(home_.loop, [this] { release_held(); });
  }
  held_->events.push_back({socket, packet.id, held_->data.size(), packet.data.size()});
  held_->data.append(packet.data);
  held_->turn_end.request();
}

void Connection::drop_held(const SocketCore& socket) {
  if (held_ != nullptr) {
    std::erase_if(held_->events, [&socket](const HeldEvents::Event& event) { return event.socket.get() == &socket; });
  }
}

void Connection::release_held() {
  if (held_ == nullptr || held_->events.empty()) {
    return;
  }
  const auto self = shared_from_this();  // a handler may close it
  const auto events = std::exchange(held_->events, {});
  const Buffer data = std::exchange(held_->data, {});
  for (const HeldEvents::Event& event : events) {
    const Bytes bytes = data.bytes().subspan(event.begin, event.size);
    socket_events::on_event(*event.socket, {socketio_packet::Type::event, event.socket->nsp().name(), event.id, bytes});
  }
}

void Connection::connect(std::string_view name, Bytes auth) {
  // A handshake is sent in responses to fetch_sockets(), inside several containers.
  if (!auth.empty() && !check_items(auth, 1, limits::depth_max / 2).ok()) {
    violate(socketio_packet::Violation::too_deep);
  } else if (find(name) != nullptr || host_.is_waiting(*this, name)) {
    close_for_wrong_state();
  } else if (sockets_.size() + host_.waiting_count(*this) >= home_.server.options.namespaces_per_connection_max) {
    deny(name, "Too many namespaces");
  } else {
    host_.find_namespace(*this, name, auth);
  }
}

void Connection::enter(std::string_view name, Bytes auth, const std::shared_ptr<NamespaceCore>& nsp) {
  if (nsp == nullptr) {
    deny(name, "Invalid namespace");
    return;
  }
  std::string id = session_.revision() == 3 ? (name == "/" ? "" : std::string(name) + "#") + std::string(session_.id())
                                            : std::string(Id::make(home_.server.random).text());
  const auto socket = std::make_shared<SocketCore>(nsp->shard_at(home_), *this, std::move(id), auth);
  sockets_.push_back(socket);
  Admission::begin(*nsp, socket);
}

/// The query after the name of a namespace is its auth.
void Connection::connect_revision4(std::string_view nsp) {
  const socketio_packet::ConnectTarget target = socketio_packet::split_query_revision4(nsp);
  Buffer auth;
  query_string::to_msgpack(auth, target.query);
  connect(target.nsp, auth.bytes());
}

void Connection::refuse(std::string_view nsp, std::string_view message, Bytes data) {
  send_connect_error(nsp, message, data, session_.revision());
}

/// Clients of every revision get the form of the newest one, as from the official server.
void Connection::deny(std::string_view nsp, std::string_view message) { send_connect_error(nsp, message, {}, 4); }

void Connection::send_connect_error(std::string_view nsp, std::string_view message, Bytes data, int revision) {
  ++home_.counters.connects_refused;
  if (open_) {
    session_.send(home_.writer.connect_error(nsp, message, data, revision));
  }
}

// ---- the end ---------------------------------------------------------------------------------------------------------------

void Connection::violate(socketio_packet::Violation violation) {
  release_held();
  ++home_.counters.protocol_violations;
  const std::string_view message = socketio_packet::describe(violation);
  home_.server.report({Problem::Kind::protocol_violation, {}, {}, {}, message});
  const auto connected = sockets_;
  for (const auto& socket : connected) {
    if (socket->is_connected()) {
      socket_events::on_error(*socket, message);
    }
  }
  if (open_) {
    session_.close(CloseReason::forced_close);
  }
}

void Connection::close_for_wrong_state() {
  ++home_.counters.wrong_state;
  session_.close(CloseReason::forced_close);
}

void Connection::on_connect_due() {
  ++home_.counters.connect_timeouts;
  session_.close(CloseReason::forced_close);
}

void Connection::disconnect_all() {
  const auto self = shared_from_this();
  // The client receives the disconnect of each namespace first, then the connection is closed.
  const auto ending = sockets_;
  for (const auto& socket : ending) {
    socket->disconnect(false);
  }
  if (open_) {
    session_.close(CloseReason::forced_close);
  }
}

void Connection::on_too_large() {
  const std::string message = "A client sent more at once than engine.max_http_buffer_size (" +
                              std::to_string(home_.server.options.engine.max_http_buffer_size) + " bytes).";
  home_.server.report({Problem::Kind::protocol_violation, {}, {}, {}, message});
}

void Connection::on_closed(CloseReason reason) {
  if (reason == CloseReason::transport_close || reason == CloseReason::transport_error) {
    release_held();
  }
  open_ = false;
  stop();
  host_.forget(*this);
  const auto self = std::move(self_);
  const auto ending = sockets_;
  for (const auto& socket : ending) {
    socket->end(reason);
  }
}

}  // namespace socketio::server
