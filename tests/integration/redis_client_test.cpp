// The client and a real redis-server, without failures.

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

namespace redis_client_test {

using namespace recorders;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;
using redis::SubscriptionKind;

namespace {

redis::CommandResult run(Loop& loop, Client& client, const std::vector<std::string_view>& words) {
  std::optional<redis::CommandResult> result;
  client.command(words, [&result](redis::CommandResult ended) { result = std::move(ended); });
  REQUIRE(wait(loop, [&result] { return result.has_value(); }));
  return *std::move(result);
}

}  // namespace

TEST_CASE("redis: publishes arrive in order, by channel and by pattern, and are counted") {
  support::RedisServer server;
  for (const std::string& url : {server.url(), server.unix_url(), "redis://localhost:" + std::to_string(server.port())}) {
    CAPTURE(url);
    Loop loop;
    Messages by_channel;
    Messages by_pattern;
    Publishes publishes;
    Client subscriber(loop, redis::parse_url(url));
    Client publisher(loop, redis::parse_url(url));
    subscriber.subscribe(SubscriptionKind::channel, "room.1", by_channel);
    subscriber.subscribe(SubscriptionKind::pattern, "room.*", by_pattern);
    subscriber.connect();
    publisher.connect();
    REQUIRE(wait_ready(loop, subscriber));
    REQUIRE(wait_ready(loop, publisher));

    const std::string binary("\0\r\n\xff", 4);
    publisher.publish("room.1", as_bytes("one"), publishes, 1);
    publisher.publish("room.2", as_bytes(binary), publishes, 2);
    publisher.publish("nobody", as_bytes("x"), publishes, 3);
    publisher.publish("room.1", as_bytes(""), publishes, 4);
    REQUIRE(wait(loop, [&] {
      return publishes.ended.size() == 4 && by_pattern.messages.size() == 3 && by_channel.messages.size() == 2;
    }));

    CHECK(by_channel.messages == std::vector<Messages::One>{{"room.1", "one"}, {"room.1", ""}});
    CHECK(by_pattern.messages == std::vector<Messages::One>{{"room.1", "one"}, {"room.2", binary}, {"room.1", ""}});
    const std::int64_t receivers[] = {2, 1, 0, 2};
    for (std::size_t index = 0; index < 4; ++index) {
      CHECK(publishes.ended[index].tag == index + 1);
      CHECK(publishes.ended[index].outcome == Outcome::ok);
      CHECK(publishes.ended[index].receivers == receivers[index]);
    }
  }
}

TEST_CASE("redis: a hundred thousand publishes go out in few writes, and each is answered in order") {
  support::RedisServer server;
  Loop loop;
  Publishes publishes;
  Client client(loop, redis::parse_url(server.url()));
  client.connect();
  constexpr std::uint64_t count = 100'000;
  const std::string payload(250, 'x');

  for (std::uint64_t tag = 0; tag < count; ++tag) {
    client.publish("channel", as_bytes(payload), publishes, tag);
    if (tag % 1'000 == 0) {
      loop.poll();
    }
  }
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == count; }));

  bool in_order = true;
  for (std::uint64_t tag = 0; tag < count; ++tag) {
    in_order = in_order && publishes.ended[tag].tag == tag && publishes.ended[tag].outcome == Outcome::ok;
  }
  CHECK(in_order);
  CHECK(client.counters().writes < count / 50);
  CHECK(client.counters().bytes_written > count * 250);
}

TEST_CASE("redis: a message of 20 MB arrives whole") {
  support::RedisServer server;
  Loop loop;
  Messages messages;
  Publishes publishes;
  Client subscriber(loop, redis::parse_url(server.unix_url()));
  Client publisher(loop, redis::parse_url(server.url()));
  subscriber.subscribe(SubscriptionKind::channel, "c", messages);
  subscriber.connect();
  publisher.connect();
  REQUIRE(wait_ready(loop, subscriber));
  std::string payload(std::size_t{20} << 20, 'x');
  payload[12'345'678] = 'y';
  publisher.publish("c", as_bytes(payload), publishes, 1);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1 && messages.messages.size() == 1; }));
  CHECK((messages.messages[0].payload == payload));
}

TEST_CASE("redis: commands get their replies, and SELECT and CLIENT SETNAME have their effect") {
  support::RedisServer server;
  Loop loop;
  Options options = redis::parse_url(server.url() + "/5");
  options.client_name = "its-name";
  Client client(loop, options);
  client.connect();

  CHECK(run(loop, client, {"SET", "key", "value"}).reply.text == "OK");
  CHECK(run(loop, client, {"GET", "key"}).reply.text == "value");
  CHECK(run(loop, client, {"GET", "none"}).reply.type == redis::Reply::Type::nil);
  CHECK(run(loop, client, {"RPUSH", "list", "message", "b", "c"}).reply.integer == 3);
  CHECK(run(loop, client, {"LRANGE", "list", "0", "-1"}).reply.elements.size() == 3);
  CHECK(run(loop, client, {"CLIENT", "GETNAME"}).reply.text == "its-name");
  const redis::CommandResult nonsense = run(loop, client, {"NONSENSE"});
  CHECK(nonsense.outcome == Outcome::refused);
  CHECK(nonsense.message.starts_with("ERR unknown command"));
  CHECK(server.ask({"EXISTS", "key"}) == ":0");  // the key is in another database
}

TEST_CASE("redis: a password opens, a wrong one is refused with Redis' reason, none gets as far as the first command") {
  support::RedisServer server({"--requirepass", "secret"});
  Loop loop;
  Publishes publishes;
  Options options = redis::parse_url(server.url());
  options.password = "secret";
  Client good(loop, options);
  good.connect();
  good.publish("c", as_bytes("x"), publishes, 1);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
  CHECK(publishes.ended[0].outcome == Outcome::ok);

  options.password = "wrong";
  Client wrong(loop, options);
  wrong.connect();
  REQUIRE(wait(loop, [&] { return wrong.state() == State::disconnected; }));
  CHECK(wrong.last_error_is_refusal());
  CHECK(wrong.last_error().find("refused the password (WRONGPASS") != std::string::npos);

  Client none(loop, redis::parse_url(server.url()));
  none.connect();
  none.publish("c", as_bytes("x"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
  CHECK(publishes.ended[1].outcome == Outcome::refused);
  CHECK(publishes.ended[1].message.starts_with("NOAUTH"));
}

TEST_CASE("redis: an ACL user without permission for a channel hears so for each publish and subscription") {
  support::RedisServer server;
  REQUIRE(server.ask({"ACL", "SETUSER", "limited", "on", ">pw", "+@all", "resetchannels", "&allowed"}) == "+OK");
  Loop loop;
  Publishes publishes;
  Messages messages;
  const std::string url = "redis://limited:pw@127.0.0.1:" + std::to_string(server.port());
  Client publisher(loop, redis::parse_url(url));
  Client subscriber(loop, redis::parse_url(url));
  publisher.connect();
  for (const char* const name : {"allowed", "forbidden"}) {
    subscriber.subscribe(SubscriptionKind::channel, name, messages);
  }
  subscriber.connect();
  REQUIRE(wait(loop, [&] { return subscriber.state() == State::refused; }));
  CHECK(contains(subscriber.last_error(), "ACL SETUSER limited +subscribe &forbidden"));
  publisher.publish("forbidden", as_bytes("x"), publishes, 1);
  publisher.publish("allowed", as_bytes("x"), publishes, 2);
  publisher.publish("forbidden", as_bytes("x"), publishes, 3);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 3 && messages.messages.size() == 1; }));

  CHECK(publishes.ended[0].outcome == Outcome::refused);
  CHECK(publishes.ended[0].message.starts_with("NOPERM"));
  CHECK(publishes.ended[1].receivers == 1);
  CHECK(publishes.ended[2].outcome == Outcome::refused);
  CHECK(publisher.counters().refused == 2);
  REQUIRE(messages.subscribed.size() == 2);
  for (const auto& [name, error] : messages.subscribed) {
    CHECK(error.starts_with("NOPERM") == (name == "forbidden"));
  }
}

TEST_CASE("redis: after unsubscribe() nobody is counted as a receiver") {
  support::RedisServer server;
  Loop loop;
  Messages messages;
  Client client(loop, redis::parse_url(server.url()));
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.subscribe(SubscriptionKind::channel, "b", messages);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  CHECK(server.ask({"PUBLISH", "a", "x"}) == ":1");

  client.unsubscribe(SubscriptionKind::channel, "a");
  client.subscribe(SubscriptionKind::channel, "c", messages);
  REQUIRE(wait(loop, [&] { return messages.subscribed.size() == 3; }));

  CHECK(server.ask({"PUBLISH", "a", "x"}) == ":0");
  CHECK(server.ask({"PUBLISH", "c", "x"}) == ":1");
}

}  // namespace redis_client_test
