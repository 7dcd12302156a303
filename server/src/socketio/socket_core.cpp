#include "socket_core.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/protocol/transcode.hpp>

#include "connection.hpp"
#include "namespace_core.hpp"
#include "server_core.hpp"

namespace socketio::server {
namespace {

constexpr std::uint8_t empty_object[] = {0x80};

}  // namespace

bool is_recoverable(CloseReason reason) noexcept {
  return reason != CloseReason::client_namespace_disconnect && reason != CloseReason::server_namespace_disconnect &&
         reason != CloseReason::parse_error;
}

SocketCore::SocketCore(std::shared_ptr<NamespaceShard> shard, Connection& connection, std::string id, Bytes auth)
    : Member(std::move(id)), shard_(std::move(shard)), connection_(&connection), issued_ms_(ServerCore::wall_ms()) {
  auth_.append(auth);
}

SocketCore::~SocketCore() = default;

NamespaceCore& SocketCore::nsp() const noexcept { return shard_->nsp(); }
ServerLoop* SocketCore::home() const noexcept { return shard_->home(); }

void SocketCore::check_thread() const {
  const ServerLoop* const at = home();
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

Bytes SocketCore::data() const noexcept {
  return rare_ == nullptr || rare_->data.empty() ? Bytes(empty_object) : rare_->data.bytes();
}

void SocketCore::set_data(Bytes data) {
  check_thread();
  if (!check_items(data, 1, limits::depth_max / 2).ok()) {
    throw Error(ErrorCode::bad_arguments, "The data of a socket is one well-formed msgpack value, not nested too deep.");
  }
  rare().data.clear();
  rare().data.append(data);
}

Handshake SocketCore::handshake() const {
  RequestInfo request;
  if (connection_ != nullptr) {
    request = connection_->session().request();
  } else if (rare_ != nullptr && rare_->last_request != nullptr) {
    request = rare_->last_request->unpack();
  }
  Handshake handshake;
  handshake.headers = std::move(request.headers);
  handshake.query = std::move(request.query);
  handshake.address = std::move(request.address);
  handshake.url = std::move(request.url);
  handshake.xdomain = request.xdomain;
  handshake.secure = request.secure;
  handshake.issued_ms = issued_ms_;
  handshake.auth_packed.append(auth_.bytes());
  return handshake;
}

void SocketCore::describe(Buffer& out) const {
  pack::map_header(out, 4);
  pack::text(out, "id");
  pack::text(out, id());
  pack::text(out, "handshake");
  handshake().pack(out);
  pack::text(out, "rooms");
  const std::vector<std::string> all = rooms();
  pack::array_header(out, static_cast<std::uint32_t>(all.size()));
  for (const std::string& room : all) {
    pack::text(out, room);
  }
  pack::text(out, "data");
  out.append(data());
}

bool SocketCore::describe_json(Buffer& out) {
  Buffer& handshake_json = rare().handshake_json;
  if (handshake_json.empty()) {
    Buffer packed;
    handshake().pack(packed);
    if (!transcode::msgpack_to_json(packed.bytes(), handshake_json).ok()) {
      return false;
    }
  }
  const std::size_t start = out.size();
  out.append(std::string_view("{\"id\":"));
  transcode::append_json_string(out, id());
  out.append(std::string_view(",\"handshake\":"));
  out.append(handshake_json.bytes());
  out.append(std::string_view(",\"rooms\":["));
  bool first = true;
  adapter::RoomIndex::for_each_room(*this, [&out, &first](std::string_view room) {
    if (!std::exchange(first, false)) {
      out.push_back(',');
    }
    transcode::append_json_string(out, room);
  });
  out.append(std::string_view("],\"data\":"));
  if (!transcode::msgpack_to_json(data(), out).ok()) {
    out.truncate(start);
    return false;
  }
  out.push_back('}');
  return true;
}

SocketHandlers* SocketCore::handlers() {
  check_thread();
  if (handlers_ == nullptr && state_ != State::ended) {
    handlers_ = std::make_unique<SocketHandlers>();
  }
  return handlers_.get();
}

void SocketCore::restore(const adapter::SavedSession& session) {
  set_id(session.sid);
  rare().pid = session.pid;
  rare().data.clear();
  rare().data.append(session.data.bytes());
  rare().early_rooms = session.rooms;
  rare().offset = session.offset;
  recovered_ = true;
}

void SocketCore::begin_anew(std::string id) {
  set_id(std::move(id));
  rare_.reset();
  recovered_ = false;
}

// ---- rooms -----------------------------------------------------------------------------------------------------------------

void SocketCore::join(std::span<const Room> rooms) {
  check_thread();
  if (state_ == State::ending || state_ == State::ended) {
    return;
  }
  std::vector<Room> valid;
  target::add_rooms(valid, rooms);
  for (const Room& room : valid) {
    if (!join(room.name())) {
      throw Error(ErrorCode::too_large, "A socket can be in at most " +
                                            std::to_string(home()->server.options.rooms_per_socket_max) +
                                            " rooms (rooms_per_socket_max).");
    }
  }
}

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
  } else if (state_ == State::connected || state_ == State::ending) {
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

// ---- sending ---------------------------------------------------------------------------------------------------------------

bool SocketCore::send(const FrameRef& frame, bool is_volatile) {
  return connection_ != nullptr && connection_->session().send(frame, is_volatile);
}

bool SocketCore::is_awaited() const noexcept {
  return home() != nullptr && rare_ != nullptr && shard_->loop().now_ms() < rare_->recoverable_until_ms;
}

bool SocketCore::emit(Bytes data, const Flags& flags) {
  check_thread();
  event_data::require(data, is_reserved_client_event);
  if (!is_connected() && state_ != State::ending && !is_awaited()) {
    return false;
  }
  if (nsp().keeps_packets()) {
    nsp().emit_to(*this, data, flags);
    return true;
  }
  const FrameRef frame = home()->writer.event(nsp().name(), data, std::nullopt, flags.compress().value_or(true));
  if (!frame) {
    ++home()->counters.unsendable;
    return false;
  }
  const bool sent = send(frame, flags.is_volatile());
  tell_outgoing(data);
  return sent;
}

void SocketCore::emit_with_ack(Bytes data, const Flags& flags, OnAck done) {
  check_thread();
  event_data::require(data, is_reserved_client_event);
  ServerLoop* const core = home();
  Loop& loop = core != nullptr ? shard_->loop() : nsp().loop();  // other loops do not run any more
  const auto refuse = [this, &loop, &done](AckStatus status) {
    loop.post([self = shared_from_this(), done = std::move(done), status] {
      self->shard_->guard("ack", self->id(), [&] { done({status, {}}); });
    });
  };
  if (core == nullptr || !is_connected()) {
    refuse(AckStatus::disconnected);
    return;
  }
  const std::uint64_t id = nsp().next_ack_id();
  const FrameRef frame = core->writer.event(nsp().name(), data, static_cast<std::int64_t>(id), flags.compress().value_or(true));
  if (!frame) {
    ++core->counters.unsendable;
    refuse(AckStatus::refused);
    return;
  }
  PendingAcks::Entry entry{id, std::numeric_limits<std::uint64_t>::max(), 0, {}};
  if (const auto timeout_ms = flags.timeout_ms()) {
    entry.timer = loop.call_after(std::chrono::milliseconds(*timeout_ms), [weak = weak_from_this(), id] {
      PendingAcks::Entry late;
      const auto self = weak.lock();
      if (self != nullptr && self->rare().acks.take(id, late)) {
        ++self->home()->counters.acks_timed_out;
        late.answered(AckStatus::timed_out, {});
      }
    });
  }
  const Loop::TimerId timer = entry.timer;
  entry.answered = [self = this, done](AckStatus status, Bytes array) {
    self->shard_->guard("ack", self->id(), [&] { done({status, Arguments::of_array(array)}); });
  };
  if (ask(frame, std::move(entry))) {
    tell_outgoing(data);
  } else {
    loop.cancel(timer);
    refuse(AckStatus::refused);
  }
}

bool SocketCore::ask(const FrameRef& frame, PendingAcks::Entry entry) {
  PendingAcks& acks = rare().acks;
  acks.drop_overdue(shard_->loop().now_ms());
  if (acks.size() >= home()->server.options.pending_acks_per_socket_max) {
    ++home()->counters.acks_refused;
    return false;
  }
  acks.add(std::move(entry));
  send(frame);
  return true;
}

void SocketCore::tell_outgoing(Bytes data) {
  if (!hears_outgoing()) {
    return;
  }
  const Value event = Arguments::of_array(data)[0];
  const Arguments arguments = Arguments::of_array(data, 1);
  for (const auto& listener : others()->any_outgoing.list()) {
    shard_->guard("on_any_outgoing", id(), [&] { (*listener)(event, arguments); });
  }
}

// ---- events ----------------------------------------------------------------------------------------------------------------

Ack SocketCore::ack_for(std::optional<std::int64_t> id) {
  if (!id) {
    return {};
  }
  return Ack([weak = weak_from_this(), id = *id](Bytes array) {
    const auto self = weak.lock();
    if (self == nullptr) {
      return;
    }
    if (!self->shard_->loop().on_loop_thread()) {
      self->shard_->loop().post(
          [self, id, kept = std::vector<std::uint8_t>(array.begin(), array.end())] { self->answer(id, kept); });
      return;
    }
    self->answer(id, array);
  });
}

void SocketCore::answer(std::int64_t id, Bytes array) {
  if ((!is_connected() && state_ != State::ending) || home() == nullptr) {
    return;
  }
  const FrameRef frame = home()->writer.ack(nsp().name(), id, array);
  if (!frame) {
    ++home()->counters.unsendable;
    return;
  }
  send(frame);
}

void SocketCore::on_event(const socketio_packet::Packet& packet) {
  if (!is_connected()) {  // a listener may have ended it, or its client
    return;
  }
  const auto self = shared_from_this();  // a handler may end it
  const Ack ack = ack_for(packet.id);
  if (others() == nullptr || others()->middlewares.empty()) {
    dispatch(packet.data, ack);
    return;
  }
  auto data = std::make_shared<Buffer>();  // a copy: a middleware may call next() later
  data->append(packet.data);
  pass_middlewares(std::move(data), ack, 0);
}

/// Calls these listeners before the middlewares, as the reference does: they also receive events that a middleware refuses.
void SocketCore::on_event_arrived(Bytes data) {
  ++home()->counters.events_received;
  if (others() == nullptr || others()->any.empty()) {
    return;
  }
  const auto self = shared_from_this();  // a listener may end it
  const Value event = Arguments::of_array(data)[0];
  const Arguments arguments = Arguments::of_array(data, 1);
  for (const auto& listener : others()->any.list()) {
    shard_->guard("on_any", id(), [&] { (*listener)(event, arguments); });
  }
}

void SocketCore::pass_middlewares(std::shared_ptr<Buffer> data, const Ack& ack, std::size_t index) {
  if (!is_connected()) {
    return;
  }
  const auto middlewares = handlers()->make_others().middlewares.list();
  if (index >= middlewares.size()) {
    dispatch(data->bytes(), ack);
    return;
  }
  const Next next([weak = weak_from_this(), data, ack, index](const Refusal* refusal) {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_connected()) {
      return;
    }
    if (refusal != nullptr) {
      ++self->home()->counters.events_refused;
      self->on_error(refusal->message());
    } else {
      self->pass_middlewares(data, ack, index + 1);
    }
  });
  const bool returned = shard_->guard("a middleware", id(), [&] {
    (*middlewares[index])(Arguments::of_array(data->bytes())[0], Arguments::of_array(data->bytes(), 1), next);
  });
  if (!returned) {
    next(Refusal("The middleware failed."));
  }
}

void SocketCore::dispatch(Bytes data, const Ack& ack) {
  const auto name = event_data::name(data);
  if (!name.ok()) {
    return;  // never: the parser refuses such events
  }
  const auto self = shared_from_this();  // a handler may end it
  if (handlers_ == nullptr) {
    ++home()->counters.events_unheard;
    return;
  }
  EventCall call{Arguments::of_array(data, 1), ack};
  const std::string event = event_name_text(name.value());
  const auto listening = take_handlers(handlers_->events, event);
  if (listening.empty()) {
    ++home()->counters.events_unheard;
  }
  for (const auto& handler : listening) {
    shard_->call_handler(*handler, call, event, id());
    if (!is_connected()) {
      return;
    }
  }
}

void SocketCore::on_ack(const socketio_packet::Packet& packet) {
  PendingAcks::Entry entry;
  if (!packet.id || *packet.id < 0 || rare_ == nullptr || !rare_->acks.take(static_cast<std::uint64_t>(*packet.id), entry)) {
    ++home()->counters.acks_unknown;
    return;
  }
  shard_->loop().cancel(entry.timer);
  const auto self = shared_from_this();
  entry.answered(AckStatus::ok, packet.data);
}

void SocketCore::on_error(std::string_view message) {
  if (others() == nullptr) {
    return;
  }
  const auto self = shared_from_this();
  for (const auto& listener : others()->error.list()) {
    shard_->guard("on_error", id(), [&] { (*listener)(message); });
  }
}

// ---- the beginning and the end ---------------------------------------------------------------------------------------------

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

void SocketCore::disconnect(bool close) {
  check_thread();
  if (connection_ == nullptr || state_ == State::ending) {
    return;
  }
  if (home()->emits_under_way != 0) {
    disconnect_later(close);
    return;
  }
  Connection& connection = *connection_;
  if (close) {
    connection.disconnect_all();
    return;
  }
  if (is_connected()) {
    send(home()->writer.disconnect(nsp().name()));
  }
  end(CloseReason::server_namespace_disconnect);
}

/// Disconnects after earlier emits: the request goes through the first loop, as they do.
void SocketCore::disconnect_later(bool close) {
  home()->server.post_to_first([self = shared_from_this(), close](ServerCore& core) {
    core.post_to(self->shard().place(), [self, close](ServerLoop&) { self->disconnect(close); });
  });
}

void SocketCore::end(CloseReason reason) {
  if (state_ == State::ending || state_ == State::ended) {
    return;
  }
  const auto self = shared_from_this();
  const bool was_connected = is_connected();
  state_ = State::ending;
  if (was_connected) {
    if (others() != nullptr) {
      tell_end(others()->disconnecting, "on_disconnecting", text_of(reason));
    }
    save_session(reason);
    shard_->remove(*this);
    ++home()->counters.sockets_disconnected;
  }
  rare().last_request = std::make_unique<PackedRequest>(connection_->session().packed_request());
  state_ = State::ended;
  connection_->forget(*this);
  connection_ = nullptr;
  if (was_connected && others() != nullptr) {
    tell_end(others()->disconnect, "on_disconnect", text_of(reason));
  }
  fail_acks();
  const auto handlers = std::move(handlers_);
  if (ServerLoop* const from = home()) {
    nsp().client_gone(*from);
  }
}

void SocketCore::tell_end(Listeners<std::string_view>& listeners, const char* what, std::string_view reason) {
  for (const auto& listener : listeners.list()) {
    shard_->guard(what, id(), [&] { (*listener)(reason); });
  }
}

void SocketCore::save_session(CloseReason reason) {
  if (pid().empty() || !is_recoverable(reason) || !nsp().keeps_packets()) {
    return;
  }
  adapter::SavedSession session{id(), std::string(pid()), rooms(), {}, rare().offset};
  session.data.append(data());
  rare().recoverable_until_ms = shard_->loop().now_ms() + in_ms(nsp().recovery().max_disconnection);
  nsp().save(std::move(session));
}

void SocketCore::fail_acks() {
  if (rare_ == nullptr) {
    return;
  }
  for (PendingAcks::Entry& entry : rare_->acks.take_all()) {
    shard_->loop().cancel(entry.timer);
    entry.answered(AckStatus::disconnected, {});
  }
}

}  // namespace socketio::server
