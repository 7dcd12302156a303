#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <socketio/fleet/fleet.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/pack.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

/// A server of a fleet as askers see it: it is counted, receives requests, and sends the responses that the test chooses.
class FakeServer final : private socketio::redis::MessageListener {
 public:
  struct Behaviour {
    std::vector<std::string> sockets = {};  ///< ids; each is also in the room "kitchen"
    std::uint64_t clients = 0;              ///< number of clients that a request for acks reaches
    std::vector<int> acks = {};             ///< acks of these clients
    bool silent = false;
    int times = 1;  ///< number of times that each response is sent
  };

  FakeServer(socketio::Loop& loop, const support::RedisServer& redis, socketio::Transport transport, std::string uid,
             Behaviour behaviour)
      : transport_(transport),
        uid_(std::move(uid)),
        behaviour_(std::move(behaviour)),
        publisher_(loop, socketio::redis::parse_url(redis.url())),
        subscriber_(loop, socketio::redis::parse_url(redis.url())) {
    using socketio::redis::SubscriptionKind;
    kind_ = transport == socketio::Transport::sharded ? SubscriptionKind::shard : SubscriptionKind::channel;
    if (is_classic()) {
      subscriber_.subscribe(kind_, "socket.io-request#/#", *this);
      subscriber_.subscribe(kind_, "socket.io-response#/#" + uid_ + "#", *this);
    } else {
      subscriber_.subscribe(kind_, "socket.io#/#", *this);
      subscriber_.subscribe(kind_, "socket.io#/#" + uid_ + "#", *this);
      subscriber_.subscribe(kind_, "socket.io#/#kitchen#", *this);
    }
    subscriber_.connect();
    publisher_.connect();
    recorders::wait_ready(loop, subscriber_);
    recorders::wait_ready(loop, publisher_);
  }

  std::size_t questions = 0;
  std::vector<std::string> uids;  ///< uids of the askers

 private:
  [[nodiscard]] bool is_classic() const noexcept { return transport_ == socketio::Transport::classic; }

  void on_message(std::string_view, socketio::Bytes payload) override {
    is_classic() ? on_classic(payload) : on_cluster_message(payload);
  }
  void on_subscribed(std::string_view, std::string_view) override {}

  /// The sockets as consecutive packed maps.
  [[nodiscard]] socketio::Buffer packed_sockets() const {
    using namespace socketio;
    Buffer packed;
    for (const std::string& id : behaviour_.sockets) {
      pack::map_header(packed, 4);
      pack::text(packed, "id");
      pack::text(packed, id);
      pack::text(packed, "handshake");
      pack::map_header(packed, 1);
      pack::text(packed, "address");
      pack::text(packed, "10.0.0.1");
      pack::text(packed, "rooms");
      pack::array_header(packed, 2);
      pack::text(packed, id);
      pack::text(packed, "kitchen");
      pack::text(packed, "data");
      pack::unsigned_integer(packed, 7);
    }
    return packed;
  }

  static socketio::Buffer number(int value) {
    socketio::Buffer packed;
    socketio::pack::number(packed, value);
    return packed;
  }

  void on_classic(socketio::Bytes payload) {
    using namespace socketio;
    using classic_request::Type;
    Buffer scratch;
    const auto request = classic_request::decode(payload, scratch);
    if (!request.ok() || !request->request_id) {
      return;
    }
    ++questions;
    uids.emplace_back(request->uid);
    if (behaviour_.silent) {
      return;
    }
    const std::string_view id = *request->request_id;
    const auto publish = [this](const Buffer& out) {
      for (int time = 0; time < behaviour_.times; ++time) {
        publisher_.publish("socket.io-response#/#", out.bytes(), published_, 0);
      }
    };
    Buffer out;
    if (request->type == Type::sockets) {
      const std::vector<std::string_view> ids(behaviour_.sockets.begin(), behaviour_.sockets.end());
      classic_response::encode_socket_ids(out, id, ids);
    } else if (request->type == Type::all_rooms) {
      classic_response::encode_rooms(out, id, std::vector<Room>{"kitchen", uid_});
    } else if (request->type == Type::fetch_sockets) {
      std::string json;
      for (const std::string& socket : behaviour_.sockets) {
        json += std::string(json.empty() ? "" : ",") + R"({"id":")" + socket +
                R"(","handshake":{"address":"10.0.0.1"},"rooms":[")" + socket + R"(","kitchen"],"data":7})";
      }
      classic_response::encode_sockets_json(out, id, json);
    } else if (request->type == Type::server_side_event) {
      (void)classic_response::encode_server_side_answer(out, id, number(42).bytes());
    } else {
      classic_response::encode_client_count(out, id, behaviour_.clients);
      publish(out);
      for (const int ack : behaviour_.acks) {
        Buffer answer;
        classic_response::encode_ack(answer, id, number(ack).bytes());
        publisher_.publish("socket.io-response#/#", answer.bytes(), published_, 0);
      }
      return;
    }
    publish(out);
  }

  void on_cluster_message(socketio::Bytes payload) {
    using namespace socketio;
    using cluster_message::Type;
    Buffer scratch;
    const auto envelope = cluster_message::open(payload, scratch);
    if (!envelope.ok()) {
      return;
    }
    const Type type = static_cast<Type>(envelope->type);
    const auto message = cluster_message::decode(type, envelope->data);
    if (!message.ok() || !message->request_id) {
      return;
    }
    ++questions;
    uids.emplace_back(envelope->uid);
    if (behaviour_.silent) {
      return;
    }
    const std::string_view id = *message->request_id;
    const std::string channel = "socket.io#/#" + std::string(envelope->uid) + "#";
    const auto answer = [&](Type with, const Buffer& data) {
      Buffer out;
      cluster_message::encode_msgpack(out, with, data.bytes(), uid_, "/");
      kind_ == redis::SubscriptionKind::shard ? publisher_.publish_sharded(channel, out.bytes(), published_, 0)
                                              : publisher_.publish(channel, out.bytes(), published_, 0);
    };
    for (int time = 0; time < behaviour_.times; ++time) {
      Buffer data;
      if (type == Type::fetch_sockets) {
        cluster_message::append_sockets(data, id, behaviour_.sockets.size(), packed_sockets().bytes());
        answer(Type::fetch_sockets_answer, data);
      } else if (type == Type::server_side_event) {
        cluster_message::append_answer(data, id, number(42).bytes());
        answer(Type::server_side_answer, data);
      } else {
        cluster_message::append_client_count(data, id, behaviour_.clients);
        answer(Type::client_count, data);
      }
    }
    for (const int ack : type == Type::broadcast ? behaviour_.acks : std::vector<int>()) {
      Buffer data;
      cluster_message::append_answer(data, id, number(ack).bytes());
      answer(Type::ack, data);
    }
  }

  socketio::Transport transport_;
  std::string uid_;
  Behaviour behaviour_;
  socketio::redis::SubscriptionKind kind_ = socketio::redis::SubscriptionKind::channel;
  recorders::Publishes published_;
  socketio::redis::Client publisher_;
  socketio::redis::Client subscriber_;
};
