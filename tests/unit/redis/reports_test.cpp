#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "reports.hpp"

namespace reports_test {

using namespace socketio;
using namespace socketio::redis;

namespace {

class Listener final : public MessageListener {
 public:
  void on_message(std::string_view, Bytes) override {}
  void on_subscribed(std::string_view name, std::string_view error) override {
    reported.push_back(std::string(name) + ": " + std::string(error));
  }
  std::vector<std::string> reported;
};

const Log no_log;

}  // namespace

TEST_CASE("reports: state changes are delivered in order, and later than they happen") {
  Reports reports(no_log);
  std::vector<State> states;
  reports.on_state([&states](State state, std::string_view) { states.push_back(state); });

  reports.set_state(State::connecting, {});
  reports.set_state(State::ready, {});
  CHECK(states.empty());
  CHECK(reports.is_up());
  reports.deliver_states();

  CHECK(states == std::vector{State::connecting, State::ready});
  CHECK_FALSE(reports.has_more());
}

TEST_CASE("reports: what a callback causes is delivered by the next call") {
  Reports reports(no_log);
  int calls = 0;
  reports.on_state([&](State, std::string_view) {
    ++calls;
    reports.set_state(State::connecting, {});
  });
  reports.set_state(State::connecting, {});

  reports.deliver_states();

  CHECK(calls == 1);
  CHECK(reports.has_more());
}

TEST_CASE("reports: a callback may replace itself") {
  Reports reports(no_log);
  int calls = 0;
  reports.on_state([&](State, std::string_view) {
    reports.on_state({});
    ++calls;
  });
  reports.set_state(State::connecting, {});
  reports.set_state(State::ready, {});
  reports.deliver_states();
  CHECK(calls == 1);
}

TEST_CASE("reports: exceptions of callbacks, and of the log function, go no further") {
  std::string logged;
  const Log log = [&logged](const LogRecord& record) {
    logged = record.detail;
    throw std::runtime_error("of the log");
  };
  const Reports reports(log);

  reports.guarded([] { throw std::runtime_error("of a callback"); });
  CHECK(logged == "of a callback");
  reports.guarded([] { throw 1; });
  CHECK(logged.empty());
}

TEST_CASE("reports: an error is kept and logged") {
  std::string logged;
  const Log log = [&logged](const LogRecord& record) { logged = record.message; };
  Reports reports(log);
  reports.set_error("Gone.", true, "here");
  CHECK(reports.last_error() == "Gone.");
  CHECK(reports.last_error_is_refusal());
  CHECK(logged == "Gone.");
}

TEST_CASE("reports: a refused subscription is reported once, unless it is forgotten") {
  Reports reports(no_log);
  Listener listener;
  reports.refuse(SubscriptionKind::channel, "a", listener, "closed");
  reports.refuse(SubscriptionKind::pattern, "a", listener, "closed");
  reports.forget(SubscriptionKind::pattern, "a");
  CHECK(reports.has_more());

  reports.deliver_subscriptions(false);
  reports.deliver_subscriptions(false);

  CHECK(listener.reported == std::vector<std::string>{"a: closed"});
}

TEST_CASE("reports: on_subscriptions() is called each time nothing is unconfirmed any more") {
  Reports reports(no_log);
  int calls = 0;
  reports.on_subscriptions([&calls] { ++calls; });
  for (const bool is_unconfirmed : {false, true, true, false, false, true, false}) {
    reports.deliver_subscriptions(is_unconfirmed);
  }
  CHECK(calls == 2);
}

TEST_CASE("reports: after silence() nothing is reported") {
  Reports reports(no_log);
  Listener listener;
  int calls = 0;
  reports.on_state([&calls](State, std::string_view) { ++calls; });
  reports.set_state(State::connecting, {});
  reports.silence();
  reports.set_state(State::closed, {});
  reports.refuse(SubscriptionKind::channel, "a", listener, "closed");

  reports.deliver_states();
  reports.deliver_subscriptions(false);

  CHECK(calls == 0);
  CHECK(listener.reported.empty());
  CHECK(reports.state() == State::closed);
}

}  // namespace reports_test
