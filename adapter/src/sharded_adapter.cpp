#include "sharded_adapter.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/limits.hpp>
#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/sharded_channels.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {
namespace adapter {
using redis::SubscriptionKind;

ShardedAdapter::ShardedAdapter(Host& adapter_host, std::shared_ptr<Bus> bus, ShardedOptions options)
    : MessageAdapter(adapter_host, ids::make_hex(adapter_host.random())),
      bus_(std::move(bus)),
      options_(std::move(options)),
      confirmations_(adapter_host.scheduler()) {
  main_channel_ = options_.key + "#" + std::string(host().nsp()) + "#";
  own_channel_ = channel_of(uid());
  subscribe(main_channel_);
  subscribe(own_channel_);
  if (options_.sharded_mode != SubscriptionMode::only_static) {
    for (Shard* const shard : host().shards()) {
      shard->set_observer(this);
    }
  }
}

ShardedAdapter::~ShardedAdapter() {
  if (!is_closed()) {
    ShardedAdapter::close();
  }
}

void ShardedAdapter::close() {
  if (!is_closed()) {
    for (Shard* const shard : host().shards()) {
      shard->set_observer(nullptr);
    }
    bus_->unsubscribe(SubscriptionKind::shard, main_channel_);
    bus_->unsubscribe(SubscriptionKind::shard, own_channel_);
    for (const std::string& room : std::exchange(subscribed_rooms_, {})) {
      bus_->unsubscribe(SubscriptionKind::shard, channel_of(room));
    }
  }
  MessageAdapter::close();
  confirmations_.close();
}

void ShardedAdapter::count_servers(std::function<void(std::optional<std::size_t>)> done) {
  bus_->count_subscribers(SubscriptionKind::shard, main_channel_, std::move(done));
}

/// Replaces lone surrogates: names of channels are UTF-8.
std::string ShardedAdapter::channel_of(std::string_view name) const {
  std::string channel = main_channel_ + std::string(name) + "#";
  utf8::replace_surrogates({reinterpret_cast<std::uint8_t*>(channel.data()), channel.size()});
  return channel;
}

void ShardedAdapter::subscribe(std::string channel) {
  bus_->subscribe(SubscriptionKind::shard, channel, *this);
  confirmations_.add(std::move(channel));
}

// ---- rooms with a channel of their own -------------------------------------------------------------------------------------

void ShardedAdapter::on_room_created(std::string_view room, bool is_private) {
  const bool wanted = options_.sharded_mode == SubscriptionMode::dynamic_private || !is_private;
  // A room that is named like this server's uid must not take over the channel for responses.
  if (wanted && room != uid() && subscribed_rooms_.emplace(room).second) {
    subscribe(channel_of(room));
  }
}

void ShardedAdapter::on_room_emptied(std::string_view room) {
  if (subscribed_rooms_.erase(std::string(room)) != 0) {
    const std::string channel = channel_of(room);
    bus_->unsubscribe(SubscriptionKind::shard, channel);
    confirmations_.remove(channel);
  }
}

/// Events for one of the rooms arrive on its channel; events for several rooms, and those with acks, on the main channel.
void ShardedAdapter::when_subscribed(std::span<const Room> rooms, std::function<void(bool)> done) {
  std::vector<std::string> channels{main_channel_};
  for (const Room& room : rooms) {
    if (room.name() == uid()) {  // that channel is for responses: see on_room_created()
      done(false);
      return;
    }
    if (sharded_channels::has_channel(options_.sharded_mode, room)) {
      channels.push_back(channel_of(room.name()));
    }
  }
  confirmations_.when_confirmed(std::move(channels), Confirmations::patience_ms, std::move(done));
}

bool ShardedAdapter::has_own_channel(const Room& room) {
  if (!sharded_channels::has_channel(options_.sharded_mode, room)) {
    return false;
  }
  if (fresh_rooms_.empty()) {
    return true;
  }
  const std::uint64_t now_ms = host().scheduler().now_ms();
  std::erase_if(fresh_rooms_, [now_ms](const auto& fresh) { return fresh.second <= now_ms; });
  return fresh_rooms_.find(room.name()) == fresh_rooms_.end();
}

void ShardedAdapter::publish_operation(const Operation& operation) {
  const bool has_channels = options_.sharded_mode != SubscriptionMode::only_static;
  if (operation.kind == Operation::Kind::join && has_channels && in_ms(options_.fresh_room_time) != 0) {
    const std::uint64_t until_ms = host().scheduler().now_ms() + in_ms(options_.fresh_room_time);
    for (const Room& room : operation.rooms) {
      fresh_rooms_[room.name()] = until_ms;
    }
  }
  MessageAdapter::publish_operation(operation);
}

// ---- messages --------------------------------------------------------------------------------------------------------------

void ShardedAdapter::publish(std::string_view channel, Type type, Bytes data) {
  payload_.clear_and_shrink(limits::kept_bytes_max);
  if (cluster_message::needs_msgpack(type, data)) {
    cluster_message::encode_msgpack(payload_, type, data, uid(), host().nsp());
    event_data::replace_surrogates({payload_.data(), payload_.size()});  // servers in JavaScript read its text as UTF-8
  } else if (!cluster_message::encode_json(payload_, type, data, uid(), host().nsp()).ok()) {
    return;  // never: checked before
  }
  bus_->publish(SubscriptionKind::shard, channel, payload_.bytes());
}

void ShardedAdapter::send(Type type, Bytes data, const Target* target, bool wants_answer) {
  const bool to_room = type == Type::broadcast && !wants_answer && target != nullptr && target->rooms.size() == 1 &&
                       has_own_channel(target->rooms.front());
  if (to_room) {
    publish(channel_of(target->rooms.front().name()), type, data);
  } else {
    publish(main_channel_, type, data);
  }
}

void ShardedAdapter::respond(Type type, Bytes data, std::string_view asker) { publish(channel_of(asker), type, data); }

void ShardedAdapter::on_message(std::string_view channel, Bytes payload) {
  ++count().messages;
  const auto envelope = cluster_message::open(payload, scratch_);
  if (!envelope.ok()) {
    ++count().malformed;
  } else if (channel == own_channel_) {
    on_response(envelope.value());
  } else {
    on_envelope(envelope.value());
  }
}

}  // namespace adapter

adapter::AdapterFactory sharded_adapter(std::shared_ptr<adapter::Bus> bus, ShardedOptions options) {
  options.check();
  return [bus = std::move(bus), options = std::move(options)](adapter::Host& host) -> std::unique_ptr<adapter::Adapter> {
    return std::make_unique<adapter::ShardedAdapter>(host, bus, options);
  };
}

}  // namespace socketio
