// Subscriptions against a server that follows a script.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "client_fixture.hpp"
#include "fake_redis.hpp"

namespace client_subscription_test {

using namespace recorders;
using fixture::quick;
using redis::Client;
using redis::Options;
using redis::State;
using redis::SubscriptionKind;

namespace {

std::string text(const std::string& value) { return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n"; }

std::string message(const std::string& channel, const std::string& payload) {
  return "*3\r\n" + text("message") + text(channel) + text(payload);
}

/// Confirms a SUBSCRIBE or another of its kind, name by name. Returns false when the connection ended.
bool confirm(fake::Connection& connection) {
  std::vector<std::string> words = connection.command();
  if (words.empty()) {
    return false;
  }
  std::string kind = words[0];
  std::transform(kind.begin(), kind.end(), kind.begin(), [](char letter) { return static_cast<char>(letter - 'A' + 'a'); });
  for (std::size_t index = 1; index < words.size(); ++index) {
    connection.send("*3\r\n" + text(kind) + text(words[index]) + ":1\r\n");
  }
  return true;
}

}  // namespace

TEST_CASE("subscriptions: ready means that all are confirmed") {
  std::atomic<bool> go_on = false;
  fake::Redis server([&go_on](fake::Connection& connection, int) {
    CHECK(connection.command() == std::vector<std::string>{"SUBSCRIBE", "a"});
    connection.send("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    CHECK(connection.command() == std::vector<std::string>{"PSUBSCRIBE", "p*"});
    while (!go_on) {
      std::this_thread::yield();
    }
    connection.send("*3\r\n$10\r\npsubscribe\r\n$2\r\np*\r\n:2\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.subscribe(SubscriptionKind::pattern, "p*", messages);
  client.connect();

  REQUIRE(wait(loop, [&] { return messages.subscribed.size() == 1; }));
  CHECK(client.state() == State::connecting);
  go_on = true;
  REQUIRE(wait_ready(loop, client));

  CHECK(messages.subscribed == std::vector<std::pair<std::string, std::string>>{{"a", ""}, {"p*", ""}});
}

TEST_CASE("subscriptions: after a loss all are asked for again before the client is ready") {
  fake::Redis server([](fake::Connection& connection, int number) {
    confirm(connection);
    confirm(connection);
    connection.send(message("a", "from " + std::to_string(number)));
    if (number > 0) {
      connection.wait_for_end();
    }
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.subscribe(SubscriptionKind::pattern, "b*", messages);
  client.connect();
  REQUIRE(wait(loop, [&] { return messages.messages.size() == 2; }));

  CHECK(messages.messages[1].payload == "from 1");
  CHECK(messages.subscribed.size() == 4);
  std::sort(messages.lost.begin(), messages.lost.end());
  CHECK(messages.lost == std::vector<std::string>{"a", "b*"});
  CHECK(client.counters().connects == 2);
  CHECK(client.counters().disconnects == 1);
}

TEST_CASE("subscriptions: one that is given to a ready client is counted until Redis has answered, and that is told") {
  std::atomic<bool> go_on = false;
  fake::Redis server([&go_on](fake::Connection& connection, int) {
    confirm(connection);
    const auto words = connection.command();
    CHECK(words == std::vector<std::string>{"SUBSCRIBE", "late"});
    while (!go_on) {
      std::this_thread::yield();
    }
    connection.send("*3\r\n$9\r\nsubscribe\r\n" + text("late") + ":1\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  int settled = 0;
  client.on_subscriptions([&] {
    ++settled;
    CHECK(client.unconfirmed_count() == 0);
  });
  client.subscribe(SubscriptionKind::channel, "early", messages);
  CHECK(client.unconfirmed_count() == 1);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  REQUIRE(wait(loop, [&settled] { return settled == 1; }));
  client.subscribe(SubscriptionKind::channel, "late", messages);
  loop.poll();
  CHECK(client.state() == State::ready);
  CHECK(client.unconfirmed_count() == 1);
  CHECK(settled == 1);
  go_on = true;
  REQUIRE(wait(loop, [&settled] { return settled == 2; }));
  CHECK(client.state() == State::ready);
  CHECK(messages.lost.empty());
}

TEST_CASE("subscriptions: a refused one does not hold up the others, which share its command") {
  fake::Redis server([](fake::Connection& connection, int) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (std::find(words.begin(), words.end(), "forbidden") != words.end()) {
        connection.send("-NOPERM this user has no permissions to access one of the channels used as arguments\r\n");
      } else {
        for (std::size_t index = 1; index < words.size(); ++index) {
          connection.send("*3\r\n$9\r\nsubscribe\r\n" + text(words[index]) + ":1\r\n");
        }
      }
    }
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  for (const char* const name : {"a", "forbidden", "b"}) {
    client.subscribe(SubscriptionKind::channel, name, messages);
  }
  client.connect();
  REQUIRE(wait(loop, [&] { return messages.subscribed.size() == 3; }));

  for (const auto& [name, error] : messages.subscribed) {
    CHECK(error.starts_with("NOPERM") == (name == "forbidden"));
  }
}

TEST_CASE(
    "subscriptions: a refused one is asked for again on the same connection, and its listener hears of the change alone") {
  int requests = 0;
  fake::Redis server([&requests](fake::Connection& connection, int) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (++requests < 4) {
        connection.send("-NOPERM no\r\n");
      } else {
        connection.send("*3\r\n$9\r\nsubscribe\r\n" + text(words[1]) + ":1\r\n" + message(words[1], "heard"));
      }
    }
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.connect();
  REQUIRE(wait(loop, [&] { return !messages.messages.empty(); }));

  CHECK(client.counters().connects == 1);
  REQUIRE(messages.subscribed.size() == 2);
  CHECK(messages.subscribed[0].second == "NOPERM no");
  CHECK(messages.subscribed[1].second.empty());
}

TEST_CASE(
    "subscriptions: while Redis refuses one, the client is not ready: state, log, error and counter tell, until it is "
    "granted") {
  std::atomic<bool> is_granted = false;
  fake::Redis server([&is_granted](fake::Connection& connection, int) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "PSUBSCRIBE" && !is_granted) {
        connection.send("-NOPERM no\r\n");
      } else {
        connection.send("*3\r\n" + text(words[0] == "PSUBSCRIBE" ? "psubscribe" : "subscribe") + text(words[1]) + ":1\r\n");
      }
    }
  });
  Loop loop;
  Messages messages;
  Options options = quick(server);
  std::vector<std::string> warnings;
  options.log = [&warnings](const LogRecord& message) {
    if (message.level == LogLevel::warning) {
      warnings.emplace_back(message.message);
    }
  };
  std::vector<std::pair<State, std::string>> states;
  Client client(loop, options);
  client.on_state([&states](State state, std::string_view why) { states.emplace_back(state, why); });
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.subscribe(SubscriptionKind::pattern, "p\x1b*", messages);
  client.connect();
  REQUIRE(wait(loop, [&] { return client.state() == State::refused; }));
  CHECK(client.last_error() == "Redis at " + server.url() +
                                   " refused the subscription to the pattern \"p?*\" (NOPERM no): messages published there do "
                                   "not arrive. Grant it with: ACL SETUSER default +psubscribe &p?* (a pattern has to be "
                                   "granted literally).");
  CHECK(client.last_error_is_refusal());
  CHECK(warnings == std::vector<std::string>{client.last_error()});
  CHECK(client.counters().subscriptions_refused == 1);
  CHECK(client.counters().connects == 1);

  is_granted = true;
  REQUIRE(wait_ready(loop, client));
  CHECK(client.counters().subscriptions_refused == 1);
  const std::string why = client.last_error();
  CHECK(states ==
        std::vector<std::pair<State, std::string>>{{State::connecting, ""}, {State::refused, why}, {State::ready, ""}});
}

TEST_CASE("subscriptions: one that is refused while the client is ready ends that; given up, it does not count any more") {
  fake::Redis server([](fake::Connection& connection, int) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[1] == "good") {
        connection.send("*3\r\n" + text(words[0] == "SUBSCRIBE" ? "subscribe" : "unsubscribe") + text(words[1]) + ":1\r\n");
      } else {
        connection.send("-NOPERM no\r\n");
      }
    }
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  client.subscribe(SubscriptionKind::channel, "good", messages);
  client.connect();
  REQUIRE(wait_ready(loop, client));

  client.subscribe(SubscriptionKind::shard, "bad", messages);
  client.subscribe(SubscriptionKind::shard, "worse", messages);
  REQUIRE(wait(loop, [&] { return client.counters().subscriptions_refused == 2; }));
  CHECK(client.state() == State::refused);
  client.unsubscribe(SubscriptionKind::shard, "bad");
  loop.poll();
  CHECK(client.state() == State::refused);
  CHECK(contains(client.last_error(), "\"worse\""));
  client.unsubscribe(SubscriptionKind::shard, "worse");
  REQUIRE(wait_ready(loop, client));
}

TEST_CASE("subscriptions: messages go by exact name, and to nobody after unsubscribe()") {
  fake::Redis server([](fake::Connection& connection, int) {
    confirm(connection);
    connection.send(message("a", "1") + message("other", "2") + message("b", "3") + message("a", "4"));
    confirm(connection);
    connection.send(message("b", "5"));
    connection.wait_for_end();
  });
  Loop loop;
  Messages a;
  Messages b;
  Client client(loop, quick(server));
  a.then = [&client](const Messages::One&) { client.unsubscribe(SubscriptionKind::channel, "a"); };
  client.subscribe(SubscriptionKind::channel, "a", a);
  client.subscribe(SubscriptionKind::channel, "b", b);
  client.connect();
  REQUIRE(wait(loop, [&] { return b.messages.size() == 2; }));

  CHECK(a.messages == std::vector<Messages::One>{{"a", "1"}});
  CHECK(b.messages == std::vector<Messages::One>{{"b", "3"}, {"b", "5"}});
  CHECK(client.counters().messages == 3);
}

TEST_CASE("subscriptions: given up before it is confirmed, and taken again, only the last one counts") {
  fake::Redis server([](fake::Connection& connection, int) {
    while (confirm(connection)) {
    }
  });
  Loop loop;
  Messages first;
  Messages second;
  Client client(loop, quick(server));
  client.connect();
  REQUIRE(wait_ready(loop, client));

  client.subscribe(SubscriptionKind::channel, "a", first);
  client.unsubscribe(SubscriptionKind::channel, "a");
  client.subscribe(SubscriptionKind::channel, "a", second);
  client.subscribe(SubscriptionKind::channel, "b", second);
  REQUIRE(wait(loop, [&] { return second.subscribed.size() == 2; }));

  CHECK(first.subscribed.empty());
}

TEST_CASE("subscriptions: thousands of names go out in few, bounded commands") {
  std::atomic<int> names = 0;
  std::atomic<int> commands = 0;
  std::atomic<std::size_t> longest = 0;
  fake::Redis server([&](fake::Connection& connection, int) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      ++commands;
      longest = std::max(longest.load(), words.size());
      for (std::size_t index = 1; index < words.size(); ++index) {
        ++names;
        connection.send("*3\r\n$9\r\nsubscribe\r\n" + text(words[index]) + ":1\r\n");
      }
    }
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  for (int index = 0; index < 5'000; ++index) {
    client.subscribe(SubscriptionKind::channel, "channel-" + std::to_string(index), messages);
  }
  client.connect();
  REQUIRE(wait_ready(loop, client));

  CHECK(names == 5'000);
  CHECK(commands < 100);
  CHECK(longest <= 257);
  CHECK(messages.subscribed.size() == 5'000);
}

TEST_CASE("subscriptions: a wrong confirmation ends the connection") {
  fake::Redis server([](fake::Connection& connection, int number) {
    if (number == 0) {
      connection.command();
      connection.send("*3\r\n$9\r\nsubscribe\r\n$1\r\nz\r\n:1\r\n");
    } else {
      confirm(connection);
    }
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  CHECK(client.counters().protocol_errors == 1);
}

TEST_CASE("subscriptions: a server that never confirms is given up") {
  fake::Redis server([](fake::Connection& connection, int number) {
    if (number == 0) {
      connection.wait_for_end();
    }
    confirm(connection);
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Options options = quick(server);
  options.command_timeout = std::chrono::milliseconds(30);
  Client client(loop, options);
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  CHECK(client.counters().failed_attempts == 1);
}

TEST_CASE("subscriptions: commands given before the first one are finished, later ones refused") {
  std::vector<std::string> order;
  fake::Redis server([&order](fake::Connection& connection, int) {
    order.push_back(connection.command()[0]);
    connection.send(":1\r\n");
    order.push_back(connection.command()[0]);
    connection.send("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Messages messages;
  Client client(loop, quick(server));
  client.publish("c", as_bytes("x"), publishes, 1);
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.publish("c", as_bytes("x"), publishes, 2);
  client.connect();
  REQUIRE(wait_ready(loop, client));

  CHECK(order == std::vector<std::string>{"PUBLISH", "SUBSCRIBE"});
  REQUIRE(publishes.ended.size() == 2);
  CHECK(publishes.ended[0].tag == 2);
  CHECK(publishes.ended[0].message.find("has subscriptions") != std::string::npos);
  CHECK(publishes.ended[1].outcome == redis::Outcome::ok);
}

TEST_CASE("subscriptions: the client may be destroyed or lost in the middle of a message") {
  for (const bool destroy : {true, false}) {
    CAPTURE(destroy);
    fake::Redis server([](fake::Connection& connection, int) {
      confirm(connection);
      std::string many;
      for (int index = 0; index < 1'000; ++index) {
        many += message("a", std::string(100, 'x'));
      }
      connection.send(many);
      connection.wait_for_end();
    });
    Loop loop;
    Messages messages;
    std::optional<Client> client;
    client.emplace(loop, quick(server));
    messages.then = [&](const Messages::One&) {
      if (messages.messages.size() == 500) {
        if (destroy) {
          client.reset();
        } else {
          client->close(std::chrono::milliseconds(0));
        }
      }
    };
    client->subscribe(SubscriptionKind::channel, "a", messages);
    client->connect();
    REQUIRE(wait(loop, [&] { return !client || client->state() == State::closed; }));
    CHECK(messages.messages.size() >= 500);
  }
}

TEST_CASE("subscriptions: one may be ended after the client was closed") {
  fake::Redis server([](fake::Connection& connection, int) {
    confirm(connection);
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.connect();
  REQUIRE(wait(loop, [&] { return client.state() == State::ready; }));
  client.close(std::chrono::milliseconds(0));
  REQUIRE(wait(loop, [&] { return client.state() == State::closed; }));

  client.unsubscribe(SubscriptionKind::channel, "a");
  loop.poll();

  CHECK(client.state() == State::closed);
}

}  // namespace client_subscription_test
