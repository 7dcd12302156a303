#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/bus.hpp>
#include <socketio/adapter/classic.hpp>
#include <socketio/adapter/sharded.hpp>
#include <socketio/adapter/streams.hpp>

#include "fake_host.hpp"
#include "fake_redis.hpp"
#include "fake_time.hpp"

// Several servers in one test: adapters of one family on one fake Redis.
namespace nodes {

using socketio::Room;
using socketio::adapter::AckSummary;
using socketio::adapter::Adapter;
using socketio::adapter::AdapterFactory;
using socketio::adapter::FetchedSockets;
using socketio::adapter::ServerAnswers;
using socketio::Operation;
using socketio::Target;

/// A family of adapters. Tests of common behaviour run with each of them.
struct Family {
  std::string name;
  AdapterFactory (*make)(std::shared_ptr<socketio::adapter::Bus> bus);
  SubscriptionKind kind;        ///< of the channel on which servers receive requests and are counted
  const char* request_channel;  ///< of the namespace "/"
  bool names_responders;        ///< responses have a uid: a second response of the same server is detected
};

inline const std::vector<Family> families = {
    {"classic", [](std::shared_ptr<socketio::adapter::Bus> bus) { return socketio::classic_adapter(std::move(bus)); },
     SubscriptionKind::channel, "socket.io-request#/#", false},
    {"sharded", [](std::shared_ptr<socketio::adapter::Bus> bus) { return socketio::sharded_adapter(std::move(bus)); },
     SubscriptionKind::shard, "socket.io#/#", true},
    {"streams", [](std::shared_ptr<socketio::adapter::Bus> bus) { return socketio::streams_adapter(std::move(bus)); },
     SubscriptionKind::channel, "socket.io#/#", true},
};
constexpr std::uint64_t requests_timeout_ms = 5'000;

/// One namespace of one server.
struct Node {
  Node(FakeTime& time, std::shared_ptr<FakeBus> its_bus, const Family& family, std::uint64_t seed, std::string nsp,
       std::size_t shard_count)
      : bus(std::move(its_bus)), host(time, std::move(nsp), seed, shard_count), adapter(family.make(bus)(host)) {}

  std::shared_ptr<FakeBus> bus;
  FakeHost host;
  std::unique_ptr<Adapter> adapter;
};

/// A clock, a Redis, and servers on it.
struct Fleet {
  explicit Fleet(const Family& of, std::size_t size = 0, std::uint64_t seed = 1) : family(of), redis(time, seed) {
    for (std::size_t index = 0; index < size; ++index) {
      add();
    }
  }

  /// `bus`  the bus of a server that already has another namespace.
  Node& add(std::string nsp = "/", std::size_t shard_count = 1, std::shared_ptr<FakeBus> bus = nullptr) {
    if (bus == nullptr) {
      bus = std::make_shared<FakeBus>(redis);
    }
    return *nodes.emplace_back(
        std::make_unique<Node>(time, std::move(bus), family, nodes.size() + 1, std::move(nsp), shard_count));
  }
  Node& operator[](std::size_t index) { return *nodes[index]; }

  Family family;
  FakeTime time;
  FakeRedis redis;
  std::vector<std::unique_ptr<Node>> nodes;
};

/// Records the results of an operation, which must complete once.
template <typename Result>
struct Ending {
  std::shared_ptr<std::vector<Result>> results = std::make_shared<std::vector<Result>>();

  [[nodiscard]] std::function<void(Result)> callback() const {
    return [results = results](Result result) { results->push_back(std::move(result)); };
  }
  [[nodiscard]] std::size_t count() const { return results->size(); }
  [[nodiscard]] const Result& operator*() const { return results->at(0); }
  [[nodiscard]] const Result* operator->() const { return &results->at(0); }
};

}  // namespace nodes
