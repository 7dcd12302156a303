// The client against a cluster of servers that follow a script: redirections, and what a healthy cluster never says.

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "cluster_scene.hpp"
#include "fake_cluster.hpp"
#include "fake_redis.hpp"

namespace cluster_test {

using namespace recorders;
using fake::ask;
using fake::ask_client;
using fake::last_slot;
using fake::moved;
using fake::Node;
using fake::payloads;
using fake::quick;
using fake::slots_reply;
using fake::Two;
using fake::Words;
using redis::Client;
using redis::CommandResult;
using redis::OfflinePolicy;
using redis::Options;
using redis::Outcome;
using redis::State;

TEST_CASE("cluster: what is on the way to a node that sends it elsewhere is not overtaken") {
  Two nodes;
  std::atomic<bool> go_on = false;
  std::atomic<bool> has_moved = false;
  nodes.a.answer_by([&](const Words& words) -> std::string {
    if (words.back() != "0") {
      while (!go_on) {
        std::this_thread::yield();
      }
    }
    has_moved = true;
    return moved("c", nodes.b);
  });
  nodes.b.answer_by([](const Words&) { return ":7\r\n"; });
  Loop loop;
  Publishes publishes;
  Client client(loop, quick({nodes.a.port()}));
  client.connect();
  REQUIRE(wait_ready(loop, client));

  for (int number = 0; number < 5; ++number) {
    client.publish_sharded("c", as_bytes(std::to_string(number)), publishes, static_cast<std::uint64_t>(number));
  }
  nodes.give_all_to(nodes.b);
  REQUIRE(wait(loop, [&] { return has_moved.load(); }));
  REQUIRE(wait(loop, [&] { return nodes.b.slots_asked() + nodes.a.slots_asked() >= 2; }));  // it has seen MOVED
  client.publish_sharded("c", as_bytes("5"), publishes, 5);
  client.flush();
  loop.poll();
  go_on = true;
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 6; }));

  CHECK(payloads(nodes.b, "SPUBLISH") == std::vector<std::string>{"0", "1", "2", "3", "4", "5"});
  CHECK(publishes.count(Outcome::ok) == 6);
  CHECK(publishes.ended[0].receivers == 7);
  CHECK(balanced(client.counters()));
  CHECK(client.counters().commands == 6);
  CHECK(client.queued_bytes() == 0);
  CHECK(client.in_flight_count() == 0);
}

TEST_CASE("cluster: a node that refuses the first of several commands and takes the second does not change their order") {
  // The new owner still says MOVED to the first that it is given, and has heard of its slot before the next one.
  Two nodes;
  std::atomic<int> asked_of_b = 0;
  nodes.a.answer_by([&](const Words&) { return moved("c", nodes.b); });
  nodes.b.answer_by([&](const Words&) { return asked_of_b++ == 0 ? moved("c", nodes.a) : ":1\r\n"; });
  Loop loop;
  Publishes publishes;
  Client client(loop, quick({nodes.a.port()}));
  client.connect();
  REQUIRE(wait_ready(loop, client));
  nodes.give_all_to(nodes.b);

  for (std::uint64_t number = 0; number < 5; ++number) {
    client.publish_sharded("c", as_bytes(std::to_string(number)), publishes, number);
  }
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 5; }));
  CHECK(payloads(nodes.b, "SPUBLISH") == std::vector<std::string>{"0", "0", "1", "2", "3", "4"});
  CHECK(publishes.count(Outcome::ok) == 5);
  CHECK(balanced(client.counters()));
}

TEST_CASE("cluster: nodes that point at each other for ever get an answer after as many redirections as are allowed") {
  Two nodes;
  nodes.a.answer_by([&](const Words&) { return moved("key", nodes.b); });
  nodes.b.answer_by([&](const Words&) { return moved("key", nodes.a); });
  Loop loop;
  Options options = quick({nodes.a.port()});
  options.cluster_redirects_max = 5;
  Client client(loop, options);
  client.connect();

  const CommandResult result = ask_client(loop, client, {"EXISTS", "key"});
  CHECK(result.outcome == Outcome::refused);
  CHECK(result.message.starts_with("MOVED "));
  CHECK(nodes.a.count("EXISTS") + nodes.b.count("EXISTS") == 6);
  CHECK(balanced(client.counters()));
}

TEST_CASE("cluster: ASK is followed once, behind ASKING, and the next command goes to the owner again") {
  Two nodes;
  std::atomic<int> asked = 0;
  nodes.a.answer_by([&](const Words&) { return asked++ == 0 ? ask("key", nodes.b) : ":1\r\n"; });
  nodes.b.answer_by([](const Words& words) { return words[0] == "ASKING" ? "+OK\r\n" : ":2\r\n"; });
  Loop loop;
  Client client(loop, quick({nodes.a.port()}));
  client.connect();

  CHECK(ask_client(loop, client, {"EXISTS", "key"}).reply.integer == 2);
  CHECK(ask_client(loop, client, {"EXISTS", "key"}).reply.integer == 1);
  CHECK(nodes.b.commands() == std::vector<Words>{{"ASKING"}, {"EXISTS", "key"}});
}

TEST_CASE("cluster: not now is tried again") {
  Two nodes;
  std::atomic<int> asked = 0;
  nodes.a.answer_by([&](const Words&) -> std::string {
    switch (asked++) {
      case 0: return "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
      case 1: return "-CLUSTERDOWN The cluster is down\r\n";
      case 2: return "-LOADING Redis is loading the dataset in memory\r\n";
      default: return ":1\r\n";
    }
  });
  Loop loop;
  Client client(loop, quick({nodes.a.port()}));
  client.connect();

  CHECK(ask_client(loop, client, {"EXISTS", "key"}).reply.integer == 1);
  CHECK(asked == 4);
}

TEST_CASE("cluster: not now is the answer once the time for a command is over") {
  Two nodes;
  nodes.a.answer_by([](const Words&) { return "-CLUSTERDOWN The cluster is down\r\n"; });
  Loop loop;
  Options options = quick({nodes.a.port()});
  options.command_timeout = std::chrono::milliseconds(120);
  Client client(loop, options);
  client.connect();

  const CommandResult result = ask_client(loop, client, {"EXISTS", "key"});
  CHECK(result.outcome == Outcome::refused);
  CHECK(result.message == "CLUSTERDOWN The cluster is down");
  CHECK(nodes.a.count("EXISTS") > 1);
}

TEST_CASE("cluster: a node that tells nonsense, and one that is dead, do not matter when another one is well") {
  Node liar;
  liar.set_slots("*1\r\n*3\r\n:-5\r\n:99999999\r\n+no\r\n");
  Node good;
  good.set_slots(slots_reply({{last_slot, good.port()}}));
  good.answer_by([](const Words&) { return ":1\r\n"; });
  Loop loop;
  Client client(loop, quick({fake::free_port(), liar.port(), good.port()}));
  client.connect();
  CHECK(ask_client(loop, client, {"EXISTS", "key"}).reply.integer == 1);
  CHECK(wait_ready(loop, client));
  CHECK(client.counters().failed_attempts == 0);
}

TEST_CASE("cluster: when no node is of use it says why, and goes on trying") {
  Node node;
  node.set_slots("-ERR This instance has cluster support disabled\r\n");
  Loop loop;
  Client client(loop, quick({node.port()}));
  client.connect();
  REQUIRE(wait(loop, [&] { return client.state() == State::disconnected; }));
  CHECK(client.last_error() == "Redis at 127.0.0.1:" + std::to_string(node.port()) +
                                   " is not part of a cluster: the URL must begin with redis:// or rediss://.");
  CHECK(client.last_error_is_refusal());
  CHECK(client.counters().failed_attempts == 1);

  node.set_slots("*0\r\n");
  REQUIRE(wait(loop, [&] { return client.last_error().find("no node owns a slot") != std::string::npos; }));
  CHECK_FALSE(client.last_error_is_refusal());

  node.set_slots(slots_reply({{last_slot, node.port()}}));
  CHECK(wait_ready(loop, client));
}

TEST_CASE("cluster: nodes that are announced without a host are where the answer came from") {
  Node a;
  Node b;
  a.set_slots(slots_reply({{100, a.port()}, {last_slot, b.port()}}, ""));
  b.set_slots(slots_reply({{100, a.port()}, {last_slot, b.port()}}, "?"));
  b.answer_by([](const Words&) { return ":2\r\n"; });
  Loop loop;
  Client client(loop, quick({a.port()}));
  client.connect();
  CHECK(ask_client(loop, client, {"EXISTS", "foo"}).reply.integer == 2);  // slot 12182
}

TEST_CASE("cluster: the log-in is that of every node") {
  Node a;
  Node b;
  for (Node* const node : {&a, &b}) {
    node->set_slots(slots_reply({{100, a.port()}, {last_slot, b.port()}}));
    node->answer_by([](const Words& words) { return words[0] == "EXISTS" ? ":1\r\n" : "+OK\r\n"; });
  }
  Loop loop;
  Options options = quick({a.port()});
  options.username = "user";
  options.password = "secret";
  options.client_name = "name";
  Client client(loop, options);
  client.connect();
  CHECK(ask_client(loop, client, {"EXISTS", "foo"}).outcome == Outcome::ok);
  const auto commands = b.commands();
  REQUIRE(commands.size() == 3);
  CHECK(commands[0] == Words{"AUTH", "user", "secret"});
  CHECK(commands[1] == Words{"CLIENT", "SETNAME", "name"});
}

TEST_CASE("cluster: options that cannot work are refused at once") {
  Loop loop;
  Options options = quick({1});
  options.database = 3;
  try {
    const Client client(loop, options);
    FAIL("it was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_option);
    CHECK(std::string(error.what()) == "A Redis Cluster has only database 0, not 3.");
  }
  CHECK_THROWS_AS(Client(loop, quick({})), Error);
}

TEST_CASE("cluster: when the node for publishes dies, another one takes its place and all is accounted for") {
  Node a;
  Node b;
  std::atomic<int> taken = 0;
  for (Node* const node : {&a, &b}) {
    node->set_slots(slots_reply({{100, a.port()}, {last_slot, b.port()}}));
    node->answer_by([&](const Words&) -> std::string { return ++taken > 3 && taken < 6 ? "" : ":1\r\n"; });
  }
  Loop loop;
  Publishes publishes;
  Client client(loop, quick({a.port(), b.port()}));
  client.connect();
  REQUIRE(wait_ready(loop, client));
  for (std::uint64_t number = 0; number < 5; ++number) {
    client.publish("c", as_bytes("x"), publishes, number);
  }
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 3 && taken == 5; }));
  CHECK((a.count("PUBLISH") == 5) != (b.count("PUBLISH") == 5));  // one of them has all
  Node& home = a.count("PUBLISH") != 0 ? a : b;
  Node& other = &home == &a ? b : a;

  home.stop();
  client.publish("c", as_bytes("y"), publishes, 5);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 6; }));
  CHECK(publishes.count(Outcome::unconfirmed) >= 2);  // the last may have been written to the old one
  client.publish("c", as_bytes("z"), publishes, 6);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 7; }));
  CHECK(publishes.ended.back().outcome == Outcome::ok);
  CHECK(payloads(other, "PUBLISH").back() == "z");
  CHECK(balanced(client.counters()));
}

TEST_CASE("cluster: a slot whose owner is gone waits for the next one, or fails, as the policy says") {
  for (const OfflinePolicy policy : {OfflinePolicy::queue, OfflinePolicy::fail}) {
    Two nodes;
    nodes.b.answer_by([](const Words&) { return ":1\r\n"; });
    Node c;
    for (Node* const node : {&nodes.a, &nodes.b}) {
      node->set_slots(slots_reply({{100, nodes.b.port()}, {last_slot, c.port()}}));
    }
    c.answer_by([](const Words&) { return ":9\r\n"; });
    Loop loop;
    Publishes publishes;
    Options options = quick({nodes.a.port(), nodes.b.port()});
    options.offline = policy;
    Client client(loop, options);
    client.connect();
    client.publish_sharded("foo", as_bytes("1"), publishes, 1);
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
    CHECK(publishes.ended[0].receivers == 9);

    c.stop();
    REQUIRE(wait(loop, [&] { return client.state() == State::disconnected; }));
    client.publish_sharded("foo", as_bytes("2"), publishes, 2);
    if (policy == OfflinePolicy::fail) {
      REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
      CHECK(publishes.ended[1].outcome == Outcome::not_sent);
      CHECK(client.counters().not_sent_offline == 1);
    } else {
      loop.poll();
      CHECK(publishes.ended.size() == 1);
      CHECK(client.queued_count() == 1);
      nodes.give_all_to(nodes.b);
      REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
      CHECK(publishes.ended[1].outcome == Outcome::ok);
      CHECK(wait_ready(loop, client));
    }
    CHECK(balanced(client.counters()));
  }
}

TEST_CASE(
    "cluster: publishes wait until those who were subscribed at a lost node may be back, commands of other slots do not") {
  Two nodes;
  nodes.b.answer_by([](const Words&) { return ":1\r\n"; });
  Node c;
  for (Node* const node : {&nodes.a, &nodes.b}) {
    node->set_slots(slots_reply({{100, nodes.b.port()}, {last_slot, c.port()}}));
  }
  Loop loop;
  Publishes publishes;
  Options options = quick({nodes.a.port(), nodes.b.port()});
  options.resume_wait_max = patience;
  Client client(loop, options);
  client.connect();
  CHECK(wait_ready(loop, client));
  c.answer_by([](const Words&) { return ":9\r\n"; });
  CHECK(ask_client(loop, client, {"EXISTS", "foo"}).reply.integer == 9);  // it is connected to that node
  c.stop();
  REQUIRE(wait(loop, [&] { return client.state() == State::disconnected; }));
  client.publish_sharded("foo", as_bytes("1"), publishes, 1);
  const std::uint64_t lost_ms = loop.now_ms();
  loop.run_until([] { return false; }, std::chrono::milliseconds(30));  // the outage
  const std::uint64_t back_ms = loop.now_ms();  // at the earliest
  nodes.give_all_to(nodes.b);
  CHECK(ask_client(loop, client, {"EXISTS", "bar"}).outcome == Outcome::ok);
  CHECK(publishes.ended.empty());
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
  CHECK(publishes.ended[0].outcome == Outcome::ok);
  CHECK(loop.now_ms() >= back_ms + (back_ms - lost_ms) / 2);
}

TEST_CASE("cluster: the queue's limit is one for all nodes") {
  for (const OfflinePolicy policy : {OfflinePolicy::queue, OfflinePolicy::drop_oldest}) {
    Loop loop;
    Publishes publishes;
    Options options = quick({fake::free_port()});
    options.offline = policy;
    options.queue_bytes_max = 5'000;
    Client client(loop, options);
    client.connect();
    const std::string payload(1'000, 'x');
    for (std::uint64_t number = 0; number < 8; ++number) {
      client.publish_sharded("channel" + std::to_string(number), as_bytes(payload), publishes, number);
    }
    CHECK(client.queued_count() == 4);
    CHECK(client.queued_bytes() > 4'000);
    CHECK(client.queued_bytes() <= 5'000);
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 4; }));
    CHECK(publishes.ended[0].tag == (policy == OfflinePolicy::queue ? 4 : 0));
    CHECK(publishes.ended[3].tag == (policy == OfflinePolicy::queue ? 7 : 3));

    client.abandon("enough");
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 8; }));
    CHECK(publishes.count(Outcome::not_sent) == 8);
    CHECK(client.queued_bytes() == 0);
    CHECK(balanced(client.counters()));
  }
}

TEST_CASE("cluster: what is asked of every node is answered once, with the sum") {
  Node a;
  Node b;
  for (Node* const node : {&a, &b}) {
    node->set_slots(slots_reply({{100, a.port()}, {last_slot, b.port()}}));
    node->answer_by([&, node](const Words& words) -> std::string {
      if (words[1] == "NUMSUB") {
        return "*2\r\n" + fake::text_reply("c") + (node == &a ? ":3\r\n" : ":4\r\n");
      }
      return "-NOPERM no\r\n";
    });
  }
  Loop loop;
  Client client(loop, quick({a.port()}));
  client.connect();
  const CommandResult sum = ask_client(loop, client, {"PUBSUB", "NUMSUB", "c"});
  REQUIRE(sum.reply.elements.size() == 2);
  CHECK(sum.reply.elements[1].integer == 7);
  const CommandResult refused = ask_client(loop, client, {"PUBSUB", "CHANNELS"});
  CHECK(refused.outcome == Outcome::refused);
  CHECK(refused.message == "NOPERM no");
  b.stop();
  const CommandResult rest = ask_client(loop, client, {"PUBSUB", "NUMSUB", "c"});
  REQUIRE(rest.reply.elements.size() == 2);
  CHECK(rest.reply.elements[1].integer == 3);
  CHECK(balanced(client.counters()));
}

TEST_CASE("cluster: a question that waits for room in a connection is sent when the command before it is answered") {
  for (const bool in_transaction : {false, true}) {
    CAPTURE(in_transaction);
    Two nodes;
    std::atomic<bool> go_on = false;
    nodes.a.answer_by([&](const Words& words) -> std::string {
      while (!go_on) {  // reads nothing meanwhile
        std::this_thread::yield();
      }
      return words[0] == "PUBSUB" ? "*2\r\n" + fake::text_reply("c") + ":3\r\n" : words[0] == "EXEC" ? "*0\r\n" : "+OK\r\n";
    });
    Loop loop;
    Client client(loop, quick({nodes.a.port()}));
    client.connect();
    REQUIRE(wait_ready(loop, client));
    std::size_t answered = 0;
    std::optional<CommandResult> answer;
    const auto count = [&answered](const CommandResult&) { ++answered; };
    const std::string large(std::size_t{32} << 20, 'x');  // more than the system takes at once

    client.command(std::array<std::string_view, 1>{in_transaction ? "MULTI" : "ECHO"}, count);
    client.command(std::array<std::string_view, 3>{"SET", "key", large}, count);
    if (in_transaction) {
      client.command(std::array<std::string_view, 1>{"EXEC"}, count);
    }
    client.command(std::array<std::string_view, 3>{"PUBSUB", "NUMSUB", "c"},
                   [&answer](CommandResult result) { answer = std::move(result); });
    client.flush();
    loop.poll();
    REQUIRE(client.queued_bytes() > large.size());
    REQUIRE(nodes.a.count("PUBSUB") == 0);
    go_on = true;

    REQUIRE(wait(loop, [&] { return answer.has_value(); }));
    CHECK(answer->reply.elements.size() == 2);
    CHECK(answered == (in_transaction ? 3U : 2U));
    CHECK(balanced(client.counters()));
  }
}

TEST_CASE("cluster: a client that is destroyed by what it calls ends everything once") {
  Two nodes;
  nodes.a.answer_by([](const Words& words) { return words.back() == "0" ? ":1\r\n" : ""; });
  Loop loop;
  Publishes publishes;
  auto client = std::make_unique<Client>(loop, quick({nodes.a.port()}));
  client->connect();
  publishes.then = [&](const Ended&) { client.reset(); };
  std::vector<CommandResult> results;
  for (std::uint64_t number = 0; number < 4; ++number) {
    client->publish_sharded("c" + std::to_string(number), as_bytes(std::to_string(number)), publishes, number);
  }
  client->command(std::array<std::string_view, 3>{"PUBSUB", "NUMSUB", "c"},
                  [&](CommandResult result) { results.push_back(std::move(result)); });
  client->command(std::array<std::string_view, 1>{"MULTI"},
                  [&](CommandResult result) { results.push_back(std::move(result)); });
  REQUIRE(wait(loop, [&] { return client == nullptr; }));
  CHECK(publishes.ended.size() == 4);
  CHECK(publishes.count(Outcome::ok) == 1);
  CHECK(results.size() == 2);
}

TEST_CASE("cluster: close lets what was given finish") {
  Two nodes;
  nodes.a.answer_by([](const Words&) { return ":1\r\n"; });
  Loop loop;
  Publishes publishes;
  Client client(loop, quick({nodes.a.port()}));
  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  bool closed = false;
  client.close(patience, [&closed] { closed = true; });
  client.publish("c", as_bytes("y"), publishes, 2);
  REQUIRE(wait(loop, [&closed] { return closed; }));
  REQUIRE(publishes.ended.size() == 2);
  CHECK(publishes.count(Outcome::ok) == 1);
  CHECK(publishes.count(Outcome::not_sent) == 1);
  CHECK(client.state() == State::closed);
  CHECK(balanced(client.counters()));
}

}  // namespace cluster_test
