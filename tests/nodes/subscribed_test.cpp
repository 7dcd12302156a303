// when_subscribed() of adapters: it reports only subscriptions that Redis has confirmed, and only those of the given rooms.

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "each_family.hpp"

namespace subscribed_test {

using namespace nodes;

namespace {

/// A Redis that confirms or refuses subscriptions when a test calls answer().
class ToldBus final : public socketio::adapter::Bus {
 public:
  void publish(SubscriptionKind, std::string_view, Bytes) override {}
  void subscribe(SubscriptionKind, std::string_view name, MessageListener& listener) override {
    listeners[std::string(name)] = &listener;
  }
  void unsubscribe(SubscriptionKind, std::string_view name) override { listeners.erase(std::string(name)); }
  void count_subscribers(SubscriptionKind, std::string_view, std::function<void(std::optional<std::size_t>)>) override {}
  void command(std::span<const std::string_view>, socketio::redis::CommandDone) override {}
  std::unique_ptr<socketio::adapter::StreamReader> read_stream(const socketio::adapter::StreamReading& reading,
                                                               socketio::adapter::StreamListener& listener) override {
    class Reader final : public socketio::adapter::StreamReader {
      [[nodiscard]] std::string_view position() const noexcept override { return {}; }
    };
    stream = reading.stream;
    stream_listener = &listener;
    return std::make_unique<Reader>();
  }

  void answer(const std::string& name, std::string_view error = {}) { listeners.at(name)->on_subscribed(name, error); }
  void answer_all() {
    for (const auto& [name, listener] : std::map(listeners)) {
      listener->on_subscribed(name, {});
    }
    if (stream_listener != nullptr) {
      stream_listener->on_reading(stream);
    }
  }
  void lose_all() {
    for (const auto& [name, listener] : std::map(listeners)) {
      listener->on_subscription_lost(name);
    }
  }

  std::map<std::string, MessageListener*> listeners;
  std::string stream;
  socketio::adapter::StreamListener* stream_listener = nullptr;
};

/// Results that a call received; it must be one.
using Told = std::shared_ptr<std::vector<bool>>;

struct Server {
  explicit Server(const Family& family) : bus(std::make_shared<ToldBus>()), host(time, "/", 1), adapter(family.make(bus)(host)) {}

  void join(FakeSocket& socket, const char* room) { host.shard().index().join(socket, room); }
  Told ask(std::vector<Room> rooms) const {
    const auto told = std::make_shared<std::vector<bool>>();
    adapter->when_subscribed(rooms, [told](bool subscribed) { told->push_back(subscribed); });
    return told;
  }
  /// The result, if there is one already.
  static std::optional<bool> told(const Told& calls) {
    CHECK(calls->size() <= 1);
    return calls->empty() ? std::nullopt : std::optional<bool>(calls->front());
  }

  FakeTime time;
  std::shared_ptr<ToldBus> bus;
  FakeHost host;
  std::unique_ptr<Adapter> adapter;
};

const Family& sharded = families[1];
constexpr std::string_view refusal = "NOPERM no";

}  // namespace

TEST_CASE("subscribed: sharded, one refused room does not make the others' joins say false") {
  Server server(sharded);
  FakeSocket& socket = server.host.shard().add("s");
  server.bus->answer_all();
  server.join(socket, "refused");
  server.join(socket, "room");
  const Told refused = server.ask({Room("refused")});
  const Told room = server.ask({Room("room")});
  const Told both = server.ask({Room("room"), Room("refused")});
  server.bus->answer("socket.io#/#refused#", refusal);
  CHECK(server.told(refused) == false);
  CHECK(server.told(both) == false);
  CHECK(server.told(room) == std::nullopt);
  server.bus->answer("socket.io#/#room#");
  CHECK(server.told(room) == true);
  CHECK(server.told(server.ask({Room("room")})) == true);  // known already
  CHECK(server.told(server.ask({Room("refused")})) == false);
  server.bus->answer("socket.io#/#refused#");  // permitted meanwhile
  CHECK(server.told(server.ask({Room("room"), Room("refused")})) == true);
}

TEST_CASE("subscribed: while Redis is away nothing is known, in every family: true once it has confirmed, false in time") {
  with_each_family([](const Family& family) {
    Server server(family);
    FakeSocket& socket = server.host.shard().add("s");
    server.join(socket, "room");
    const std::vector<Room> rooms{Room("room")};
    const Told at_first = server.ask(rooms);
    CHECK(server.told(at_first) == std::nullopt);
    server.bus->answer_all();
    CHECK(server.told(at_first) == true);

    server.bus->lose_all();
    const Told away = server.ask(rooms);
    CHECK(server.told(away) == std::nullopt);
    server.time.advance(4'999);
    CHECK(server.told(away) == std::nullopt);
    server.time.advance(1);
    CHECK(server.told(away) == false);
    const Told back = server.ask(rooms);
    server.bus->answer_all();
    CHECK(server.told(back) == true);
    CHECK(server.told(server.ask(rooms)) == true);
    server.time.advance(100'000);
    CHECK(server.time.timer_count() == 0);
  });
}

TEST_CASE("subscribed: what was confirmed and lost while a call waits is waited for again") {
  Server server(sharded);
  FakeSocket& socket = server.host.shard().add("s");
  server.bus->answer_all();
  server.join(socket, "one");
  server.join(socket, "other");
  const Told both = server.ask({Room("one"), Room("other"), Room("one")});
  server.bus->answer("socket.io#/#one#");
  server.bus->lose_all();
  server.bus->answer("socket.io#/#other#");
  server.bus->answer("socket.io#/#");
  CHECK(server.told(both) == std::nullopt);
  server.bus->answer("socket.io#/#one#");
  CHECK(server.told(both) == true);
}

TEST_CASE("subscribed: rooms that were left, or that cannot have a channel, and a closed adapter say false") {
  with_each_family([](const Family& family) {
    Server server(family);
    const Told waiting = server.ask({});
    server.adapter->close();
    CHECK(server.told(waiting) == false);
    CHECK(server.told(server.ask({})) == false);
  });
  Server server(sharded);
  FakeSocket& socket = server.host.shard().add("s");
  server.bus->answer_all();
  server.join(socket, "room");
  const Told left = server.ask({Room("room")});
  server.host.shard().index().leave(socket, "room");
  CHECK(server.told(left) == false);
  CHECK(server.told(server.ask({Room("room")})) == false);
  CHECK(server.told(server.ask({})) == true);
}

TEST_CASE("subscribed: a callback may ask again, leave rooms, or end the adapter") {
  Server server(sharded);
  FakeSocket& socket = server.host.shard().add("s");
  server.bus->answer_all();
  server.join(socket, "room");
  const std::vector<Room> rooms{Room("room")};
  int calls = 0;
  server.adapter->when_subscribed(rooms, [&](bool subscribed) {
    ++calls;
    CHECK(subscribed);
    server.adapter->when_subscribed(rooms, [&](bool again) {
      ++calls;
      CHECK(again);
    });
    server.host.shard().index().leave(socket, "room");
    server.adapter.reset();
  });
  server.adapter->when_subscribed(rooms, [&](bool) { ++calls; });
  server.bus->answer("socket.io#/#room#");
  CHECK(calls == 3);
}

}  // namespace subscribed_test
