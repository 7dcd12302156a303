// The dialects of sharded and streams fleets, which share one set of messages but publish them differently.

#include <array>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/fleet/dialect.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/sharded_channels.hpp>
#include <socketio/protocol/stream_names.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio::fleet {
namespace {

using cluster_message::Type;

class MessageDialect : public Dialect {
 public:
  /// The uid of an asker contains letters that no server's uid has.
  MessageDialect(const Fleet& fleet, Participant self, Random* random) : Dialect(fleet, self, random) {
    uid_ = self.role == Role::emitter ? std::string(broadcast::emitter_uid)
           : self.role == Role::asker ? "asker-" + ids::make_hex(*random).substr(6)
                                      : ids::make_hex(*random);
  }
  std::string make_request_id() final { return ids::make_hex(*random_); }

  std::vector<TopicChannel> server_channels(std::string_view nsp) const final {
    return {{servers_channel(nsp), Topic::events}, {response_channels(nsp).front(), Topic::responses}};
  }
  std::vector<Channel> response_channels(std::string_view nsp) const final {
    return {{kind(), name_by([&](Buffer& out) { sharded_channels::append_named(out, fleet_.key, nsp, uid_); })}};
  }
  Channel servers_channel(std::string_view nsp) const final { return {kind(), named_prefix(nsp)}; }
  std::optional<std::string> taps_channel(std::string_view nsp) const final {
    return uses_shards() ? std::optional(name_by([&](Buffer& out) { sharded_channels::append_tap(out, fleet_.key, nsp); }))
                         : std::nullopt;
  }
  /// Classic servers with the same key take a request sent by PUBLISH for a broadcast, and a malformed one.
  std::optional<std::string> endangered_channel(std::string_view nsp) const final {
    return uses_shards()
               ? std::nullopt
               : std::optional(name_by([&](Buffer& out) { classic_channels::append_request(out, fleet_.key, nsp); }));
  }
  Channel named_channels(std::string_view nsp) const final {
    return {kind(), name_by([&](Buffer& out) { sharded_channels::append_pattern(out, fleet_.key, nsp); })};
  }
  std::string named_prefix(std::string_view nsp) const final {
    return name_by([&](Buffer& out) { sharded_channels::append_main(out, fleet_.key, nsp); });
  }
  bool is_server(std::string_view name) const noexcept final {
    return name.size() == ids::hex_size && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  }

  Publication encode(std::string_view nsp, const Operation& operation) final;
  Publication encode(std::string_view nsp, const Request& request) final;
  Publication encode(std::string_view nsp, const Response& response) final;
  /// Whole sockets include their ids and rooms.
  Request::Kind sent_kind(Request::Kind kind, const Target&) const noexcept final {
    return kind == Request::Kind::ids || kind == Request::Kind::rooms ? Request::Kind::sockets : kind;
  }
  bool sockets_are_json() const noexcept final { return false; }

  Received decode(Topic topic, Bytes payload, const ReceiveFilter& filter, Message& message) final;

 protected:
  /// Encodes a broadcast directly as JSON. False when JSON cannot hold the event, or it is not well formed.
  virtual bool encode_event_json(std::string_view nsp, Bytes event, const selector::Target& target) = 0;
  /// Publishes an operation, whose data is `data_`, unless encode_event_json() has encoded it.
  virtual Publication publish_operation(std::string_view nsp, Type type, const Operation& operation, bool is_encoded) = 0;
  /// True for messages that are never JSON.
  [[nodiscard]] virtual bool is_always_packed() const noexcept = 0;
  /// Value of an undefined response: empty, which leaves its member out, or nil.
  [[nodiscard]] virtual Bytes undefined() const noexcept { return {}; }

  [[nodiscard]] bool uses_shards() const noexcept {
    return fleet_.transport == Transport::sharded || fleet_.use_sharded_pubsub;
  }
  [[nodiscard]] ChannelKind kind() const noexcept { return uses_shards() ? ChannelKind::shard : ChannelKind::channel; }
  [[nodiscard]] Publication published() const noexcept {
    return {channel_.text(), payload_.bytes(), uses_shards() ? Publication::Command::publish_sharded : Publication::Command::publish,
            {}};
  }
  /// Appends the message whose data is `data_`, for the channel in `channel_`.
  Publication as_message(std::string_view nsp, Type type);
  /// Publishes the message to all servers.
  Publication to_main(std::string_view nsp, Type type) {
    sharded_channels::append_main(channel_, fleet_.key, nsp);
    return as_message(nsp, type);
  }
  /// Reads the data of a message whose sender and namespace are accepted.
  Received read(const cluster_message::Envelope& envelope, const ReceiveFilter& filter, Message& message);

  Buffer data_;  ///< data of a message, in msgpack

 private:
  void begin_data() noexcept {
    begin();
    data_.clear_and_shrink(limits::kept_bytes_max);
  }
  Publication emit(std::string_view nsp, const Operation& operation);
};

// ---- sending ---------------------------------------------------------------------------------------------------------------

Publication MessageDialect::as_message(std::string_view nsp, Type type) {
  const Bytes data = data_.bytes();
  if (is_always_packed() || cluster_message::needs_msgpack(type, data)) {
    cluster_message::encode_msgpack(payload_, type, data, uid_, nsp);
    if (is_server_itself() && !is_always_packed()) {
      event_data::replace_surrogates({payload_.data(), payload_.size()});  // servers in JavaScript read its text as UTF-8
    }
  } else if (const auto encoded = cluster_message::encode_json(payload_, type, data, uid_, nsp); !encoded.ok()) {
    return refuse(encoded.error());
  }
  return published();
}

/// Writes JSON directly from the event. An emitter's event is checked in the same pass. An event with binary is packed instead.
Publication MessageDialect::emit(std::string_view nsp, const Operation& operation) {
  Bytes event = operation.data;
  if (is_emitter()) {
    event_data::require_name(event, is_reserved_client_event);
  } else {
    event = publishable(event);
  }
  begin_data();
  const selector::Target selection = selection_of(operation.target);
  const bool is_encoded = encode_event_json(nsp, event, selection);
  if (!is_encoded) {
    event = is_emitter() ? publishable(event, is_reserved_client_event) : event;
    cluster_message::append_broadcast(data_, event, std::nullopt, {}, selection);
  }
  return publish_operation(nsp, Type::broadcast, operation, is_encoded);
}

Publication MessageDialect::encode(std::string_view nsp, const Operation& operation) {
  const selector::Target selection = selection_of(operation.target);
  switch (operation.kind) {
    case Operation::Kind::emit: return emit(nsp, operation);
    case Operation::Kind::join:
    case Operation::Kind::leave: {
      begin_data();
      cluster_message::append_rooms_change(data_, selection, operation.rooms);
      const bool is_join = operation.kind == Operation::Kind::join;
      return publish_operation(nsp, is_join ? Type::join : Type::leave, operation, false);
    }
    case Operation::Kind::disconnect:
      begin_data();
      cluster_message::append_disconnect(data_, selection, operation.close);
      return publish_operation(nsp, Type::disconnect, operation, false);
    case Operation::Kind::server_side: break;
  }
  const Bytes event = publishable(operation.data, is_reserved_server_side_event);
  if (is_emitter() && fleet_.beside_classic && endangered_channel(nsp)) {
    throw Error(ErrorCode::not_supported,
                "A server-side event for a streams fleet would end classic servers that have the same key. Give the streams "
                "servers another channelPrefix, and send the event to each fleet by itself.");
  }
  begin_data();
  cluster_message::append_server_side_event(data_, {}, event);
  return to_main(nsp, Type::server_side_event);
}

Publication MessageDialect::encode(std::string_view nsp, const Request& request) {
  const selector::Target selection = selection_of(request.target);
  begin_data();
  switch (request.kind) {
    case Request::Kind::acks:
      cluster_message::append_broadcast(data_, publishable(request.event), std::nullopt, request.id,
                                        selection);
      return to_main(nsp, Type::broadcast);
    case Request::Kind::server_side:
      cluster_message::append_server_side_event(data_, request.id, publishable(request.event));
      return to_main(nsp, Type::server_side_event);
    case Request::Kind::sockets:
    case Request::Kind::ids:
    case Request::Kind::rooms: break;
  }
  cluster_message::append_fetch(data_, selection, request.id);
  return to_main(nsp, Type::fetch_sockets);
}

Publication MessageDialect::encode(std::string_view nsp, const Response& response) {
  begin_data();
  sharded_channels::append_named(channel_, fleet_.key, nsp, response.requester);
  utf8::replace_surrogates({channel_.data(), channel_.size()});
  const auto append_value = [&] {
    const Bytes value = response.value.empty() ? undefined() : publishable(response.value);
    cluster_message::append_answer(data_, response.request_id, value);
  };
  switch (response.kind) {
    case Response::Kind::client_count:
      cluster_message::append_client_count(data_, response.request_id, response.count);
      return as_message(nsp, Type::client_count);
    case Response::Kind::ack: append_value(); return as_message(nsp, Type::ack);
    case Response::Kind::value: append_value(); return as_message(nsp, Type::server_side_answer);
    case Response::Kind::sockets:
      cluster_message::append_sockets(data_, response.request_id, response.count,
                                      publishable(response.sockets));
      return as_message(nsp, Type::fetch_sockets_answer);
    case Response::Kind::ids:
    case Response::Kind::rooms:
    case Response::Kind::done: break;  // there are no such requests
  }
  return {};
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

Received MessageDialect::decode(Topic topic, Bytes payload, const ReceiveFilter& filter, Message& message) {
  const auto envelope = cluster_message::open(payload, scratch_);
  if (!envelope.ok()) {
    return malformed(message, envelope.error());
  }
  message.type = envelope->type;
  message.uid = envelope->uid;
  message.nsp = envelope->nsp;
  const bool is_known = cluster_message::is_known(envelope->type);
  if (topic == Topic::responses) {
    const bool is_response = is_known && cluster_message::is_answer(static_cast<Type>(envelope->type));
    return is_response ? read(envelope.value(), filter, message) : malformed(message, {Errc::bad_value, 0});
  }
  if (!filter.uid.empty() && envelope->uid == filter.uid) {
    return Received::own;
  }
  if (!filter.nsp.empty() && envelope->nsp != filter.nsp) {
    return Received::other_namespace;
  }
  return is_known ? read(envelope.value(), filter, message) : Received::unknown;
}

/// A response is not decoded while no request is pending.
Received MessageDialect::read(const cluster_message::Envelope& envelope, const ReceiveFilter& filter, Message& message) {
  using Kind = Message::Kind;
  constexpr std::array kinds{Kind::emit,    Kind::join,        Kind::leave, Kind::disconnect,   Kind::fetch_sockets,
                             Kind::sockets, Kind::server_side, Kind::value, Kind::client_count, Kind::ack};
  const auto type = static_cast<Type>(envelope.type);
  if (cluster_message::is_answer(type) && filter.pending != nullptr && filter.pending->empty()) {
    return Received::other_request;
  }
  message.packed = envelope.data;
  auto decoded = cluster_message::decode(type, envelope.data);
  if (!decoded.ok()) {
    return malformed(message, decoded.error());
  }
  cluster_message::View& view = decoded.value();
  message.kind = kinds[static_cast<std::size_t>(type) - static_cast<std::size_t>(Type::broadcast)];
  message.request_id = view.request_id;
  message.target = std::move(view.target);
  message.rooms = std::move(view.rooms);
  message.close = view.close;
  message.event = view.event;
  message.ack_id = view.ack_id;
  message.client_count = view.client_count;
  message.value = type == Type::fetch_sockets_answer ? view.sockets : view.value;
  return Received::message;
}

// ---- sharded ---------------------------------------------------------------------------------------------------------------

class ShardedDialect final : public MessageDialect {
 public:
  using MessageDialect::MessageDialect;

  bool has_channel(const Room& room) const noexcept override {
    return sharded_channels::has_channel(fleet_.sharded_mode, room);
  }

 private:
  [[nodiscard]] bool is_always_packed() const noexcept override { return false; }
  bool encode_event_json(std::string_view nsp, Bytes event, const selector::Target& target) override {
    return cluster_message::encode_broadcast_json(payload_, event, target, uid_, nsp);
  }
  Publication publish_operation(std::string_view nsp, Type type, const Operation& operation, bool is_encoded) override {
    const auto& rooms = operation.target.rooms;
    if (type == Type::broadcast && rooms.size() == 1 && has_channel(rooms.front())) {
      sharded_channels::append_named(channel_, fleet_.key, nsp, rooms.front().name());
      utf8::replace_surrogates({channel_.data(), channel_.size()});
    } else {
      sharded_channels::append_main(channel_, fleet_.key, nsp);
    }
    return is_encoded ? published() : as_message(nsp, type);
  }
};

// ---- streams ---------------------------------------------------------------------------------------------------------------

/// The number at the start of a text, as C's strtol reads it.
int number_in(std::string_view text) noexcept {
  int value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || value > 1'000) {
      break;
    }
    value = value * 10 + (digit - '0');
  }
  return value;
}

/// Operations become entries of a stream, so that a disconnected server receives them later. Server-side events, requests and
/// responses are published on channels, always in msgpack.
class StreamsDialect final : public MessageDialect {
 public:
  StreamsDialect(const Fleet& fleet, Participant self, Random* random)
      : MessageDialect(fleet, self, random), length_max_text_(std::to_string(fleet.stream_length_max)) {}

  bool has_streams() const noexcept override { return true; }
  std::string stream(std::string_view nsp) const override {
    return name_by([&](Buffer& out) { stream_names::append(out, fleet_, nsp); });
  }
  Received decode_entry(const Entry& entry, const ReceiveFilter& filter, Message& message) override;

 private:
  [[nodiscard]] bool is_always_packed() const noexcept override { return true; }
  /// `@msgpack/msgpack` encodes undefined members as nil.
  [[nodiscard]] Bytes undefined() const noexcept override {
    static constexpr std::uint8_t nil = 0xc0;
    return {&nil, 1};
  }
  bool encode_event_json(std::string_view, Bytes event, const selector::Target& target) override {
    return cluster_message::append_broadcast_json(payload_, event, target);
  }
  Publication publish_operation(std::string_view nsp, Type type, const Operation&, bool is_encoded) override {
    static constexpr std::array<std::string_view, 4> type_texts{"3", "4", "5", "6"};
    if (!is_encoded) {
      const auto encoded = cluster_message::encode_entry_data(payload_, type, data_.bytes(), self_.only_plaintext);
      if (!encoded.ok()) {
        return refuse(encoded.error());
      }
    }
    stream_names::append(channel_, fleet_, nsp);
    data_.clear();  // already encoded; holds a copy of `nsp`, which may not live as long as the words
    data_.append(nsp);
    const std::string_view type_text = type_texts[static_cast<std::size_t>(type) - static_cast<std::size_t>(Type::broadcast)];
    words_ = {"XADD", channel_.text(), "MAXLEN", "~",       length_max_text_, "*",    "uid",
              uid_,   "nsp",           data_.text(), "type", type_text,       "data", payload_.text()};
    return {channel_.text(), payload_.bytes(), Publication::Command::add_entry, words_};
  }

  const std::string length_max_text_;
  std::array<std::string_view, 14> words_{};
};

Received StreamsDialect::decode_entry(const Entry& entry, const ReceiveFilter& filter, Message& message) {
  message.type = number_in(entry.type);
  message.uid = entry.uid;
  message.nsp = entry.nsp;
  if (!filter.uid.empty() && entry.uid == filter.uid) {
    return Received::own;
  }
  if (!filter.nsp.empty() && entry.nsp != filter.nsp) {
    return Received::other_namespace;
  }
  if (!cluster_message::is_known(message.type)) {
    return Received::unknown;
  }
  scratch_.clear_and_shrink(limits::kept_bytes_max);
  if (entry.data.starts_with('{')) {
    transcode::JsonOptions options;
    options.lone_surrogates = true;
    if (const auto packed = transcode::json_to_msgpack(entry.data, scratch_, options); !packed.ok()) {
      return malformed(message, packed.error());
    }
  } else if (!base64::decode(scratch_, entry.data)) {
    return malformed(message, {Errc::bad_syntax, 0});
  }
  return read({message.type, entry.uid, entry.nsp, scratch_.bytes()}, filter, message);
}

}  // namespace

std::unique_ptr<Dialect> make_sharded(const Fleet& fleet, Participant self, Random* random) {
  return std::make_unique<ShardedDialect>(fleet, self, random);
}
std::unique_ptr<Dialect> make_streams(const Fleet& fleet, Participant self, Random* random) {
  return std::make_unique<StreamsDialect>(fleet, self, random);
}

}  // namespace socketio::fleet
