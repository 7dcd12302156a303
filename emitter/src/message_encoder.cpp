// The encoder for sharded and streams fleets, which share one set of messages but publish them differently.

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/emitter/encoder.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/sharded_channels.hpp>
#include <socketio/protocol/stream_names.hpp>

namespace socketio {
namespace {

void require(const Result<void>& encoded) {
  if (!encoded.ok()) {
    event_data::refuse(encoded.error());
  }
}

std::string_view type_text(cluster_message::Type type) noexcept {
  switch (type) {
    case cluster_message::Type::join: return "4";
    case cluster_message::Type::leave: return "5";
    case cluster_message::Type::disconnect: return "6";
    default: return "3";
  }
}

}  // namespace

Buffer& Encoder::begin_message() {
  data_.clear_and_shrink(limits::kept_bytes_max);
  channel_.clear();
  payload_.clear_and_shrink(limits::kept_bytes_max);
  return data_;
}

/// Writes JSON directly from the event, and checks the event in the same pass. An event with binary is packed separately
/// instead.
Encoder::Publication Encoder::broadcast_message(const Target& target, Bytes event) {
  event_data::require_name(event, is_reserved_client_event);
  begin_message();
  const selector::Target selection{target.rooms, target.except, target.flags};
  if (fleet_.transport == Transport::streams) {
    if (!cluster_message::append_broadcast_json(payload_, event, selection)) {
      event = event_data::require_publishable(event, is_reserved_client_event, publishable_);
      cluster_message::append_broadcast(data_, event, std::nullopt, {}, selection);
      require(cluster_message::encode_entry_data(payload_, Type::broadcast, data_.bytes()));
    }
    return as_entry(Type::broadcast, target.nsp);
  }
  if (!cluster_message::encode_broadcast_json(payload_, event, selection, broadcast::emitter_uid, target.nsp)) {
    event = event_data::require_publishable(event, is_reserved_client_event, publishable_);
    cluster_message::append_broadcast(data_, event, std::nullopt, {}, selection);
    cluster_message::encode_msgpack(payload_, Type::broadcast, data_.bytes(), broadcast::emitter_uid, target.nsp);
  }
  if (target.rooms.size() == 1 && sharded_channels::has_channel(fleet_.sharded_mode, target.rooms.front())) {
    sharded_channels::append_named(channel_, fleet_.key, target.nsp, target.rooms.front().name());
    check_size();
    return {channel_.text(), payload_.bytes(), Command::publish_sharded, {}};
  }
  return to_main(target.nsp, Command::publish_sharded);
}

/// Encodes all messages except broadcasts. Streams: lasting messages become entries of a stream; server-side events are
/// published on the channel, always in msgpack.
Encoder::Publication Encoder::message(Type type, std::string_view nsp) {
  const Bytes data = data_.bytes();
  if (fleet_.transport == Transport::streams && type != Type::server_side_event) {
    require(cluster_message::encode_entry_data(payload_, type, data));
    return as_entry(type, nsp);
  }
  if (fleet_.transport == Transport::streams || cluster_message::needs_msgpack(type, data)) {
    cluster_message::encode_msgpack(payload_, type, data, broadcast::emitter_uid, nsp);
  } else {
    require(cluster_message::encode_json(payload_, type, data, broadcast::emitter_uid, nsp));
  }
  const bool sharded = fleet_.transport == Transport::sharded || fleet_.use_sharded_pubsub;
  return to_main(nsp, sharded ? Command::publish_sharded : Command::publish);
}

Encoder::Publication Encoder::to_main(std::string_view nsp, Command command) {
  sharded_channels::append_main(channel_, fleet_.key, nsp);
  check_size();
  return {channel_.text(), payload_.bytes(), command, {}};
}

Encoder::Publication Encoder::as_entry(Type type, std::string_view nsp) {
  stream_names::append(channel_, fleet_, nsp);
  check_size();
  data_.clear();  // already encoded; holds a copy of `nsp`, which may not live as long as the words
  data_.append(nsp);
  words_ = {"XADD",       channel_.text(), "MAXLEN",        "~",    length_max_text_, "*", "uid", broadcast::emitter_uid, "nsp",
            data_.text(), "type",          type_text(type), "data", payload_.text()};
  return {channel_.text(), payload_.bytes(), Command::add_entry, words_};
}

}  // namespace socketio
