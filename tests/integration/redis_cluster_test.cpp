// The client and a real Redis Cluster.

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/quick_options.hpp>
#include <support/redis_cluster.hpp>
#include <support/redis_recorders.hpp>

namespace redis_cluster_test {

using namespace recorders;
using redis::Client;
using redis::CommandResult;
using redis::Options;
using redis::Outcome;
using redis::State;
using redis::SubscriptionKind;

namespace {

Options quick(const std::string& url) { return support::quick(url, 50); }

CommandResult ask(Loop& loop, Client& client, std::vector<std::string_view> words) {
  std::optional<CommandResult> answer;
  client.command(words, [&answer](CommandResult result) { answer = std::move(result); });
  REQUIRE(wait(loop, [&] { return answer.has_value(); }));
  return *answer;
}

/// Publishes numbers ("0", "1", ...) to a sharded channel and as entries of a stream of the same slot, and to a classic
/// channel, and receives all of them.
class Traffic {
 public:
  explicit Traffic(const std::string& url)
      : publisher(loop, quick(url)), classic_subscriber(loop, quick(url)), shard_subscriber(loop, quick(url)) {
    classic_subscriber.subscribe(SubscriptionKind::channel, "plain", classic);
    shard_subscriber.subscribe(SubscriptionKind::shard, "{c}hannel", sharded);
    for (Client* const client : {&publisher, &classic_subscriber, &shard_subscriber}) {
      client->connect();
      REQUIRE(wait_ready(loop, *client));
    }
  }

  void publish(std::uint64_t count) {
    for (; count != 0; --count, ++given) {
      const std::string number = std::to_string(given);
      publisher.publish("plain", as_bytes(number), classic_publishes, given);
      publisher.publish_sharded("{c}hannel", as_bytes(number), sharded_publishes, given);
      publisher.command(std::array<std::string_view, 5>{"XADD", "{c}stream", "*", "number", number},
                        [this](const CommandResult& result) {
                          ++ended_entries;
                          failed_entries += result.outcome == Outcome::ok ? 0U : 1U;
                        });
    }
    loop.poll();
  }
  [[nodiscard]] bool all_ended() const {
    return classic_publishes.ended.size() == given && sharded_publishes.ended.size() == given && ended_entries == given;
  }
  /// Publishes until messages arrive on both channels, and everything is confirmed.
  void wait_until_it_flows() {
    const std::size_t classic_before = classic.messages.size();
    const std::size_t sharded_before = sharded.messages.size();
    REQUIRE(wait(loop, [&] {
      if (all_ended() && (classic.messages.size() == classic_before || sharded.messages.size() == sharded_before)) {
        publish(1);
      }
      return classic.messages.size() > classic_before && sharded.messages.size() > sharded_before;
    }));
    REQUIRE(wait(loop, [&] { return all_ended(); }));
    for (const Client* const client : {&publisher, &classic_subscriber, &shard_subscriber}) {
      REQUIRE(wait_ready(loop, *client));
      CHECK(client->counters().protocol_errors == 0);
    }
  }
  /// Checks that each publish completed once, and that the received messages are some of those that are ok or unconfirmed, in
  /// order and without duplicates. A primary that dies takes entries with it that it has confirmed and not yet replicated.
  void check_accounts(bool primaries_died = false) {
    check_accounts(classic_publishes, classic);
    check_accounts(sharded_publishes, sharded);
    CHECK(ended_entries == given);
    CHECK(balanced(publisher.counters()));
    CHECK(publisher.queued_bytes() == 0);

    const CommandResult entries = ask(loop, publisher, {"XRANGE", "{c}stream", "-", "+"});
    REQUIRE(entries.outcome == Outcome::ok);
    CHECK((primaries_died || entries.reply.elements.size() >= given - failed_entries));
    std::int64_t last = -1;
    bool in_order = true;
    for (const redis::Reply& entry : entries.reply.elements) {
      const std::int64_t number = std::stoll(entry.elements[1].elements[1].text);
      in_order = in_order && number > last;
      last = number;
    }
    CHECK(in_order);
  }

  Loop loop;
  Publishes classic_publishes;
  Publishes sharded_publishes;
  Messages classic;
  Messages sharded;
  std::uint64_t given = 0;
  std::uint64_t ended_entries = 0;
  std::uint64_t failed_entries = 0;
  Client publisher;
  Client classic_subscriber;
  Client shard_subscriber;

 private:
  void check_accounts(const Publishes& publishes, const Messages& messages) const {
    std::map<std::uint64_t, Outcome> outcomes;
    for (const Ended& ended : publishes.ended) {
      outcomes.emplace(ended.tag, ended.outcome);
    }
    CHECK(publishes.ended.size() == given);
    CHECK(outcomes.size() == given);
    std::int64_t last = -1;
    bool in_order = true;
    bool accounted = true;
    for (const Messages::One& message : messages.messages) {
      const std::int64_t number = std::stoll(message.payload);
      in_order = in_order && number > last;
      last = number;
      const Outcome outcome = outcomes[static_cast<std::uint64_t>(number)];
      accounted = accounted && (outcome == Outcome::ok || outcome == Outcome::unconfirmed);
    }
    CHECK(in_order);
    CHECK(accounted);
  }
};

constexpr std::uint16_t slot_of_c = 7365;

}  // namespace

TEST_CASE("cluster: publishes of each kind and keys reach the node that has them") {
  support::RedisCluster cluster;
  Loop loop;
  Publishes publishes;
  Messages messages;
  Client subscriber(loop, quick(cluster.url()));
  Client publisher(loop, quick(cluster.url()));
  std::set<std::string> channels;
  for (int number = 0; number < 30; ++number) {
    channels.insert("c" + std::to_string(number));
    subscriber.subscribe(SubscriptionKind::shard, "c" + std::to_string(number), messages);
  }
  subscriber.subscribe(SubscriptionKind::channel, "plain", messages);
  subscriber.subscribe(SubscriptionKind::pattern, "pat*", messages);
  subscriber.connect();
  publisher.connect();
  REQUIRE(wait_ready(loop, subscriber));
  REQUIRE(wait_ready(loop, publisher));
  CHECK(messages.subscribed.size() == 32);

  for (const std::string& channel : channels) {
    publisher.publish_sharded(channel, as_bytes("x"), publishes, 1);
  }
  publisher.publish("plain", as_bytes("x"), publishes, 2);
  publisher.publish("pattern", as_bytes("x"), publishes, 3);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 32 && messages.messages.size() == 32; }));
  CHECK(publishes.count(Outcome::ok) == 32);
  for (const Ended& ended : publishes.ended) {
    if (ended.tag == 1) {
      CHECK(ended.receivers == 1);
    }
  }
  for (int number = 0; number < 20; ++number) {
    const std::string stream = "stream-" + std::to_string(number);
    CHECK(ask(loop, publisher, {"XADD", stream, "1-1", "a", "b"}).reply.text == "1-1");
    CHECK(ask(loop, publisher, {"EXISTS", stream}).reply.integer == 1);
    CHECK(ask(loop, publisher, {"XREAD", "COUNT", "1", "STREAMS", stream, "0"}).reply.elements.size() == 1);
  }
  CHECK(balanced(publisher.counters()));
}

TEST_CASE("cluster: a transaction goes to the node of its keys, and moves as a whole with their slot") {
  support::RedisCluster cluster;
  Loop loop;
  Client client(loop, quick(cluster.url()));
  client.connect();
  const auto transaction = [&](std::string_view key) {
    std::vector<CommandResult> results;
    const auto take = [&results](CommandResult result) { results.push_back(std::move(result)); };
    client.command(std::array<std::string_view, 1>{"MULTI"}, take);
    client.command(std::array<std::string_view, 2>{"GET", key}, take);
    client.command(std::array<std::string_view, 2>{"DEL", key}, take);
    client.command(std::array<std::string_view, 1>{"EXEC"}, take);
    REQUIRE(wait(loop, [&] { return results.size() == 4; }));
    return results;
  };
  CHECK(ask(loop, client, {"SET", "{k}1", "value"}).outcome == Outcome::ok);
  CHECK(ask(loop, client, {"SET", "{k}2", "other"}).outcome == Outcome::ok);

  const auto first = transaction("{k}1");
  REQUIRE(first[3].reply.elements.size() == 2);
  CHECK(first[3].reply.elements[0].text == "value");
  CHECK(first[3].reply.elements[1].integer == 1);

  const std::uint16_t slot = 7629;  // the slot of "k"
  const std::size_t from = cluster.owner_of(slot);
  cluster.move_slot(slot, from, (from + 1) % 3);
  const auto second = transaction("{k}2");
  CHECK(second[0].reply.text == "OK");
  REQUIRE(second[3].reply.elements.size() == 2);
  CHECK(second[3].reply.elements[0].text == "other");
  CHECK(balanced(client.counters()));
  CHECK(client.in_flight_count() + client.queued_count() == 0);
}

TEST_CASE("cluster: a slot that moves under traffic loses nothing of what is confirmed, and nothing overtakes") {
  support::RedisCluster cluster;
  Traffic traffic(cluster.url());
  traffic.publish(100);
  std::size_t owner = cluster.owner_of(slot_of_c);
  for (int round = 0; round < 4; ++round) {
    const std::size_t next = (owner + 1) % 3;
    cluster.begin_move(slot_of_c, owner, next);
    traffic.publish(200);
    cluster.move_keys(slot_of_c, owner, next);
    traffic.publish(200);
    cluster.end_move(slot_of_c, next);
    traffic.publish(200);
    traffic.wait_until_it_flows();
    owner = next;
  }
  REQUIRE(wait(traffic.loop, [&] { return traffic.all_ended(); }));
  traffic.check_accounts();
  CHECK(traffic.failed_entries == 0);
  CHECK(traffic.sharded_publishes.count(Outcome::ok) == traffic.given);
  CHECK(traffic.classic_publishes.count(Outcome::ok) == traffic.given);
  CHECK(wait(traffic.loop, [&] { return traffic.classic.messages.size() == traffic.given; }));  // none of its nodes crashed
}

TEST_CASE("cluster: when a primary dies its replica takes over, and everything flows again") {
  support::RedisCluster cluster(1);
  Traffic traffic(cluster.url());
  traffic.publish(100);
  const std::size_t owner = cluster.owner_of(slot_of_c);
  cluster.node(owner).kill();
  traffic.publish(100);
  const std::size_t other = (owner + 1) % 3;
  REQUIRE(wait(traffic.loop, [&] { return cluster.owner_of(slot_of_c, other) != owner; }));
  traffic.publish(100);
  cluster.wait_until_well();
  traffic.wait_until_it_flows();

  // The next crash is that of the node that has the classic publishes now; the old owner is back as a replica.
  cluster.node(owner).start();
  cluster.wait_until_well();
  for (std::size_t index = 0; index < 3; ++index) {
    if (index == owner) {
      continue;
    }
    cluster.node(index).kill();
    traffic.publish(100);
    cluster.wait_until_well();
    traffic.wait_until_it_flows();
    cluster.node(index).start();
    cluster.wait_until_well();
  }
  REQUIRE(wait(traffic.loop, [&] { return traffic.all_ended(); }));
  traffic.check_accounts(/*primaries_died=*/true);
}

TEST_CASE("cluster: nodes come and go") {
  support::RedisCluster cluster;
  Traffic traffic(cluster.url());
  traffic.publish(50);
  const std::size_t owner = cluster.owner_of(slot_of_c);
  const std::size_t added = cluster.add_node();
  cluster.move_slot(slot_of_c, owner, added);
  traffic.publish(50);
  traffic.wait_until_it_flows();
  CHECK(cluster.node(added).ask({"PUBSUB", "SHARDNUMSUB", "{c}hannel"}) == "*2");
  CHECK(ask(traffic.loop, traffic.publisher, {"PUBSUB", "SHARDNUMSUB", "{c}hannel"}).reply.elements[1].integer == 1);

  cluster.move_slot(slot_of_c, added, owner);
  traffic.publish(50);
  cluster.wait_until_well();
  cluster.remove_node(added);
  cluster.node(added).kill();
  cluster.wait_until_well();
  traffic.publish(50);
  traffic.wait_until_it_flows();
  traffic.check_accounts();
}

TEST_CASE("cluster: subscribers are counted on all nodes") {
  support::RedisCluster cluster;
  Loop loop;
  Messages messages;
  Client asker(loop, quick(cluster.url()));
  asker.connect();
  std::vector<std::unique_ptr<Client>> subscribers;
  for (std::size_t index = 0; index < 3; ++index) {
    subscribers.push_back(std::make_unique<Client>(loop, quick(cluster.node(index).url())));  // each knows one node only
    subscribers.back()->subscribe(SubscriptionKind::channel, "c", messages);
    subscribers.back()->subscribe(SubscriptionKind::channel, "c" + std::to_string(index), messages);
    subscribers.back()->connect();
    REQUIRE(wait_ready(loop, *subscribers.back()));
  }
  const CommandResult counts = ask(loop, asker, {"PUBSUB", "NUMSUB", "c0", "c", "none"});
  REQUIRE(counts.reply.elements.size() == 6);
  CHECK(counts.reply.elements[1].integer == 1);
  CHECK(counts.reply.elements[3].integer == 3);
  CHECK(counts.reply.elements[5].integer == 0);
  CHECK(ask(loop, asker, {"PUBSUB", "CHANNELS", "c*"}).reply.elements.size() == 4);
  const std::string list = ask(loop, asker, {"CLIENT", "LIST"}).reply.text;
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = list.find(" sub=2 ", at)) != std::string::npos; ++at) {
    ++lines;
  }
  CHECK(lines == 3);
}

TEST_CASE("cluster: the password is said to every node, and a wrong one is a refusal") {
  support::RedisCluster cluster(0, {"--requirepass", "secret", "--masterauth", "secret"});
  Loop loop;
  Options options = quick(cluster.url());
  options.password = "secret";
  Client client(loop, options);
  client.connect();
  for (const std::string_view key : {"a", "b", "c", "d", "e"}) {
    CHECK(ask(loop, client, {"SET", key, "x"}).outcome == Outcome::ok);
  }
  options.password = "wrong";
  Client stranger(loop, options);
  stranger.connect();
  REQUIRE(wait(loop, [&] { return stranger.state() == State::disconnected; }));
  CHECK(stranger.last_error_is_refusal());
  CHECK(stranger.last_error().find("refused the password") != std::string::npos);
  CHECK(stranger.last_error().find("wrong\"") == std::string::npos);
}

}  // namespace redis_cluster_test
