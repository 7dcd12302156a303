#include "admission.hpp"

#include <algorithm>
#include <utility>

#include <socketio/protocol/event_data.hpp>
#include <socketio/server/id.hpp>

namespace socketio::server {
namespace {

constexpr std::size_t private_id_bytes_max = 64;

/// Recovery data that a client which was connected before sends in its auth.
struct RecoveryRequest {
  std::string_view pid;
  std::string_view offset;
};

std::optional<RecoveryRequest> read_request(Bytes auth) {
  const auto text = [sent = Value(auth)](std::string_view name) {
    return sent.member(name).as<std::string_view>().value_or("");
  };
  const RecoveryRequest request{text("pid"), text("offset")};
  const bool whole = !request.pid.empty() && !request.offset.empty() && request.pid.size() <= private_id_bytes_max;
  return whole ? std::optional(request) : std::nullopt;
}

std::string new_id(LoopContext& home) { return std::string(Id::make(home.server.random).text()); }

}  // namespace

void Admission::begin(NamespaceCore& nsp, std::shared_ptr<SocketCore> socket) {
  const auto admission = std::make_shared<Admission>(nsp, std::move(socket));
  const SocketCore& client = *admission->socket_;
  if (!client.home()->server.options.recovery.enabled || client.session()->revision() == 3) {
    admission->ask_middleware();
  } else if (const auto request = read_request(client.data.auth())) {
    admission->offset_ = request->offset;
    admission->recover(std::string(request->pid));
  } else {
    admission->start();
  }
}

Admission::Admission(NamespaceCore& nsp, std::shared_ptr<SocketCore> socket)
    : nsp_(nsp.self()), socket_(std::move(socket)), middlewares_(nsp.handlers.middlewares()) {}

bool Admission::is_taken(std::string_view id) const {
  const auto& shards = nsp_->all_shards();
  const auto& returning = nsp_->returning_ids;
  return std::any_of(shards.begin(), shards.end(), [id](const auto& shard) { return shard->find(id) != nullptr; }) ||
         std::find(returning.begin(), returning.end(), id) != returning.end();
}

void Admission::on_socket_loop(std::function<void()> function) {
  if (shard().is_first()) {
    function();
  } else {
    shard().loop().post(std::move(function));
  }
}

void Admission::recover(const std::string& pid) {
  nsp_->on_first_loop([self = shared_from_this(), pid] {
    self->nsp_->adapter().recover(pid, self->offset_, [self](std::optional<adapter::SavedSession> session) {
      if (!self->nsp_->is_open()) {
        return;
      }
      if (session && self->is_taken(session->sid)) {
        session.reset();
      }
      const auto kept = std::make_shared<std::optional<adapter::SavedSession>>(std::move(session));
      self->on_socket_loop([self, kept] { self->take_session(std::move(*kept)); });
    });
  });
}

void Admission::take_session(std::optional<adapter::SavedSession> session) {
  if (!is_alive()) {
    return;
  }
  if (session) {
    session->offset = offset_;
    socket_->restore(*session);
    session_ = std::move(*session);
    if (shard().home()->server.options.recovery_skips_middlewares) {
      middlewares_.clear();
    }
  }
  start();
}

void Admission::start() {
  if (!is_recovered()) {
    socket_->recovery = std::make_unique<SocketRecovery>(SocketRecovery{new_id(*shard().home()), {}, 0, false});
  }
  ask_middleware();
}

void Admission::ask_middleware() {
  if (next_ == middlewares_.size()) {
    catch_up();
    return;
  }
  const auto middleware = middlewares_[next_++];
  const Next next([self = shared_from_this()](const Refusal* refusal) {
    if (!self->is_alive()) {
      return;
    }
    if (refusal == nullptr) {
      self->ask_middleware();
      return;
    }
    SocketCore& socket = *self->socket_;
    socket.owner()->refuse(self->nsp_->name(), refusal->message(), refusal->data());
    socket.end(CloseReason::server_namespace_disconnect);
  });
  const bool returned = shard().guard("a middleware", socket_->id(), [&] { (*middleware)(Socket(socket_), next); });
  if (!returned) {
    next(Refusal("Internal error"));
  }
}

/// Fetches the missed packets of a recovered client only now, when the middlewares have accepted it. Later packets are for this
/// socket, too: they are posted to its loop after the missed ones.
void Admission::catch_up() {
  if (!is_recovered()) {
    let_in({});
    return;
  }
  const auto take = [self = shared_from_this()](std::optional<adapter::MissedPackets> missed) {
    NamespaceCore& nsp = *self->nsp_;
    if (!nsp.is_open()) {
      return;
    }
    if (missed && self->is_taken(self->session_.sid)) {
      missed.reset();
    }
    SocketShard& shard = self->shard();
    if (shard.is_first()) {
      self->take_missed(missed);
      return;
    }
    nsp.returning_ids.push_back(self->session_.sid);
    shard.expect();
    shard.loop().post([self, &shard, kept = std::make_shared<const std::optional<adapter::MissedPackets>>(std::move(missed))] {
      const std::string sid = self->session_.sid;
      self->take_missed(*kept);
      shard.arrived();
      self->nsp_->loop().post([nsp = self->nsp_, sid] {
        nsp->returning_ids.erase(std::find(nsp->returning_ids.begin(), nsp->returning_ids.end(), sid));
      });
    });
  };
  nsp_->on_first_loop(
      [self = shared_from_this(), take] { self->nsp_->adapter().catch_up(self->session_, self->offset_, take); });
}

/// Begins a new session when the missed packets are gone, or too many, or another socket has the id by now.
void Admission::take_missed(const std::optional<adapter::MissedPackets>& missed) {
  if (!is_alive()) {
    return;
  }
  std::vector<FrameRef> frames;
  if (missed && write_missed(*missed, frames)) {
    if (!missed->empty()) {
      socket_->recovery->offset = event_data::last_text(missed->back().bytes());
    }
    let_in(frames);
    return;
  }
  socket_->reset(new_id(*shard().home()));
  middlewares_ = nsp_->handlers.middlewares();
  next_ = 0;
  start();
}

/// A client whose queue they would fill would lose its connection before it has read them, and reconnect for them again and
/// again. Half of the queue is left for later packets.
bool Admission::write_missed(const adapter::MissedPackets& missed, std::vector<FrameRef>& frames) const {
  LoopContext& home = *shard().home();
  std::size_t bytes = 0;
  for (const Buffer& packet : missed) {
    if (FrameRef frame = home.writer.event(nsp_->name(), packet.bytes(), std::nullopt, true)) {
      bytes += frame->cost_bytes();
      frames.push_back(std::move(frame));
    }
  }
  return bytes <= home.server.options.engine.queue_bytes_max / 2;
}

void Admission::let_in(const std::vector<FrameRef>& missed) {
  SocketCore& socket = *socket_;
  LoopContext& home = *shard().home();
  socket.owner()->on_joined();
  for (const FrameRef& frame : missed) {
    socket.send(frame);
  }
  socket.enter();
  const std::string_view pid = socket.recovery != nullptr ? std::string_view(socket.recovery->pid) : std::string_view();
  socket.send(home.writer.connect(nsp_->name(), socket.id(), pid, socket.session()->revision()));
  ++home.counters.sockets_connected;
  home.counters.sessions_recovered += is_recovered() ? 1 : 0;
  for (const auto& handler : nsp_->handlers.connection_handlers()) {
    shard().guard("on_connection", socket.id(), [&] { (*handler)(Socket(socket_)); });
    if (!socket.is_connected()) {
      return;
    }
  }
}

}  // namespace socketio::server
