#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/transcode.hpp>

#include "message.hpp"

namespace socketio::cli::fleet {
namespace {

/// Most bytes of a decoding buffer that are kept after a large message.
constexpr std::size_t kept_bytes = std::size_t{1} << 20;

Kind kind_of(classic_request::Type type) noexcept {
  using Type = classic_request::Type;
  switch (type) {
    case Type::sockets: return Kind::fetch_ids;
    case Type::all_rooms: return Kind::fetch_rooms;
    case Type::join: return Kind::join;
    case Type::leave: return Kind::leave;
    case Type::disconnect: return Kind::disconnect;
    case Type::fetch_sockets: return Kind::fetch_sockets;
    case Type::server_side_event: return Kind::server_side;
    case Type::broadcast: break;
  }
  return Kind::broadcast;
}

Kind kind_of(cluster_message::Type type) noexcept {
  using Type = cluster_message::Type;
  switch (type) {
    case Type::broadcast: return Kind::broadcast;
    case Type::join: return Kind::join;
    case Type::leave: return Kind::leave;
    case Type::disconnect: return Kind::disconnect;
    case Type::fetch_sockets: return Kind::fetch_sockets;
    case Type::fetch_sockets_answer: return Kind::sockets;
    case Type::server_side_event: return Kind::server_side;
    case Type::server_side_answer: return Kind::server_side_answer;
    case Type::client_count: return Kind::client_count;
    case Type::ack: break;
  }
  return Kind::client_ack;
}

Kind kind_of(const classic_response::View& view) noexcept {
  using Type = classic_response::Type;
  switch (view.type) {
    case Type::client_count: return Kind::client_count;
    case Type::ack: return Kind::client_ack;
    case Type::server_side_answer: return Kind::server_side_answer;
    case Type::untyped: break;
  }
  return !view.sockets.empty() ? Kind::sockets : !view.rooms.empty() ? Kind::rooms : Kind::done;
}

std::uint64_t elements_of(Bytes array) noexcept { return Arguments::of_array(array).size(); }

/// The number at the start of a text, such as "17", as C's strtol reads it; -1 when there is none.
int type_of(std::string_view text) noexcept {
  int value = -1;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || value > 1'000) {
      break;
    }
    value = std::max(value, 0) * 10 + (digit - '0');
  }
  return value;
}

/// Moves the rooms and flags of a decoded target into the message.
template <typename Target>
void take(Message& message, Target& target, const Value& options) {
  message.to = std::move(target.rooms);
  message.except = std::move(target.except);
  message.flags = target.flags;
  message.to_packed = options.member("rooms").packed();
  message.except_packed = options.member("except").packed();
}

}  // namespace

std::string_view name_of(Kind kind) noexcept {
  constexpr std::array<std::string_view, 16> names{
      "broadcast",   "join",        "leave",     "disconnect", "fetch-sockets",      "fetch-ids",
      "fetch-rooms", "server-side", "sockets",   "rooms",      "server-side-answer", "client-count",
      "client-ack",  "done",        "heartbeat", "malformed"};
  return names[static_cast<std::size_t>(kind)];
}

std::string event_name(const event_data::Name& name) {
  if (name.kind != socketio::Kind::integer && name.kind != socketio::Kind::real) {
    return std::string(name.text);
  }
  return name_by([&](Buffer& out) { js_number::append(out, name.number); });
}

bool is_answer(Kind kind) noexcept { return kind >= Kind::sockets && kind <= Kind::done; }

Message& Decoder::begin(Bus bus, std::string_view channel, std::size_t bytes) {
  message_ = Message();
  message_.bus = bus;
  message_.channel = channel;
  message_.bytes = bytes;
  scratch_.clear_and_shrink(kept_bytes);
  text_.clear_and_shrink(kept_bytes);
  return message_;
}

const Message& Decoder::malformed(DecodeError error) {
  message_.kind = Kind::malformed;
  message_.error = error;
  return message_;
}

const Message& Decoder::classic_broadcast(std::string_view channel, Bytes payload) {
  Message& message = begin(Bus::classic, channel, payload.size());
  auto decoded = broadcast::decode(payload);
  if (!decoded.ok()) {
    return malformed(decoded.error());
  }
  broadcast::View& view = decoded.value();
  message.kind = Kind::broadcast;
  message.uid = view.uid;
  message.nsp = view.nsp;
  message.event = view.data;
  take(message, view, Arguments::of_array(payload)[2]);
  return message;
}

const Message& Decoder::classic_request(std::string_view channel, std::string_view nsp, Bytes payload) {
  Message& message = begin(Bus::classic, channel, payload.size());
  message.nsp = nsp;
  auto decoded = classic_request::decode(payload, scratch_);
  if (!decoded.ok()) {
    return malformed(decoded.error());
  }
  classic_request::View& view = decoded.value();
  const Value whole(!payload.empty() && payload[0] == '{' ? scratch_.bytes() : payload);
  message.kind = kind_of(view.type);
  message.uid = view.uid;
  message.request_id = view.request_id;
  message.event = view.data;
  message.close = view.close;
  take(message, view.target, whole.member("opts"));
  if (!view.sid.empty()) {  // the form for one socket, whose id is a room
    Cursor cursor(whole.member("sid").packed());
    if (Item id; cursor.next(id)) {
      message.to.add(id);
    }
  }
  if (view.type == classic_request::Type::sockets) {
    message.to = std::move(view.rooms);
    message.to_packed = whole.member("rooms").packed();
  } else {
    message.rooms = std::move(view.rooms);
    message.rooms_packed = whole.member("rooms").packed();
  }
  return message;
}

const Message& Decoder::classic_response(std::string_view channel, std::string_view nsp, Bytes payload) {
  Message& message = begin(Bus::classic, channel, payload.size());
  message.nsp = nsp;
  const auto decoded = classic_response::decode(payload, scratch_);
  if (!decoded.ok()) {
    return malformed(decoded.error());
  }
  const classic_response::View& view = decoded.value();
  message.kind = kind_of(view);
  message.request_id = view.request_id;
  switch (message.kind) {
    case Kind::sockets: message.count = elements_of(view.sockets); break;
    case Kind::rooms: message.count = elements_of(view.rooms); break;
    case Kind::client_count: message.count = view.client_count; break;
    case Kind::client_ack: message.value = view.packet; break;
    case Kind::server_side_answer: message.value = view.data; break;
    default: break;
  }
  return message;
}

const Message& Decoder::cluster(Bus bus, std::string_view channel, Bytes payload) {
  Message& message = begin(bus, channel, payload.size());
  const auto envelope = cluster_message::open(payload, scratch_);
  if (!envelope.ok()) {
    return malformed(envelope.error());
  }
  message.uid = envelope->uid;
  message.nsp = envelope->nsp;
  read_cluster(envelope->type, envelope->data);
  return message;
}

const Message& Decoder::stream_entry(const Entry& entry) {
  Message& message = begin(Bus::streams, entry.stream, entry.data.size());
  message.entry = entry.id;
  message.uid = entry.uid;
  message.nsp = entry.nsp;
  if (entry.nsp.empty() || entry.type.empty()) {
    return malformed({Errc::missing_field, 0});
  }
  Bytes data;
  if (entry.data.starts_with('{')) {
    if (const auto read = transcode::json_to_msgpack(entry.data, scratch_); !read.ok()) {
      return malformed(read.error());
    }
    data = scratch_.bytes();
  } else if (!entry.data.empty()) {
    if (!base64::decode(scratch_, entry.data)) {
      return malformed({Errc::bad_syntax, 0});
    }
    data = scratch_.bytes();
  }
  read_cluster(type_of(entry.type), data);
  return message;
}

void Decoder::read_cluster(int type, Bytes data) {
  if (!cluster_message::is_known(type)) {
    message_.kind = Kind::heartbeat;
    if (type != 1 && type != 2 && type != 13) {
      malformed({Errc::bad_value, 0});
    }
    return;
  }
  auto decoded = cluster_message::decode(static_cast<cluster_message::Type>(type), data);
  if (!decoded.ok()) {
    malformed(decoded.error());
    return;
  }
  cluster_message::View& view = decoded.value();
  const Value whole(data);
  message_.kind = kind_of(view.type);
  message_.request_id = view.request_id;
  message_.event = view.event;
  message_.value = view.value;
  message_.close = view.close;
  take(message_, view.target, whole.member("opts"));
  message_.rooms = std::move(view.rooms);
  message_.rooms_packed = whole.member("rooms").packed();
  if (message_.kind == Kind::client_count) {
    message_.count = view.client_count;
  } else if (message_.kind == Kind::sockets) {
    message_.count = elements_of(view.sockets);
  }
}

}  // namespace socketio::cli::fleet
