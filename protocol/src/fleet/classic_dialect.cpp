// The dialect of classic fleets: broadcasts by one pattern for each namespace, requests and responses by named channels.

#include <array>
#include <utility>
#include <vector>

#include <socketio/fleet/dialect.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/sharded_channels.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/value.hpp>

namespace socketio::fleet {
namespace {

class ClassicDialect final : public Dialect {
 public:
  /// The uid of an asker is longer than a server's, so that it is not taken for one.
  ClassicDialect(const Fleet& fleet, Participant self, Random* random) : Dialect(fleet, self, random) {
    uid_ = self.role == Role::emitter ? std::string(broadcast::emitter_uid)
                                      : (self.role == Role::asker ? "ask-" : "") + ids::make_short(*random);
  }
  std::string make_request_id() override { return ids::make_short(*random_); }

  std::vector<TopicChannel> server_channels(std::string_view nsp) const override {
    const std::vector<Channel> responses = response_channels(nsp);
    return {{{ChannelKind::pattern,
              name_by([&](Buffer& out) { classic_channels::append_pattern(out, fleet_.key, nsp); })},
             Topic::events},
            {servers_channel(nsp), Topic::requests},
            {responses[0], Topic::responses},
            {responses[1], Topic::responses}};
  }
  std::vector<Channel> response_channels(std::string_view nsp) const override {
    return {{ChannelKind::channel, named_prefix(nsp)},
            {ChannelKind::channel, name_by([&](Buffer& out) {
               classic_channels::append_specific_response(out, fleet_.key, nsp, uid_);
             })}};
  }
  Channel servers_channel(std::string_view nsp) const override {
    return {ChannelKind::channel, name_by([&](Buffer& out) { classic_channels::append_request(out, fleet_.key, nsp); })};
  }
  std::optional<std::string> taps_channel(std::string_view) const override { return std::nullopt; }
  std::optional<std::string> endangered_channel(std::string_view) const override { return std::nullopt; }
  Channel named_channels(std::string_view nsp) const override {
    return {ChannelKind::channel,
            name_by([&](Buffer& out) { sharded_channels::append_pattern(out, fleet_.key + "-response", nsp); })};
  }
  std::string named_prefix(std::string_view nsp) const override {
    return name_by([&](Buffer& out) { classic_channels::append_response(out, fleet_.key, nsp); });
  }
  bool is_server(std::string_view name) const noexcept override { return name.size() == ids::short_size; }

  Publication encode(std::string_view nsp, const Operation& operation) override;
  Publication encode(std::string_view nsp, const Request& request) override;
  Publication encode(std::string_view nsp, const Response& response) override;
  /// The request for ids cannot leave out rooms; the one for whole sockets can.
  Request::Kind sent_kind(Request::Kind kind, const Target& target) const noexcept override {
    return kind == Request::Kind::ids && !target.except.empty() ? Request::Kind::sockets : kind;
  }
  bool sockets_are_json() const noexcept override { return true; }

  Received decode(Topic topic, Bytes payload, const ReceiveFilter& filter, Message& message) override;

 private:
  Publication emit(std::string_view nsp, const Operation& operation);
  Publication server_side(std::string_view request_id, Bytes event);
  Publication finish();
  Received read_broadcast(Bytes payload, const ReceiveFilter& filter, Message& message);
  Received read_request(Bytes payload, const ReceiveFilter& filter, Message& message);
  Received read_response(Bytes payload, const ReceiveFilter& filter, Message& message);
  /// Emitters send join, leave and disconnect without a uid.
  [[nodiscard]] std::string_view operations_uid() const noexcept {
    return is_emitter() ? std::string_view() : std::string_view(uid_);
  }
  [[nodiscard]] Bytes packed_form_of(Bytes payload) const noexcept {
    return as_text(payload).starts_with('{') ? scratch_.bytes() : payload;
  }
};

// ---- sending ---------------------------------------------------------------------------------------------------------------

/// Replaces the lone surrogates of clients: servers in JavaScript read text of msgpack as UTF-8.
Publication ClassicDialect::finish() {
  if (is_server_itself()) {
    event_data::replace_surrogates({payload_.data(), payload_.size()});
  }
  return {channel_.text(), payload_.bytes(), Publication::Command::publish, {}};
}

Publication ClassicDialect::emit(std::string_view nsp, const Operation& operation) {
  const auto& [kind, target, data, rooms, close] = operation;
  broadcast::Outgoing outgoing;
  outgoing.uid = uid_;
  outgoing.nsp = nsp;
  outgoing.data = publishable(data, is_reserved_client_event);
  outgoing.rooms = target.rooms;
  outgoing.except = target.except;
  outgoing.flags = target.flags;
  outgoing.order = is_emitter() ? broadcast::OptionsOrder::emitter : broadcast::OptionsOrder::adapter;
  begin();
  classic_channels::append_broadcast(channel_, fleet_.key, nsp, target.rooms);
  if (is_server_itself() && !target.rooms.empty()) {
    utf8::replace_surrogates({channel_.data(), channel_.size()});
  }
  broadcast::encode(payload_, outgoing);
  return finish();
}

Publication ClassicDialect::encode(std::string_view nsp, const Operation& operation) {
  if (operation.kind == Operation::Kind::emit) {
    return emit(nsp, operation);
  }
  const selector::Target selection = selection_of(operation.target);
  const bool is_checked = operation.kind == Operation::Kind::server_side && is_emitter();
  const Bytes event = is_checked ? publishable(operation.data, is_reserved_server_side_event) : operation.data;
  begin();
  classic_channels::append_request(channel_, fleet_.key, nsp);
  switch (operation.kind) {
    case Operation::Kind::emit: break;
    case Operation::Kind::join: classic_request::encode_join(payload_, operations_uid(), selection, operation.rooms); break;
    case Operation::Kind::leave: classic_request::encode_leave(payload_, operations_uid(), selection, operation.rooms); break;
    case Operation::Kind::disconnect:
      classic_request::encode_disconnect(payload_, operations_uid(), selection, operation.close);
      break;
    case Operation::Kind::server_side: return server_side({}, event);
  }
  return finish();
}

Publication ClassicDialect::server_side(std::string_view request_id, Bytes event) {
  const auto encoded = classic_request::encode_server_side_event(payload_, uid_, request_id, event);
  return encoded.ok() ? finish() : refuse(encoded.error());
}

Publication ClassicDialect::encode(std::string_view nsp, const Request& request) {
  const selector::Target selection = selection_of(request.target);
  begin();
  classic_channels::append_request(channel_, fleet_.key, nsp);
  switch (sent_kind(request.kind, request.target)) {
    case Request::Kind::acks:
      classic_request::encode_broadcast(payload_, uid_, request.id, publishable(request.event), nsp,
                                        selection);
      break;
    case Request::Kind::sockets: classic_request::encode_fetch_sockets(payload_, uid_, request.id, selection); break;
    case Request::Kind::ids: classic_request::encode_sockets(payload_, request.id, request.target.rooms, uid_); break;
    case Request::Kind::rooms: classic_request::encode_all_rooms(payload_, uid_, request.id); break;
    case Request::Kind::server_side: return server_side(request.id, request.event);
  }
  return finish();
}

/// Responses to server-side events use the shared channel in any case, as the reference's do: such requests come from servers
/// of every version.
Publication ClassicDialect::encode(std::string_view nsp, const Response& response) {
  begin();
  if (self_.use_requesters_channel && !response.requester.empty() && response.kind != Response::Kind::value) {
    classic_channels::append_specific_response(channel_, fleet_.key, nsp, response.requester);
  } else {
    classic_channels::append_response(channel_, fleet_.key, nsp);
  }
  const std::string_view id = response.request_id;
  switch (response.kind) {
    case Response::Kind::client_count: classic_response::encode_client_count(payload_, id, response.count); break;
    case Response::Kind::ack:
      classic_response::encode_ack(payload_, id, publishable(response.value));
      break;
    case Response::Kind::value:
      if (const auto encoded = classic_response::encode_server_side_answer(payload_, id, response.value); !encoded.ok()) {
        return refuse(encoded.error());
      }
      break;
    case Response::Kind::sockets: classic_response::encode_sockets_json(payload_, id, as_text(response.sockets)); break;
    case Response::Kind::ids: {
      std::vector<std::string_view> ids;
      for (const Value socket : Arguments(response.sockets, response.count)) {
        ids.push_back(socket.member("id").as<std::string_view>().value_or(""));
      }
      classic_response::encode_socket_ids(payload_, id, ids);
      break;
    }
    case Response::Kind::rooms: classic_response::encode_rooms(payload_, id, response.rooms); break;
    case Response::Kind::done: classic_response::encode_done(payload_, id); break;
  }
  return finish();
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

Received ClassicDialect::decode(Topic topic, Bytes payload, const ReceiveFilter& filter, Message& message) {
  switch (topic) {
    case Topic::events: return read_broadcast(payload, filter, message);
    case Topic::requests: return read_request(payload, filter, message);
    case Topic::responses: break;
  }
  return read_response(payload, filter, message);
}

Received ClassicDialect::read_broadcast(Bytes payload, const ReceiveFilter& filter, Message& message) {
  if (!filter.uid.empty() && broadcast::peek_uid(payload) == filter.uid) {
    return Received::own;
  }
  broadcast::Head head;
  if (const auto decoded = broadcast::decode(payload, head, message.target); !decoded.ok()) {
    return malformed(message, decoded.error());
  }
  if (!filter.nsp.empty() && head.nsp != filter.nsp) {
    return Received::other_namespace;
  }
  message.uid = head.uid;
  message.nsp = head.nsp;
  message.event = head.data;
  message.ack_id = head.id;
  return Received::message;
}

Received ClassicDialect::read_request(Bytes payload, const ReceiveFilter& filter, Message& message) {
  using Kind = Message::Kind;
  constexpr std::array kinds{Kind::fetch_ids,  Kind::fetch_rooms,   Kind::join,        Kind::leave,
                             Kind::disconnect, Kind::fetch_sockets, Kind::server_side, Kind::emit};
  auto decoded = classic_request::decode(payload, scratch_);
  if (!decoded.ok()) {
    return malformed(message, decoded.error());
  }
  classic_request::View& request = decoded.value();
  const bool is_own = (!filter.uid.empty() && request.uid == filter.uid) ||
                      (filter.pending != nullptr && request.request_id && filter.pending->contains(*request.request_id));
  if (is_own) {
    return Received::own;
  }
  if (request.type == classic_request::Type::broadcast && !filter.nsp.empty() && request.nsp != filter.nsp) {
    return Received::other_namespace;
  }
  message.type = static_cast<int>(request.type);
  message.kind = kinds[static_cast<std::size_t>(request.type)];
  message.uid = request.uid;
  message.nsp = request.nsp;
  message.request_id = request.request_id;
  message.sid = request.sid;
  message.target = std::move(request.target);
  (message.kind == Kind::fetch_ids ? message.target.rooms : message.rooms) = std::move(request.rooms);
  message.close = request.close;
  message.event = request.data;
  message.packed = packed_form_of(payload);
  return Received::message;
}

/// Most responses are for other servers, and are not decoded.
Received ClassicDialect::read_response(Bytes payload, const ReceiveFilter& filter, Message& message) {
  using Kind = Message::Kind;
  if (filter.pending != nullptr) {
    const auto id = filter.pending->empty() ? std::string_view() : classic_response::peek_request_id(payload);
    if (id && !filter.pending->contains(*id)) {
      return Received::other_request;
    }
  }
  const auto response = classic_response::decode(payload, scratch_);
  if (!response.ok()) {
    return malformed(message, response.error());
  }
  if (filter.pending != nullptr && !filter.pending->contains(response->request_id)) {
    return Received::other_request;
  }
  message.type = static_cast<int>(response->type);
  message.request_id = response->request_id;
  message.client_count = response->client_count;
  message.packed = packed_form_of(payload);
  switch (response->type) {
    case classic_response::Type::client_count: message.kind = Kind::client_count; return Received::message;
    case classic_response::Type::ack:
      message.kind = Kind::ack;
      message.value = response->packet;
      return Received::message;
    case classic_response::Type::server_side_answer: message.kind = Kind::value; break;
    case classic_response::Type::untyped: message.kind = response->data.empty() ? Kind::done : Kind::value; break;
  }
  message.value = response->data;
  if (!response->sockets.empty() || !response->rooms.empty()) {
    message.kind = !response->sockets.empty() ? Kind::sockets : Kind::rooms;
    message.value = !response->sockets.empty() ? response->sockets : response->rooms;
  }
  return Received::message;
}

}  // namespace

std::unique_ptr<Dialect> make_classic(const Fleet& fleet, Participant self, Random* random) {
  return std::make_unique<ClassicDialect>(fleet, self, random);
}

}  // namespace socketio::fleet
