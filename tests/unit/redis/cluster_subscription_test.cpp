// The client against a cluster of servers that follow a script: where its subscriptions are, and how they move.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "cluster_scene.hpp"
#include "fake_cluster.hpp"

namespace cluster_subscription_test {

using namespace recorders;
using fake::ask_client;
using fake::last_slot;
using fake::moved;
using fake::Node;
using fake::quick;
using fake::slots_reply;
using fake::Two;
using fake::Words;
using redis::Client;
using redis::CommandResult;
using redis::Options;
using redis::Outcome;
using redis::State;
using redis::SubscriptionKind;

namespace {

/// Confirms SUBSCRIBE and its like.
std::string confirm(const Words& words) {
  std::string kind = words[0];
  for (char& letter : kind) {
    letter = static_cast<char>(letter - 'A' + 'a');
  }
  std::string reply;
  for (std::size_t index = 1; index < words.size(); ++index) {
    reply += "*3\r\n" + fake::text_reply(kind) + fake::text_reply(words[index]) + ":1\r\n";
  }
  return reply;
}

}  // namespace

TEST_CASE("cluster: a sharded channel is found where its slot is, and its listener hears only of that") {
  Two nodes;
  nodes.a.answer_by([&](const Words& words) { return moved(words[1], nodes.b); });
  nodes.b.answer_by(confirm);
  Loop loop;
  Messages messages;
  Client client(loop, quick({nodes.a.port()}));
  client.subscribe(SubscriptionKind::shard, "c", messages);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  CHECK(messages.subscribed == std::vector<std::pair<std::string, std::string>>{{"c", ""}});
  nodes.b.send_to_all("*3\r\n" + fake::text_reply("smessage") + fake::text_reply("c") + fake::text_reply("hello"));
  REQUIRE(wait(loop, [&] { return messages.messages.size() == 1; }));
  CHECK(messages.messages[0] == Messages::One{"c", "hello"});
  CHECK(client.counters().messages == 1);
}

TEST_CASE("cluster: when a node ends a channel because its slot has moved, the channel is subscribed to at the new owner") {
  Two nodes;
  std::atomic<bool> is_moved = false;
  nodes.a.answer_by([&](const Words& words) { return is_moved ? moved(words[1], nodes.b) : confirm(words); });
  nodes.b.answer_by(confirm);
  Loop loop;
  Messages messages;
  Client client(loop, quick({nodes.a.port()}));
  std::vector<State> states;
  client.on_state([&](State state, std::string_view) { states.push_back(state); });
  int settled = 0;
  client.on_subscriptions([&settled] { ++settled; });
  client.subscribe(SubscriptionKind::shard, "c", messages);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  CHECK(messages.lost.empty());

  is_moved = true;
  nodes.give_all_to(nodes.b);
  nodes.a.send_to_all("*3\r\n" + fake::text_reply("sunsubscribe") + fake::text_reply("c") + ":0\r\n");
  REQUIRE(wait(loop, [&] { return messages.subscribed.size() == 2; }));
  REQUIRE(wait_ready(loop, client));
  CHECK(nodes.b.count("SSUBSCRIBE") == 1);
  CHECK(messages.subscribed[1] == std::pair<std::string, std::string>{"c", ""});
  CHECK(messages.lost == std::vector<std::string>{"c"});
  CHECK(client.unconfirmed_count() == 0);
  CHECK(settled == 2);
  CHECK(states[states.size() - 1] == State::ready);
  CHECK(std::count(states.begin(), states.end(), State::ready) == 2);  // it was not ready meanwhile
}

TEST_CASE("cluster: a function for states keeps what it remembers from one call to the next") {
  Two nodes;
  nodes.a.answer_by(confirm);
  nodes.b.answer_by(confirm);
  Loop loop;
  Client client(loop, quick({nodes.a.port()}));
  std::vector<int> calls;
  client.on_state([&calls, count = 0](State, std::string_view) mutable { calls.push_back(++count); });
  client.connect();
  REQUIRE(wait_ready(loop, client));
  client.close(std::chrono::milliseconds(0));
  REQUIRE(wait(loop, [&] { return calls.size() >= 3; }));
  CHECK(calls == std::vector<int>{1, 2, 3});
}

TEST_CASE("cluster: owners that send a subscription to each other for ever are given up, and the listener is told") {
  Two nodes;
  nodes.a.answer_by([&](const Words& words) { return words[0] == "SSUBSCRIBE" ? moved("c", nodes.b) : confirm(words); });
  nodes.b.answer_by([&](const Words& words) { return words[0] == "SSUBSCRIBE" ? moved("c", nodes.a) : confirm(words); });
  Loop loop;
  Messages messages;
  Options options = quick({nodes.a.port()});
  options.cluster_redirects_max = 4;
  Client client(loop, options);
  client.subscribe(SubscriptionKind::shard, "c", messages);
  client.connect();
  REQUIRE(wait(loop, [&] { return !messages.subscribed.empty(); }));
  CHECK(messages.subscribed[0].second.starts_with("MOVED "));
  REQUIRE(wait(loop, [&] { return client.state() == State::refused; }));
  CHECK(contains(client.last_error(), "refused the subscription to the channel \"c\" (MOVED "));
}

TEST_CASE("cluster: channels and patterns move together to another node when theirs dies, and listeners hear of it") {
  Node a;
  Node b;
  for (Node* const node : {&a, &b}) {
    node->set_slots(slots_reply({{100, a.port()}, {last_slot, b.port()}}));
    node->answer_by(confirm);
  }
  Loop loop;
  Messages messages;
  Client client(loop, quick({a.port(), b.port()}));
  client.subscribe(SubscriptionKind::channel, "c", messages);
  client.subscribe(SubscriptionKind::pattern, "p*", messages);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  REQUIRE(messages.subscribed.size() == 2);
  Node& home = a.count("SUBSCRIBE") != 0 ? a : b;
  Node& other = &home == &a ? b : a;
  CHECK(other.count("SUBSCRIBE") + other.count("PSUBSCRIBE") == 0);

  home.stop();
  REQUIRE(wait(loop, [&] { return messages.subscribed.size() == 4; }));
  CHECK(other.count("SUBSCRIBE") == 1);
  CHECK(other.count("PSUBSCRIBE") == 1);
  CHECK(wait_ready(loop, client));

  client.unsubscribe(SubscriptionKind::channel, "c");
  REQUIRE(wait(loop, [&] { return other.count("UNSUBSCRIBE") == 1; }));
  other.send_to_all("*3\r\n" + fake::text_reply("message") + fake::text_reply("c") + fake::text_reply("late") + "*4\r\n" +
                    fake::text_reply("pmessage") + fake::text_reply("p*") + fake::text_reply("p1") + fake::text_reply("x"));
  REQUIRE(wait(loop, [&] { return !messages.messages.empty(); }));
  CHECK(messages.messages == std::vector<Messages::One>{{"p1", "x"}});
}

TEST_CASE("cluster: a refused subscription is a state of its own, until it is granted") {
  Two nodes;
  std::atomic<bool> is_granted = false;
  nodes.a.answer_by([&](const Words& words) { return is_granted ? confirm(words) : "-NOPERM no\r\n"; });
  Loop loop;
  Messages messages;
  Client client(loop, quick({nodes.a.port()}));
  client.subscribe(SubscriptionKind::shard, "c", messages);
  client.connect();
  REQUIRE(wait(loop, [&] { return client.state() == State::refused; }));
  CHECK(messages.subscribed == std::vector<std::pair<std::string, std::string>>{{"c", "NOPERM no"}});
  CHECK(contains(client.last_error(), "refused the subscription to the channel \"c\" (NOPERM no)"));
  CHECK(contains(client.last_error(), "ACL SETUSER default +ssubscribe &c"));
  CHECK(client.last_error_is_refusal());
  CHECK(client.counters().subscriptions_refused == 1);
  CHECK(client.counters().connects == 1);
  const CommandResult late = ask_client(loop, client, {"PING"});
  CHECK(late.outcome == Outcome::not_sent);

  is_granted = true;
  REQUIRE(wait_ready(loop, client));
  CHECK(messages.subscribed.back() == std::pair<std::string, std::string>{"c", ""});
  CHECK(client.counters().connects == 1);
  CHECK(client.counters().disconnects == 0);
}

}  // namespace cluster_subscription_test
