#include "ask_dialect.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/sharded_channels.hpp>

namespace socketio::emitter {
namespace {

using redis::SubscriptionKind;

selector::Target selection(const Target& target) { return {target.rooms, target.except, target.flags}; }

/// Classic. Responses arrive on a shared channel and on this process's own, and do not identify the server.
class ClassicDialect final : public AskDialect {
 public:
  /// The uid is longer than a server's, so that this process is not taken for one.
  ClassicDialect(const Fleet& fleet, Random& random)
      : key_(fleet.key), random_(random), uid_("ask-" + ids::make_short(random)) {}

  std::vector<Channel> answer_channels(std::string_view nsp) const override {
    return {{SubscriptionKind::channel, name_by([&](Buffer& out) { classic_channels::append_response(out, key_, nsp); })},
            {SubscriptionKind::channel,
             name_by([&](Buffer& out) { classic_channels::append_specific_response(out, key_, nsp, uid_); })}};
  }
  Channel servers_channel(std::string_view nsp) const override {
    return {SubscriptionKind::channel, name_by([&](Buffer& out) { classic_channels::append_request(out, key_, nsp); })};
  }
  std::optional<std::string> endangered_channel(std::string_view) const override { return std::nullopt; }
  Channel named_channels(std::string_view nsp) const override {
    return {SubscriptionKind::channel,
            name_by([&](Buffer& out) { sharded_channels::append_pattern(out, key_ + "-response", nsp); })};
  }
  std::string named_prefix(std::string_view nsp) const override {
    return name_by([&](Buffer& out) { classic_channels::append_response(out, key_, nsp); });
  }
  bool is_server(std::string_view name) const noexcept override { return name.size() == ids::short_size; }
  /// The request for ids cannot leave out rooms; the one for whole sockets can.
  RequestKind possible(const Question& question) const noexcept override {
    return question.kind == RequestKind::ids && !question.target.except.empty() ? RequestKind::sockets : question.kind;
  }
  std::string make_request_id() override { return ids::make_short(random_); }

  bool encode(Buffer& out, const Question& question, std::string_view request_id) const override {
    const Target& target = question.target;
    switch (question.kind) {
      case RequestKind::acks:
        classic_request::encode_broadcast(out, uid_, request_id, question.event.bytes(), target.nsp, selection(target));
        return true;
      case RequestKind::sockets: classic_request::encode_fetch_sockets(out, uid_, request_id, selection(target)); return true;
      case RequestKind::ids: classic_request::encode_sockets(out, request_id, target.rooms, uid_); return true;
      case RequestKind::rooms: classic_request::encode_all_rooms(out, uid_, request_id); return true;
      case RequestKind::server_side:
        return classic_request::encode_server_side_event(out, uid_, request_id, question.event.bytes()).ok();
    }
    return false;
  }

  bool read(Bytes payload, Answer& answer) override {
    const auto decoded = classic_response::decode(payload, scratch_);
    if (!decoded.ok()) {
      return false;
    }
    answer.request_id = decoded->request_id;
    answer.client_count = decoded->client_count;
    switch (decoded->type) {
      case classic_response::Type::client_count: answer.kind = Answer::Kind::client_count; return true;
      case classic_response::Type::ack:
        answer.kind = Answer::Kind::ack;
        answer.value = decoded->packet;
        return true;
      default: break;
    }
    answer.kind = !decoded->sockets.empty() ? Answer::Kind::sockets
                  : !decoded->rooms.empty() ? Answer::Kind::rooms
                                            : Answer::Kind::value;
    answer.list = !decoded->sockets.empty() ? decoded->sockets : decoded->rooms;
    answer.value = decoded->data;
    return true;
  }

 private:
  const std::string key_;
  Random& random_;
  const std::string uid_;
  Buffer scratch_;
};

/// Sharded and streams: one set of messages. Responses arrive on this process's own channel, and contain the server's uid.
class MessageDialect final : public AskDialect {
 public:
  /// The uid contains letters that no server's uid has.
  MessageDialect(const Fleet& fleet, Random& random)
      : fleet_(fleet), random_(random), uid_("asker-" + ids::make_hex(random).substr(6)) {}

  std::vector<Channel> answer_channels(std::string_view nsp) const override {
    return {{kind(), name_by([&](Buffer& out) { sharded_channels::append_named(out, fleet_.key, nsp, uid_); })}};
  }
  Channel servers_channel(std::string_view nsp) const override { return {kind(), named_prefix(nsp)}; }
  std::optional<std::string> taps_channel(std::string_view nsp) const override {
    if (kind() != SubscriptionKind::shard) {
      return std::nullopt;
    }
    return name_by([&](Buffer& out) { sharded_channels::append_tap(out, fleet_.key, nsp); });
  }
  /// Classic servers with the same key take a request sent by PUBLISH for a broadcast, and a malformed one.
  std::optional<std::string> endangered_channel(std::string_view nsp) const override {
    if (kind() == SubscriptionKind::shard) {
      return std::nullopt;
    }
    return name_by([&](Buffer& out) { classic_channels::append_request(out, fleet_.key, nsp); });
  }
  Channel named_channels(std::string_view nsp) const override {
    return {kind(), name_by([&](Buffer& out) { sharded_channels::append_pattern(out, fleet_.key, nsp); })};
  }
  std::string named_prefix(std::string_view nsp) const override {
    return name_by([&](Buffer& out) { sharded_channels::append_main(out, fleet_.key, nsp); });
  }
  bool is_server(std::string_view name) const noexcept override {
    return name.size() == ids::hex_size && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  }
  bool channels_tell_rooms() const noexcept override {
    return fleet_.transport == Transport::sharded && fleet_.sharded_mode != SubscriptionMode::only_static;
  }
  /// Whole sockets include their ids and rooms.
  RequestKind possible(const Question& question) const noexcept override {
    return question.kind == RequestKind::ids || question.kind == RequestKind::rooms ? RequestKind::sockets : question.kind;
  }
  std::string make_request_id() override { return ids::make_hex(random_); }

  bool encode(Buffer& out, const Question& question, std::string_view request_id) const override {
    using cluster_message::Type;
    Buffer data;
    Type type = Type::fetch_sockets;
    if (question.kind == RequestKind::acks) {
      type = Type::broadcast;
      cluster_message::append_broadcast(data, question.event.bytes(), std::nullopt, request_id, selection(question.target));
    } else if (question.kind == RequestKind::server_side) {
      type = Type::server_side_event;
      cluster_message::append_server_side_event(data, request_id, question.event.bytes());
    } else {
      cluster_message::append_fetch(data, selection(question.target), request_id);
    }
    if (fleet_.transport == Transport::streams || cluster_message::needs_msgpack(type, data.bytes())) {
      cluster_message::encode_msgpack(out, type, data.bytes(), uid_, question.target.nsp);
      return true;
    }
    return cluster_message::encode_json(out, type, data.bytes(), uid_, question.target.nsp).ok();
  }

  bool read(Bytes payload, Answer& answer) override {
    using cluster_message::Type;
    const auto envelope = cluster_message::open(payload, scratch_);
    if (!envelope.ok() || !cluster_message::is_known(envelope->type) ||
        !cluster_message::is_answer(static_cast<Type>(envelope->type))) {
      return false;
    }
    const auto decoded = cluster_message::decode(static_cast<Type>(envelope->type), envelope->data);
    if (!decoded.ok()) {
      return false;
    }
    answer.request_id = *decoded->request_id;
    answer.server = envelope->uid;
    answer.list = decoded->sockets;
    answer.value = decoded->value;
    answer.client_count = decoded->client_count;
    answer.kind = decoded->type == Type::fetch_sockets_answer ? Answer::Kind::sockets
                  : decoded->type == Type::client_count       ? Answer::Kind::client_count
                  : decoded->type == Type::ack                ? Answer::Kind::ack
                                                              : Answer::Kind::value;
    return true;
  }

 private:
  [[nodiscard]] SubscriptionKind kind() const noexcept {
    return fleet_.transport == Transport::sharded || fleet_.use_sharded_pubsub ? SubscriptionKind::shard
                                                                               : SubscriptionKind::channel;
  }

  const Fleet fleet_;
  Random& random_;
  const std::string uid_;
  Buffer scratch_;
};

}  // namespace

std::unique_ptr<AskDialect> AskDialect::make(const Fleet& fleet, Random& random) {
  fleet.check();
  if (fleet.transport == Transport::automatic) {
    return nullptr;
  }
  if (fleet.transport == Transport::classic) {
    return std::make_unique<ClassicDialect>(fleet, random);
  }
  return std::make_unique<MessageDialect>(fleet, random);
}

}  // namespace socketio::emitter
