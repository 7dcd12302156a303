#include <socketio/common/limits.hpp>
#include <socketio/emitter/encoder.hpp>

#include <string>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {
namespace {

void check_rooms(std::span<const Room> rooms) {
  if (rooms.size() > limits::rooms_max) {
    throw Error(ErrorCode::too_large, "One request can name at most " + std::to_string(limits::rooms_max) + " rooms.");
  }
  for (const Room& room : rooms) {
    if (!utf8::valid(room.name())) {
      throw Error(ErrorCode::bad_utf8, "The name of a room is not UTF-8.");
    }
  }
}

Fleet classic_fleet(std::string key) {
  Fleet fleet;
  fleet.key = std::move(key);
  return fleet;
}

}  // namespace

Encoder::Encoder(std::string key, std::size_t message_bytes_max) : Encoder(classic_fleet(std::move(key)), message_bytes_max) {}

Encoder::Encoder(Fleet fleet, std::size_t message_bytes_max)
    : fleet_(std::move(fleet)),
      message_bytes_max_(message_bytes_max),
      length_max_text_(std::to_string(fleet_.stream_length_max)) {
  if (fleet_.transport == Transport::automatic) {
    throw Error(ErrorCode::bad_option, "The transport has to be named here; find_transport() tells which one the servers use.");
  }
  fleet_.check();
}

Encoder::Publication Encoder::encode(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::emit: return event(operation.target, operation.data);
    case Operation::Kind::server_side: return server_side(operation.target.nsp, operation.data);
    default: return request(operation);
  }
}

Encoder::Publication Encoder::event(const Target& target, Bytes data) {
  if (!is_classic()) {
    return broadcast_message(target, data);
  }
  data = event_data::require_publishable(data, is_reserved_client_event, publishable_);
  channel_.clear();
  payload_.clear_and_shrink(limits::kept_bytes_max);
  classic_channels::append_broadcast(channel_, fleet_.key, target.nsp, target.rooms);
  broadcast::Outgoing outgoing;
  outgoing.nsp = target.nsp;
  outgoing.data = data;
  outgoing.rooms = target.rooms;
  outgoing.except = target.except;
  outgoing.flags = target.flags;
  broadcast::encode(payload_, outgoing);
  return finish();
}

/// Encodes a join, a leave or a disconnect.
Encoder::Publication Encoder::request(const Operation& operation) {
  const auto& [kind, target, data, rooms, close] = operation;
  const selector::Target selection{target.rooms, target.except, target.flags};
  check_rooms(rooms);
  if (!is_classic()) {
    if (kind == Operation::Kind::disconnect) {
      cluster_message::append_disconnect(begin_message(), selection, close);
      return message(Type::disconnect, target.nsp);
    }
    cluster_message::append_rooms_change(begin_message(), selection, rooms);
    return message(kind == Operation::Kind::join ? Type::join : Type::leave, target.nsp);
  }
  begin_request(target.nsp);
  if (kind == Operation::Kind::join) {
    classic_request::encode_join(payload_, {}, selection, rooms);
  } else if (kind == Operation::Kind::leave) {
    classic_request::encode_leave(payload_, {}, selection, rooms);
  } else {
    classic_request::encode_disconnect(payload_, {}, selection, close);
  }
  return finish();
}

Encoder::Publication Encoder::server_side(std::string_view nsp, Bytes data) {
  data = event_data::require_publishable(data, is_reserved_server_side_event, publishable_);
  if (fleet_.transport == Transport::streams && fleet_.beside_classic && !fleet_.use_sharded_pubsub) {
    throw Error(ErrorCode::not_supported,
                "A server-side event for a streams fleet would end classic servers that have the same key. Give the streams "
                "servers another channelPrefix, and send the event to each fleet by itself.");
  }
  if (!is_classic()) {
    cluster_message::append_server_side_event(begin_message(), {}, data);
    return message(Type::server_side_event, nsp);
  }
  begin_request(nsp);
  const auto encoded = classic_request::encode_server_side_event(payload_, broadcast::emitter_uid, {}, data);
  if (!encoded.ok()) {
    event_data::refuse(encoded.error());
  }
  return finish();
}

void Encoder::begin_request(std::string_view nsp) {
  channel_.clear();
  payload_.clear_and_shrink(limits::kept_bytes_max);
  classic_channels::append_request(channel_, fleet_.key, nsp);
}

void Encoder::check_size() const {
  if (payload_.size() > message_bytes_max_) {
    throw Error(ErrorCode::too_large, "The message has " + std::to_string(payload_.size()) + " bytes; the limit is " +
                                          std::to_string(message_bytes_max_) + " (message_bytes_max).");
  }
}

Encoder::Publication Encoder::finish() const {
  check_size();
  return {channel_.text(), payload_.bytes(), Command::publish, {}};
}

std::string_view name_of(Encoder::Command command) noexcept {
  switch (command) {
    case Encoder::Command::publish: return "PUBLISH";
    case Encoder::Command::publish_sharded: return "SPUBLISH";
    case Encoder::Command::add_entry: return "XADD";
  }
  return "";
}

}  // namespace socketio
