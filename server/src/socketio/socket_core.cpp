#include "socket_core.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <socketio/common/milliseconds.hpp>

namespace socketio::server {
namespace {

bool is_recoverable(CloseReason reason) noexcept {
  return reason != CloseReason::client_namespace_disconnect && reason != CloseReason::server_namespace_disconnect &&
         reason != CloseReason::parse_error;
}

void notify_end(const SocketCore& socket, const Listeners<std::string_view>& listeners, const char* what, CloseReason reason) {
  for (const auto& listener : listeners.list()) {
    socket.shard().guard(what, socket.id(), [&] { (*listener)(text_of(reason)); });
  }
}

/// Saves the session of a socket that is ending, so that its client can recover it.
void save_session(SocketCore& socket, CloseReason reason) {
  SocketNamespace& nsp = socket.nsp();
  SocketRecovery* const recovery = socket.recovery.get();
  if (recovery == nullptr || !is_recoverable(reason) || !nsp.keeps_packets()) {
    return;
  }
  const auto session = std::make_shared<adapter::SavedSession>(
      adapter::SavedSession{socket.id(), recovery->pid, socket.rooms(), {}, recovery->offset});
  session->data.append(socket.data.value());
  recovery->recoverable_until_ms =
      socket.shard().loop().now_ms() + in_ms(socket.home()->server.options.recovery.max_disconnection);
  nsp.on_first_loop([&nsp, session] { nsp.adapter().save(std::move(*session)); });
}

}  // namespace

SocketCore::SocketCore(std::shared_ptr<SocketShard> shard, SocketOwner& owner, std::string id, Bytes auth)
    : Member(std::move(id)), data(auth), shard_(std::move(shard)), owner_(&owner) {}

SocketCore::~SocketCore() = default;

void SocketCore::check_thread() const {
  const LoopContext* const at = home();
  assert((at == nullptr || !at->server.is_threaded() || at->loop.on_loop_thread()) &&
         "a socket is for its loop's thread: use Socket::post()");
  static_cast<void>(at);
}

SocketCore::Rare& SocketCore::rare() {
  if (rare_ == nullptr) {
    rare_ = std::make_unique<Rare>();
  }
  return *rare_;
}

SocketHandlers* SocketCore::handlers() {
  check_thread();
  if (handlers_ == nullptr && state_ != State::ended) {
    handlers_ = std::make_unique<SocketHandlers>();
  }
  return handlers_.get();
}

void SocketCore::notify_outgoing(Bytes event) {
  if (!has_outgoing_listeners()) {
    return;
  }
  const Value name = Arguments::of_array(event)[0];
  const Arguments arguments = Arguments::of_array(event, 1);
  for (const auto& listener : other_handlers()->any_outgoing.list()) {
    shard_->guard("on_any_outgoing", id(), [&] { (*listener)(name, arguments); });
  }
}

// ---- rooms -----------------------------------------------------------------------------------------------------------------

bool SocketCore::join(std::string_view room) {
  const std::size_t most = home() != nullptr ? home()->server.options.rooms_per_socket_max : 0;
  if (state_ == State::connecting) {
    std::vector<std::string>& early = rare().early_rooms;
    if (std::find(early.begin(), early.end(), room) == early.end()) {
      if (early.size() >= most) {
        return false;
      }
      early.emplace_back(room);
    }
    return true;
  }
  if (state_ != State::connected) {
    return true;  // the socket has ended
  }
  if (adapter::RoomIndex::room_count(*this) >= most && !shard_->index().is_in(*this, room)) {
    return false;
  }
  shard_->join(*this, room);
  return true;
}

void SocketCore::leave(std::string_view room) {
  check_thread();
  if (state_ == State::connecting) {
    std::erase(rare().early_rooms, room);
  } else if (may_send()) {
    shard_->leave(*this, room);
  }
}

std::vector<std::string> SocketCore::rooms() const {
  check_thread();
  std::vector<std::string> all;
  if (state_ == State::connecting) {
    all = rare_ != nullptr ? rare_->early_rooms : std::vector<std::string>();
  } else if (state_ != State::ended) {
    adapter::RoomIndex::for_each_room(*this, [&all](std::string_view room) { all.emplace_back(room); });
  }
  return all;
}

// ---- the beginning and the end ---------------------------------------------------------------------------------------------

void SocketCore::restore(const adapter::SavedSession& session) {
  set_id(session.sid);
  recovery = std::make_unique<SocketRecovery>(SocketRecovery{session.pid, session.offset, 0, true});
  data.restore_value(session.data.bytes());
  rare().early_rooms = session.rooms;
}

void SocketCore::reset(std::string id) {
  set_id(std::move(id));
  recovery.reset();
  data.restore_value({});
  rare_.reset();
}

void SocketCore::enter() {
  state_ = State::connected;
  shard_->add(*this);
  if (rare_ == nullptr) {
    return;
  }
  for (const std::string& room : std::exchange(rare_->early_rooms, {})) {
    shard_->join(*this, room);
  }
}

/// While earlier emits are on their way through the first loop, the disconnect takes the same way, and so comes after them.
void SocketCore::disconnect(bool close) {
  check_thread();
  if (owner_ == nullptr || state_ == State::ending) {
    return;
  }
  if (home()->emits_under_way != 0) {
    nsp().loop().post(
        [self = shared_from_this(), close] { self->shard_->loop().post([self, close] { self->disconnect(close); }); });
    return;
  }
  if (close) {
    owner_->disconnect_all();
    return;
  }
  if (is_connected()) {
    send(home()->writer.disconnect(nsp().name()));
  }
  end(CloseReason::server_namespace_disconnect);
}

void SocketCore::end(CloseReason reason) {
  if (state_ == State::ending || state_ == State::ended) {
    return;
  }
  const auto self = shared_from_this();
  const bool was_connected = is_connected();
  state_ = State::ending;
  if (was_connected) {
    if (other_handlers() != nullptr) {
      notify_end(*this, other_handlers()->disconnecting, "on_disconnecting", reason);
    }
    save_session(*this, reason);
    shard_->remove(*this);
    ++home()->counters.sockets_disconnected;
  }
  data.keep_request(owner_->session());
  state_ = State::ended;
  std::exchange(owner_, nullptr)->forget(*this);
  if (was_connected && other_handlers() != nullptr) {
    notify_end(*this, other_handlers()->disconnect, "on_disconnect", reason);
  }
  if (rare_ != nullptr) {
    rare_->acks.end_all(shard_->loop(), AckStatus::disconnected);
  }
  const auto handlers = std::move(handlers_);
  if (LoopContext* const from = home()) {
    nsp().client_gone(*from);
  }
}

}  // namespace socketio::server
