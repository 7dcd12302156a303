#include <socketio/emitter/encoder.hpp>

#include <string>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {
namespace {

/// Buffers keep their memory between messages; not more than this.
constexpr std::size_t kept_bytes = std::size_t{1} << 20;
/// Levels that a message puts around the arguments.
constexpr std::size_t outer_depth = 4;

[[noreturn]] void refuse_arguments(DecodeError error) {
  if (error.code == Errc::too_deep) {
    throw Error(ErrorCode::bad_arguments,
                "The arguments are nested more than " + std::to_string(limits::depth_max - outer_depth) + " levels deep.");
  }
  throw Error(ErrorCode::bad_arguments, std::string("The arguments do not pack to [event, args...] in well-formed msgpack (") +
                                            describe(error.code) + " at byte " + std::to_string(error.offset_bytes) +
                                            "). Check the msgpack adaptors of your types.");
}

/// Receivers trust what they get; so nothing leaves that is not [event, args...] with a name they can bear.
void check_data(Bytes data, bool (*reserved)(std::string_view)) {
  if (const auto whole = check_items(data, 1, limits::depth_max - outer_depth); !whole.ok()) {
    refuse_arguments(whole.error());
  }
  const auto name = event_data::name(data);
  if (!name.ok()) {
    refuse_arguments(name.error());
  }
  const bool is_text = name->kind == Kind::text || name->kind == Kind::binary;
  if (is_text && reserved(name->text)) {
    throw Error(ErrorCode::reserved_event, "\"" + std::string(name->text) + "\" is a reserved event name. Choose another one.");
  }
}

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

selector::Target selection(const Target& target) { return {target.rooms, target.except, target.flags}; }

}  // namespace

Encoder::Encoder(std::string key, std::size_t message_bytes_max) : key_(std::move(key)), message_bytes_max_(message_bytes_max) {
  if (!utf8::valid(key_)) {
    throw Error(ErrorCode::bad_utf8, "The key is not UTF-8.");
  }
}

Encoder::Publication Encoder::event(const Target& target, Bytes data) {
  check_data(data, is_reserved_client_event);
  channel_.clear();
  payload_.clear_and_shrink(kept_bytes);
  classic_channels::append_broadcast(channel_, key_, target.nsp, target.rooms);
  broadcast::Outgoing message;
  message.nsp = target.nsp;
  message.data = data;
  message.rooms = target.rooms;
  message.except = target.except;
  message.flags = target.flags;
  broadcast::encode(payload_, message);
  return finish();
}

Encoder::Publication Encoder::join(const Target& target, std::span<const Room> rooms) {
  check_rooms(rooms);
  begin_request(target.nsp);
  classic_request::encode_join(payload_, {}, selection(target), rooms);
  return finish();
}

Encoder::Publication Encoder::leave(const Target& target, std::span<const Room> rooms) {
  check_rooms(rooms);
  begin_request(target.nsp);
  classic_request::encode_leave(payload_, {}, selection(target), rooms);
  return finish();
}

Encoder::Publication Encoder::disconnect(const Target& target, bool close) {
  begin_request(target.nsp);
  classic_request::encode_disconnect(payload_, {}, selection(target), close);
  return finish();
}

Encoder::Publication Encoder::server_side(std::string_view nsp, Bytes data) {
  check_data(data, is_reserved_server_side_event);
  begin_request(nsp);
  const auto encoded = classic_request::encode_server_side_event(payload_, broadcast::emitter_uid, {}, data);
  if (!encoded.ok()) {
    refuse_arguments(encoded.error());
  }
  return finish();
}

void Encoder::begin_request(std::string_view nsp) {
  channel_.clear();
  payload_.clear_and_shrink(kept_bytes);
  classic_channels::append_request(channel_, key_, nsp);
}

Encoder::Publication Encoder::finish() const {
  if (payload_.size() > message_bytes_max_) {
    throw Error(ErrorCode::too_large, "The message has " + std::to_string(payload_.size()) + " bytes; the limit is " +
                                          std::to_string(message_bytes_max_) + " (message_bytes_max).");
  }
  return {channel_.text(), payload_.bytes()};
}

}  // namespace socketio
