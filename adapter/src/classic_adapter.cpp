#include "classic_adapter.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/value.hpp>

#include "selecting.hpp"

namespace socketio {
namespace adapter {
namespace {

/// Of a join, a leave, or else a disconnect.
Operation::Kind kind_of(classic_request::Type type) noexcept {
  return type == classic_request::Type::join    ? Operation::Kind::join
         : type == classic_request::Type::leave ? Operation::Kind::leave
                                                : Operation::Kind::disconnect;
}

}  // namespace

ClassicAdapter::ClassicAdapter(Host& adapter_host, std::shared_ptr<Bus> bus, ClassicOptions options)
    : ClusterAdapter(adapter_host, ids::make_short(adapter_host.random())),
      bus_(std::move(bus)),
      options_(std::move(options)),
      confirmations_(adapter_host.scheduler()) {
  const std::string_view nsp = host().nsp();
  const std::string& key = options_.key;
  broadcast_prefix_ = key + "#" + std::string(nsp) + "#";
  pattern_ = name_by([&](Buffer& out) { classic_channels::append_pattern(out, key, nsp); });
  request_channel_ = name_by([&](Buffer& out) { classic_channels::append_request(out, key, nsp); });
  response_channel_ = name_by([&](Buffer& out) { classic_channels::append_response(out, key, nsp); });
  own_response_channel_ = name_by([&](Buffer& out) { classic_channels::append_specific_response(out, key, nsp, uid()); });
  bus_->subscribe(redis::SubscriptionKind::pattern, pattern_, *this);
  for (const std::string& channel : {request_channel_, response_channel_, own_response_channel_}) {
    bus_->subscribe(redis::SubscriptionKind::channel, channel, *this);
  }
  confirmations_.add(pattern_);
  confirmations_.add(request_channel_);
}

ClassicAdapter::~ClassicAdapter() {
  if (!is_closed()) {
    ClassicAdapter::close();
  }
}

void ClassicAdapter::close() {
  if (!is_closed()) {
    bus_->unsubscribe(redis::SubscriptionKind::pattern, pattern_);
    for (const std::string& channel : {request_channel_, response_channel_, own_response_channel_}) {
      bus_->unsubscribe(redis::SubscriptionKind::channel, channel);
    }
  }
  ClusterAdapter::close();
  confirmations_.close();
}

/// Events arrive by the pattern, those with acks by the channel of requests, for all rooms.
void ClassicAdapter::when_subscribed(std::span<const Room>, std::function<void(bool)> done) {
  confirmations_.when_confirmed({pattern_, request_channel_}, Confirmations::patience_ms, std::move(done));
}

std::string ClassicAdapter::make_request_id() { return ids::make_short(host().random()); }

void ClassicAdapter::count_servers(std::function<void(std::optional<std::size_t>)> done) {
  bus_->count_subscribers(redis::SubscriptionKind::channel, request_channel_, std::move(done));
}

// ---- publishing ------------------------------------------------------------------------------------------------------------

Buffer& ClassicAdapter::message() {
  payload_.clear_and_shrink(limits::kept_bytes_max);
  return payload_;
}

/// Replaces lone surrogates before publishing: servers in JavaScript read text of msgpack as UTF-8.
void ClassicAdapter::publish(std::string_view channel) {
  event_data::replace_surrogates({payload_.data(), payload_.size()});
  bus_->publish(redis::SubscriptionKind::channel, channel, payload_.bytes());
}

void ClassicAdapter::publish_broadcast(const Target& target, Bytes data) {
  broadcast::Outgoing outgoing;
  outgoing.uid = uid();
  outgoing.nsp = host().nsp();
  outgoing.data = publishable(data);
  outgoing.rooms = target.rooms;
  outgoing.except = target.except;
  outgoing.flags = target.flags;
  outgoing.order = broadcast::OptionsOrder::adapter;
  broadcast::encode(message(), outgoing);
  if (target.rooms.empty()) {
    publish(broadcast_prefix_);
    return;
  }
  channel_.clear();
  classic_channels::append_broadcast(channel_, options_.key, host().nsp(), target.rooms);
  utf8::replace_surrogates({channel_.data(), channel_.size()});
  publish(channel_.text());
}

void ClassicAdapter::publish_operation(const Operation& operation) {
  const selector::Target selection = selector_of(operation.target);
  switch (operation.kind) {
    case Operation::Kind::emit: publish_broadcast(operation.target, operation.data); return;
    case Operation::Kind::server_side: request_server_side({}, operation.data); return;
    case Operation::Kind::join: classic_request::encode_join(message(), uid(), selection, operation.rooms); break;
    case Operation::Kind::leave: classic_request::encode_leave(message(), uid(), selection, operation.rooms); break;
    case Operation::Kind::disconnect: classic_request::encode_disconnect(message(), uid(), selection, operation.close); break;
  }
  publish(request_channel_);
}

void ClassicAdapter::request_server_side(std::string_view request_id, Bytes data) {
  if (classic_request::encode_server_side_event(message(), uid(), request_id, data).ok()) {
    publish(request_channel_);
  }
}

void ClassicAdapter::request_acks(std::string_view request_id, const Target& target, Bytes data) {
  classic_request::encode_broadcast(message(), uid(), request_id, publishable(data), host().nsp(), selector_of(target));
  publish(request_channel_);
}

void ClassicAdapter::request_sockets(std::string_view request_id, const Target& target) {
  classic_request::encode_fetch_sockets(message(), uid(), request_id, selector_of(target));
  publish(request_channel_);
}

bool ClassicAdapter::request_rooms(std::string_view request_id) {
  classic_request::encode_all_rooms(message(), uid(), request_id);
  publish(request_channel_);
  return true;
}

// ---- responding ------------------------------------------------------------------------------------------------------------

std::string_view ClassicAdapter::response_channel(const Question& question) {
  if (!options_.publish_on_specific_response_channel || question.asker.empty()) {
    return response_channel_;
  }
  channel_.clear();
  classic_channels::append_specific_response(channel_, options_.key, host().nsp(), question.asker);
  return channel_.text();
}

void ClassicAdapter::respond_client_count(const Question& question, std::size_t count) {
  classic_response::encode_client_count(message(), question.request_id, count);
  publish(response_channel(question));
}

void ClassicAdapter::respond_ack(const Question& question, Bytes value) {
  classic_response::encode_ack(message(), question.request_id, publishable(value));
  publish(response_channel(question));
}

/// Responds on the shared channel in any case, like the reference: such requests come from servers of every version.
void ClassicAdapter::respond_server_side(const Question& question, Bytes value) {
  if (classic_response::encode_server_side_answer(message(), question.request_id, value).ok()) {
    publish(response_channel_);
  }
}

void ClassicAdapter::respond_ids(const Question& question, const Selection& selection) {
  on_fetch(selection, Form::msgpack, [this, question](const Sockets& sockets) {
    std::vector<std::string_view> ids;
    for (const Value socket : Arguments(sockets.packed.bytes(), sockets.count)) {
      ids.push_back(socket.member("id").as<std::string_view>().value_or(""));
    }
    classic_response::encode_socket_ids(message(), question.request_id, ids);
    publish(response_channel(question));
  });
}

void ClassicAdapter::respond_rooms(const Question& question) {
  on_all_rooms([this, question](const std::vector<std::string>& names) {
    const std::vector<Room> rooms(names.begin(), names.end());
    classic_response::encode_rooms(message(), question.request_id, rooms);
    publish(response_channel(question));
  });
}

void ClassicAdapter::respond_sockets(const Question& question, const Selection& selection) {
  on_fetch(selection, Form::json, [this, question](const Sockets& sockets) {
    classic_response::encode_sockets_json(message(), question.request_id, sockets.packed.text());
    publish(response_channel(question));
  });
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

/// Most messages are dropped by their channel alone: they are for rooms without sockets on this server.
void ClassicAdapter::on_message(std::string_view channel, Bytes payload) {
  ++count().messages;
  if (channel.starts_with(broadcast_prefix_)) {
    channel.remove_prefix(broadcast_prefix_.size());
    if (!channel.empty()) {
      channel.remove_suffix(1);
    }
    if (!channel.empty() && !is_room_here(channel)) {
      ++count().dropped_absent;
      return;
    }
    on_broadcast(channel, payload);
  } else if (channel == request_channel_) {
    on_request(payload);
  } else {
    on_response(payload);
  }
}

void ClassicAdapter::on_broadcast(std::string_view, Bytes payload) {
  if (broadcast::peek_uid(payload) == uid()) {
    ++count().dropped_own;
    return;
  }
  const auto decoded = broadcast::decode(payload);
  if (!decoded.ok()) {
    ++count().malformed;
  } else if (decoded->nsp != host().nsp()) {
    ++count().dropped_nsp;
  } else {
    apply_here({Operation::Kind::emit, {decoded->rooms, decoded->except}, decoded->data, decoded->flags});
  }
}

void ClassicAdapter::on_request(Bytes payload) {
  const auto decoded = classic_request::decode(payload, scratch_);
  if (!decoded.ok()) {
    ++count().malformed;
    return;
  }
  const classic_request::View& request = decoded.value();
  const bool own = request.uid == uid() || (request.request_id && requests().kind_of(*request.request_id));
  if (own) {
    ++count().dropped_own;
  } else if (!request.sid.empty()) {
    act_on_single_socket(request);
  } else {
    act_on(request);
  }
}

void ClassicAdapter::act_on(const classic_request::View& request) {
  using classic_request::Type;
  const Question question{std::string(request.uid), std::string(request.request_id.value_or(""))};
  switch (request.type) {
    case Type::sockets: respond_ids(question, {request.rooms, {}}); return;
    case Type::all_rooms: respond_rooms(question); return;
    case Type::join:
    case Type::leave:
    case Type::disconnect:
      apply_here({kind_of(request.type), selection_of(request.target), {}, {}, request.rooms, request.close});
      return;
    case Type::fetch_sockets: respond_sockets(question, selection_of(request.target)); return;
    case Type::server_side_event:
      on_server_side(request.request_id ? std::optional(question) : std::nullopt, request.data);
      return;
    case Type::broadcast:
      if (request.nsp != host().nsp()) {
        ++count().dropped_nsp;
        return;
      }
      on_broadcast_with_ack(question, selection_of(request.target), request.data, request.target.flags);
      return;
  }
}

/// Handles the form of older adapters: the server that has the socket acts, and responds.
void ClassicAdapter::act_on_single_socket(const classic_request::View& request) {
  const Question question{std::string(request.uid), std::string(request.request_id.value_or(""))};
  const std::vector<std::string> id{std::string(request.sid)};
  const std::vector<std::string> rooms(request.rooms.begin(), request.rooms.end());
  on_fetch({std::span(id), {}}, Form::msgpack,
           [this, question, id, rooms, type = request.type, close = request.close](const Sockets& sockets) {
             const Arguments found(sockets.packed.bytes(), sockets.count);
             const bool is_here = std::any_of(found.begin(), found.end(), [&id](const Value& socket) {
               return socket.member("id").as<std::string_view>() == std::string_view(id.front());
             });
             if (is_here) {
               act_on_socket(question, id, type, rooms, close);
             }
           });
}

void ClassicAdapter::act_on_socket(const Question& question, const std::vector<std::string>& id, classic_request::Type type,
                                   const std::vector<std::string>& rooms, bool close) {
  apply_here({kind_of(type), {std::span(id), {}}, {}, {}, std::span(rooms), close});
  if (!question.request_id.empty()) {
    classic_response::encode_done(message(), question.request_id);
    publish(response_channel(question));
  }
}

void ClassicAdapter::on_response(Bytes payload) {
  if (requests().empty()) {  // a response to the request of another server
    ++count().foreign_answers;
    return;
  }
  const auto id = classic_response::peek_request_id(payload);
  if (id && !requests().kind_of(*id)) {
    ++count().foreign_answers;
    return;
  }
  const auto decoded = classic_response::decode(payload, scratch_);
  if (!decoded.ok()) {
    ++count().malformed;
    return;
  }
  const classic_response::View& response = decoded.value();
  const auto kind = requests().kind_of(response.request_id);
  if (!kind) {
    ++count().foreign_answers;
    return;
  }
  switch (*kind) {  // the request decides, not the type in the response
    case RequestKind::sockets: requests().on_sockets(response.request_id, {}, response.sockets); return;
    case RequestKind::rooms: on_rooms(response); return;
    case RequestKind::server_side: requests().on_server_side_answer(response.request_id, {}, response.data); return;
    case RequestKind::acks: break;
    case RequestKind::server_count:
    case RequestKind::local: ++count().malformed; return;  // its requests are not sent to servers
  }
  switch (response.type) {
    case classic_response::Type::client_count:
      requests().on_client_count(response.request_id, {}, response.client_count);
      return;
    case classic_response::Type::ack: requests().on_ack(response.request_id, response.packet); return;
    default: ++count().malformed;
  }
}

void ClassicAdapter::on_rooms(const classic_response::View& response) {
  std::vector<std::string> rooms;
  classic_response::NameReader reader(response.rooms);
  for (std::string_view name; reader.next(name);) {
    rooms.emplace_back(name);
  }
  if (reader.ok()) {
    requests().on_rooms(response.request_id, {}, std::move(rooms));
  } else {
    ++count().malformed;
  }
}

}  // namespace adapter

adapter::AdapterFactory classic_adapter(std::shared_ptr<adapter::Bus> bus, ClassicOptions options) {
  options.check();
  if (in_ms(options.requests_timeout) == 0) {
    throw Error(ErrorCode::bad_option, "requests_timeout must not be 0.");
  }
  return [bus = std::move(bus), options = std::move(options)](adapter::Host& host) -> std::unique_ptr<adapter::Adapter> {
    return std::make_unique<adapter::ClassicAdapter>(host, bus, options);
  };
}

}  // namespace socketio
