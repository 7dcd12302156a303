#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "subscriptions.hpp"

namespace subscriptions_test {

using namespace socketio;
using namespace socketio::redis;

namespace {

constexpr SubscriptionKind channel = SubscriptionKind::channel;
constexpr SubscriptionKind shard = SubscriptionKind::shard;

class Listener final : public MessageListener {
 public:
  void on_message(std::string_view, Bytes) override {}
  void on_subscribed(std::string_view, std::string_view) override {}
};

/// Number of commands that were written.
std::size_t requested(Subscriptions& subscriptions) {
  Buffer output;
  subscriptions.write_requests(output);
  std::size_t count = 0;
  for (const char byte : output.text()) {
    count += byte == '*' ? 1U : 0U;
  }
  return count;
}

std::vector<std::string> news(Subscriptions& subscriptions) {
  std::vector<std::string> all;
  while (const auto one = subscriptions.next_news()) {
    all.push_back(one->name + (one->is_lost ? " lost" : one->error.empty() ? " confirmed" : " " + one->error));
  }
  return all;
}

}  // namespace

TEST_CASE("subscriptions: names are requested together, and confirmed one by one") {
  Subscriptions subscriptions;
  Listener listener;
  subscriptions.add(channel, "a", listener);
  subscriptions.connection_began();
  subscriptions.add(channel, "b", listener);

  CHECK(requested(subscriptions) == 1);
  CHECK(subscriptions.awaiting());
  CHECK(subscriptions.confirm(channel, true, "a"));
  CHECK(subscriptions.find(channel, "a") == &listener);
  CHECK(subscriptions.find(channel, "b") == nullptr);
  CHECK(subscriptions.unconfirmed_count() == 1);
  CHECK(subscriptions.confirm(channel, true, "b"));

  CHECK_FALSE(subscriptions.awaiting());
  CHECK(subscriptions.unconfirmed_count() == 0);
  CHECK(news(subscriptions) == std::vector<std::string>{"a confirmed", "b confirmed"});
}

TEST_CASE("subscriptions: a confirmation of something else is no confirmation") {
  Subscriptions subscriptions;
  Listener listener;
  subscriptions.connection_began();
  CHECK_FALSE(subscriptions.confirm(channel, true, "a"));
  subscriptions.add(channel, "a", listener);
  requested(subscriptions);
  CHECK_FALSE(subscriptions.confirm(channel, true, "b"));
  CHECK_FALSE(subscriptions.confirm(channel, false, "a"));
  CHECK(subscriptions.confirm(channel, true, "a"));
}

TEST_CASE("subscriptions: the names of a refused command are requested again one by one") {
  Subscriptions subscriptions;
  Listener listener;
  subscriptions.connection_began();
  subscriptions.add(channel, "a", listener);
  subscriptions.add(channel, "b", listener);
  REQUIRE(requested(subscriptions) == 1);

  subscriptions.refuse("NOPERM");
  CHECK(requested(subscriptions) == 2);
  CHECK(subscriptions.confirm(channel, true, "a"));
  subscriptions.refuse("NOPERM");

  CHECK(subscriptions.refused_count() == 1);
  CHECK(subscriptions.first_refused().name == "b");
  CHECK(subscriptions.is_refused(channel, "b"));
  CHECK(news(subscriptions) == std::vector<std::string>{"a confirmed", "b NOPERM"});
}

TEST_CASE("subscriptions: a retry that is refused again is no news, and one that is confirmed is") {
  Subscriptions subscriptions;
  Listener listener;
  subscriptions.connection_began();
  subscriptions.add(channel, "a", listener);
  requested(subscriptions);
  subscriptions.refuse("NOPERM");
  news(subscriptions);

  subscriptions.request_refused();
  CHECK_FALSE(subscriptions.any_refused());
  requested(subscriptions);
  subscriptions.refuse("NOPERM");
  CHECK(subscriptions.any_refused());
  CHECK(news(subscriptions).empty());

  subscriptions.request_refused();
  requested(subscriptions);
  CHECK(subscriptions.confirm(channel, true, "a"));
  CHECK(subscriptions.refused_count() == 0);
  CHECK(news(subscriptions) == std::vector<std::string>{"a confirmed"});
}

TEST_CASE("subscriptions: after a lost connection everything is requested again") {
  Subscriptions subscriptions;
  Listener listener;
  subscriptions.connection_began();
  subscriptions.add(channel, "a", listener);
  requested(subscriptions);
  subscriptions.confirm(channel, true, "a");
  news(subscriptions);

  subscriptions.connection_ended();
  CHECK(subscriptions.unconfirmed_count() == 1);
  CHECK(subscriptions.find(channel, "a") == nullptr);
  CHECK(news(subscriptions) == std::vector<std::string>{"a lost"});
  subscriptions.connection_began();
  CHECK(requested(subscriptions) == 1);
}

TEST_CASE("subscriptions: a removed one has no news, and is ended at Redis") {
  Subscriptions subscriptions;
  Listener listener;
  subscriptions.connection_began();
  subscriptions.add(channel, "a", listener);
  requested(subscriptions);
  subscriptions.confirm(channel, true, "a");

  subscriptions.remove(channel, "a");

  CHECK(news(subscriptions).empty());
  CHECK(requested(subscriptions) == 1);
  CHECK(subscriptions.confirm(channel, false, "a"));
}

TEST_CASE("subscriptions: sharded channels are requested one by one, and again when Redis has ended them") {
  Subscriptions subscriptions;
  Listener listener;
  subscriptions.connection_began();
  subscriptions.add(shard, "a", listener);
  subscriptions.add(shard, "b", listener);
  CHECK(requested(subscriptions) == 2);
  subscriptions.confirm(shard, true, "a");
  subscriptions.confirm(shard, true, "b");
  news(subscriptions);

  subscriptions.lost(shard, "a");
  CHECK(subscriptions.unconfirmed_count() == 1);
  CHECK(news(subscriptions) == std::vector<std::string>{"a lost"});
  CHECK(requested(subscriptions) == 1);

  subscriptions.forget(shard, "b");
  CHECK(requested(subscriptions) == 0);
  CHECK(subscriptions.size() == 1);
}

}  // namespace subscriptions_test
