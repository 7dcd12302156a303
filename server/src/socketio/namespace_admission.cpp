// Admission of a socket to a namespace: recovery, middlewares, and then the response to its CONNECT.
//
// Source: docs/wire_server.md, "Connection to namespaces" and "Connection-state recovery".
#include <algorithm>
#include <optional>
#include <utility>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/server/id.hpp>

#include "connection.hpp"
#include "namespace_core.hpp"
#include "server_core.hpp"

namespace socketio::server {
namespace {

constexpr std::size_t private_id_bytes_max = 64;

/// Recovery data that a client which was connected before sends in its auth.
struct Ticket {
  std::string_view pid;
  std::string_view offset;
};

std::optional<Ticket> read_ticket(Bytes auth) {
  Cursor cursor(auth);
  Item header;
  if (auth.empty() || !cursor.expect(Kind::map, header)) {
    return std::nullopt;
  }
  Ticket ticket;
  for (std::uint32_t index = 0; index < header.count; ++index) {
    Item key;
    if (!cursor.next(key)) {
      return std::nullopt;
    }
    const Bytes member = cursor.skip_view();
    if (key.text() == "pid") {
      ticket.pid = Value(member).as<std::string_view>().value_or("");
    } else if (key.text() == "offset") {
      ticket.offset = Value(member).as<std::string_view>().value_or("");
    }
  }
  const bool whole = !ticket.pid.empty() && !ticket.offset.empty() && ticket.pid.size() <= private_id_bytes_max;
  return cursor.ok() && whole ? std::optional(ticket) : std::nullopt;
}

std::string new_private_id(Random& random) { return std::string(Id::make(random).text()); }

}  // namespace

/// A socket that is being admitted.
struct NamespaceCore::Admission {
  std::shared_ptr<SocketCore> socket;
  std::vector<std::shared_ptr<const std::function<void(Socket, Next)>>> middlewares;
  std::size_t next = 0;
  std::string offset;             ///< of a recovered one: the last packet its client has received
  adapter::SavedSession session;  ///< of a recovered one

  /// False when its client has disconnected meanwhile.
  [[nodiscard]] bool is_alive() const noexcept { return socket->state() == SocketCore::State::connecting; }
};

void NamespaceCore::admit(const std::shared_ptr<SocketCore>& socket) {
  const auto admission = std::make_shared<Admission>(Admission{socket, middlewares(), 0, {}, {}});
  if (!socket->shard().home()->server.options.recovery.enabled || socket->connection()->session().revision() == 3) {
    ask_middleware(admission);
    return;
  }
  const auto ticket = read_ticket(socket->auth());
  if (!ticket) {
    begin_admission(admission);
    return;
  }
  admission->offset = ticket->offset;
  recover(admission, std::string(ticket->pid));
}

/// True when the id is in use: by the first of two clients with the same ticket, or by an old connection that still exists. On
/// the first loop.
bool NamespaceCore::is_taken(std::string_view id) const {
  return std::any_of(own_shards_.begin(), own_shards_.end(), [id](const auto& shard) { return shard->find(id) != nullptr; }) ||
         std::find(returning_.begin(), returning_.end(), id) != returning_.end();
}

void NamespaceCore::recover(const std::shared_ptr<Admission>& admission, std::string pid) {
  if (!loop_.on_loop_thread()) {
    loop_.post([self = shared_from_this(), admission, pid = std::move(pid)] {
      if (self->server_ != nullptr) {
        self->recover(admission, pid);
      }
    });
    return;
  }
  adapter_->recover(pid, admission->offset,
                    [self = shared_from_this(), admission](std::optional<adapter::SavedSession> session) {
                      if (self->server_ == nullptr) {
                        return;
                      }
                      if (session && self->is_taken(session->sid)) {
                        session.reset();
                      }
                      NamespaceShard& shard = admission->socket->shard();
                      if (shard.is_first()) {
                        self->take_session(admission, std::move(session));
                        return;
                      }
                      const auto kept = std::make_shared<std::optional<adapter::SavedSession>>(std::move(session));
                      shard.loop().post([self, admission, kept] { self->take_session(admission, std::move(*kept)); });
                    });
}

void NamespaceCore::take_session(const std::shared_ptr<Admission>& admission, std::optional<adapter::SavedSession> session) {
  const ServerLoop* const home = admission->socket->shard().home();
  if (!admission->is_alive() || home == nullptr) {
    return;
  }
  if (session) {
    session->offset = admission->offset;
    admission->socket->restore(*session);
    admission->session = std::move(*session);
    if (home->server.options.recovery_skips_middlewares) {
      admission->middlewares.clear();
    }
  }
  begin_admission(admission);
}

/// Encodes the missed packets. False when they could fill the client's queue, so that its connection closes before it has read
/// them, and the client reconnects for them again and again. Half of the queue is left for later packets.
bool NamespaceCore::write_missed(ServerLoop& home, const adapter::MissedPackets& missed, std::vector<FrameRef>& frames) {
  std::size_t bytes = 0;
  for (const Buffer& packet : missed) {
    if (FrameRef frame = home.writer.event(name_, packet.bytes(), std::nullopt, true)) {
      bytes += frame->cost_bytes();
      frames.push_back(std::move(frame));
    }
  }
  return bytes <= home.server.options.engine.queue_bytes_max / 2;
}

void NamespaceCore::begin_admission(const std::shared_ptr<Admission>& admission) {
  if (!admission->socket->recovered()) {
    admission->socket->set_pid(new_private_id(admission->socket->shard().home()->server.random));
  }
  ask_middleware(admission);
}

/// Fetches the missed packets of a recovered client only now, when the middlewares have accepted it.
void NamespaceCore::catch_up(const std::shared_ptr<Admission>& admission) {
  if (!admission->socket->recovered()) {
    let_in(admission, {});
    return;
  }
  if (!loop_.on_loop_thread()) {
    loop_.post([self = shared_from_this(), admission] {
      if (self->server_ != nullptr) {
        self->catch_up_from_adapter(admission);
      }
    });
    return;
  }
  catch_up_from_adapter(admission);
}

/// On the first loop. Later packets are for this socket, too: they are posted to its loop after the missed ones.
void NamespaceCore::catch_up_from_adapter(const std::shared_ptr<Admission>& admission) {
  const auto take = [self = shared_from_this(), admission](std::optional<adapter::MissedPackets> missed) {
    if (self->server_ == nullptr) {
      return;
    }
    const std::string sid = admission->session.sid;
    if (missed && self->is_taken(sid)) {
      missed.reset();
    }
    NamespaceShard& shard = admission->socket->shard();
    if (shard.is_first()) {
      self->take_missed(admission, missed);
      return;
    }
    self->returning_.push_back(sid);
    shard.expect();
    const auto kept = std::make_shared<const std::optional<adapter::MissedPackets>>(std::move(missed));
    shard.loop().post([self, admission, kept, &shard, sid] {
      self->take_missed(admission, *kept);
      shard.arrived();
      self->loop_.post(
          [self, sid] { self->returning_.erase(std::find(self->returning_.begin(), self->returning_.end(), sid)); });
    });
  };
  adapter_->catch_up(admission->session, admission->offset, take);
}

void NamespaceCore::take_missed(const std::shared_ptr<Admission>& admission,
                                const std::optional<adapter::MissedPackets>& missed) {
  ServerLoop* const home = admission->socket->shard().home();
  if (!admission->is_alive() || home == nullptr) {
    return;
  }
  std::vector<FrameRef> frames;
  if (missed && write_missed(*home, *missed, frames)) {
    if (!missed->empty()) {
      admission->socket->note_offset(event_data::last_text(missed->back().bytes()));
    }
    let_in(admission, frames);
    return;
  }
  // The missed packets are gone, or too many, or another socket has the id by now: starts a new session.
  admission->socket->begin_anew(std::string(Id::make(home->server.random).text()));
  admission->middlewares = middlewares();
  admission->next = 0;
  begin_admission(admission);
}

void NamespaceCore::ask_middleware(const std::shared_ptr<Admission>& admission) {
  if (admission->next == admission->middlewares.size()) {
    catch_up(admission);
    return;
  }
  const auto middleware = admission->middlewares[admission->next++];
  NamespaceShard& shard = admission->socket->shard();
  const Next next([self = shared_from_this(), admission, &shard](const Refusal* refusal) {
    if (!admission->is_alive() || shard.home() == nullptr) {
      return;
    }
    if (refusal == nullptr) {
      self->ask_middleware(admission);
      return;
    }
    SocketCore& socket = *admission->socket;
    socket.connection()->refuse(self->name_, refusal->message(), refusal->data());
    socket.end(CloseReason::server_namespace_disconnect);
  });
  const bool returned =
      shard.guard("a middleware", admission->socket->id(), [&] { (*middleware)(Socket(admission->socket), next); });
  if (!returned) {
    next(Refusal("Internal error"));
  }
}

void NamespaceCore::let_in(const std::shared_ptr<Admission>& admission, const std::vector<FrameRef>& missed) {
  SocketCore& socket = *admission->socket;
  NamespaceShard& shard = socket.shard();
  ServerLoop& home = *shard.home();
  Connection& connection = *socket.connection();
  connection.on_joined();
  for (const FrameRef& frame : missed) {
    socket.send(frame);
  }
  socket.enter();
  socket.send(home.writer.connect(name_, socket.id(), socket.pid(), connection.session().revision()));
  ++home.counters.sockets_connected;
  if (socket.recovered()) {
    ++home.counters.sessions_recovered;
  }
  for (const auto& handler : connection_handlers()) {
    shard.guard("on_connection", socket.id(), [&] { (*handler)(Socket(admission->socket)); });
    if (!socket.is_connected()) {
      return;
    }
  }
}

}  // namespace socketio::server
