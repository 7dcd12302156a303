// Namespaces that clients ask for by names nobody knew before.

#include <doctest/doctest.h>

#include <optional>

#include "live_fixture.hpp"

namespace socketio_dynamic_test {

using namespace live;

namespace {

bool is_dynamic(std::string_view name) { return name.starts_with("/dyn-"); }

/// Records the operations given to it, and applies none.
class Recorder final : public adapter::Adapter {
 public:
  Recorder(std::string nsp, Names& log) : nsp_(std::move(nsp)), log_(log) {}
  void apply(const Operation& operation) override {
    static constexpr const char* names[] = {"emit", "join", "leave", "disconnect", "server side"};
    log_.push_back(nsp_ + " " + names[static_cast<std::size_t>(operation.kind)] + (operation.target.local ? ", local" : ""));
  }
  void broadcast_with_ack(const Target&, Bytes, adapter::AckArrived, adapter::AckDone) override {}
  void fetch(const Target&, adapter::FetchDone) override {}
  void all_rooms(std::function<void(std::vector<std::string>)>) override {}
  void server_count(std::function<void(std::size_t)>) override {}
  void server_side_emit_with_ack(Bytes, adapter::ServerAnswersDone) override {}
  [[nodiscard]] bool keeps_packets() const noexcept override { return false; }
  void save(adapter::SavedSession) override {}
  void recover(std::string_view, std::string_view, std::function<void(std::optional<adapter::SavedSession>)>) override {}
  void catch_up(const adapter::SavedSession&, std::string_view,
                std::function<void(std::optional<adapter::MissedPackets>)>) override {}
  [[nodiscard]] adapter::AdapterCounters counters() const override { return {}; }
  void close() override {}

 private:
  std::string nsp_;
  Names& log_;
};

}  // namespace

TEST_CASE("dynamic namespaces: predicates are asked in order, with the auth; the first that agrees makes one") {
  Names asked;
  Fixture fixture;
  fixture.io->of([&asked](std::string_view name, const Value& auth) {
    asked.push_back("first " + std::string(name) + " " + auth.json());
    return false;
  });
  const Namespace made = fixture.io->of([&asked](std::string_view name, const Value&) {
    asked.push_back("second");
    return is_dynamic(name);
  });
  fixture.io->of([&asked](std::string_view, const Value&) {
    asked.push_back("third");
    return false;
  });
  made.use([&asked](Socket, Next next) {
    asked.push_back("middleware");
    next();
  });
  made.on_connection([&asked](Socket socket) { asked.push_back("connection " + socket.nsp()); });
  Names announced;
  fixture.io->on_new_namespace([&announced](Namespace nsp) { announced.push_back(nsp.name()); });
  Client client(fixture);
  client.join("/dyn-1", "{\"a\":1}");
  CHECK(asked == Names{"first /dyn-1 {\"a\":1}", "second", "middleware", "connection /dyn-1"});
  Client other(fixture);
  asked.clear();
  other.join("/dyn-1");  // it is there now
  CHECK(asked == Names{"middleware", "connection /dyn-1"});
  asked.clear();
  other.send("0/other,");
  CHECK(other.next() == "4/other,{\"message\":\"Invalid namespace\"}");
  CHECK(asked == Names{"first /other {}", "second", "third"});
  CHECK(announced == Names{"/dyn-1"});
  CHECK(fixture.io->of("/dyn-1").socket_count() == 2);
}

TEST_CASE("dynamic namespaces: emitting to the predicate's reaches the sockets of all of them, and of no other") {
  Fixture fixture;
  const Namespace made = fixture.io->of([](std::string_view name, const Value&) { return is_dynamic(name); });
  Client client(fixture);
  client.join();
  client.join("/dyn-1");
  client.join("/dyn-2");
  fixture.io->of("/dyn-2").sockets().at(0).join("x");
  made.emit("all");
  made.to("x").emit("x");
  CHECK(client.take() == Names{"2/dyn-1,[\"all\"]", "2/dyn-2,[\"all\"]", "2/dyn-2,[\"x\"]"});
  made.to("x").sockets_join("y");
  CHECK(fixture.io->of("/dyn-2").sockets().at(0).rooms().size() == 3);
  made.disconnect_sockets();
  CHECK(client.take() == Names{"1/dyn-1,", "1/dyn-2,"});
}

TEST_CASE("dynamic namespaces: what has one answer is not asked of many namespaces") {
  Fixture fixture;
  const Namespace made = fixture.io->of([](std::string_view name, const Value&) { return is_dynamic(name); });
  Client client(fixture);
  client.join("/dyn-1");
  client.join("/dyn-2");
  CHECK_THROWS_AS(made.emit_with_ack("e", OnAckAnswers([](const AckAnswers&) {})), Error);
  CHECK_THROWS_AS(made.fetch_sockets([](const FetchedSocketList&) {}), Error);
  CHECK_THROWS_AS(made.all_rooms([](const Names&) {}), Error);
  CHECK_THROWS_AS(made.server_count([](std::size_t) {}), Error);
  made.server_side_emit("e");  // has none
  CHECK_THROWS_AS(made.server_side_emit_with_ack("e", OnServerSideAnswers([](const ServerSideAnswers&) {})), Error);
  CHECK(client.take().empty());
}

TEST_CASE("dynamic namespaces: there are so many, and no more") {
  ServerOptions options;
  options.dynamic_namespaces_max = 2;
  options.cleanup_empty_child_namespaces = true;
  Fixture fixture(options);
  static_cast<void>(fixture.io->of([](std::string_view, const Value&) { return true; }));
  Client client(fixture);
  client.join("/1");
  client.join("/2");
  client.send("0/3,");
  CHECK(client.next() == "4/3,{\"message\":\"Invalid namespace\"}");
  client.send("1/1,");
  client.join("/3");
}

TEST_CASE("dynamic namespaces: with clean-up, one ends with its last socket, also when that was refused") {
  ServerOptions options;
  options.cleanup_empty_child_namespaces = true;
  Fixture fixture(options);
  int made_count = 0;
  const Namespace made = fixture.io->of([](std::string_view name, const Value&) { return is_dynamic(name); });
  std::vector<Next> waiting;
  made.use([&waiting](Socket socket, Next next) {
    const Handshake handshake = socket.handshake();
    if (handshake.auth().member("wait").as<bool>().value_or(false)) {
      waiting.push_back(std::move(next));
    } else if (handshake.auth().member("deny").as<bool>().value_or(false)) {
      next(Refusal("no"));
    } else {
      next();
    }
  });
  fixture.io->on_new_namespace([&made_count](Namespace) { ++made_count; });
  Client client(fixture);
  Client other(fixture);
  client.join("/dyn-1");
  other.join("/dyn-1");
  client.send("1/dyn-1,");
  client.join("/dyn-1");
  CHECK(made_count == 1);
  client.send("1/dyn-1,");
  other.send("1/dyn-1,");
  other.take();
  client.join("/dyn-1");
  CHECK(made_count == 2);
  client.send("1/dyn-1,");
  client.send("0/dyn-2,{\"deny\":true}");
  CHECK(client.next() == "4/dyn-2,{\"message\":\"no\"}");
  client.send("0/dyn-2,{\"deny\":true}");
  CHECK(client.next() == "4/dyn-2,{\"message\":\"no\"}");
  CHECK(made_count == 4);
  // One that is still asked about keeps it.
  client.send("0/dyn-3,{\"wait\":true}");
  other.join("/dyn-3");
  other.send("1/dyn-3,");
  other.take();
  waiting.at(0)();
  CHECK(without_ids(client.next()) == "0/dyn-3,{\"sid\":\"(id)\"}");
  CHECK(made_count == 5);
}

TEST_CASE("dynamic namespaces: without clean-up they stay, and those made by the application stay in any case") {
  for (const bool cleanup : {false, true}) {
    CAPTURE(cleanup);
    ServerOptions options;
    options.cleanup_empty_child_namespaces = cleanup;
    Fixture fixture(options);
    int made_count = 0;
    static_cast<void>(fixture.io->of([](std::string_view, const Value&) { return true; }));
    static_cast<void>(fixture.io->of("/own"));
    fixture.io->on_new_namespace([&made_count](Namespace) { ++made_count; });
    Client client(fixture);
    for (int i = 0; i < 2; ++i) {
      client.join("/own");
      client.join("/made");
      client.send("1/own,");
      client.send("1/made,");
    }
    client.take();
    CHECK(made_count == (cleanup ? 2 : 1));
  }
}

TEST_CASE("dynamic namespaces: handles of one that has ended do nothing, also when the server ends right after it") {
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    ServerOptions options;
    options.cleanup_empty_child_namespaces = true;
    options.recovery.enabled = true;
    Fixture fixture(options);
    static_cast<void>(fixture.io->of([](std::string_view, const Value&) { return true; }));
    std::optional<Namespace> ended;
    fixture.io->on_new_namespace([&ended](Namespace nsp) { ended = nsp; });
    Client client(fixture);
    client.join("/x");
    REQUIRE(ended.has_value());
    ended->emit("kept for recovery");
    if (at_once) {
      ended->sockets().at(0).disconnect();  // its end is only begun
      fixture.destroy();
    } else {
      client.send("1/x,");
      client.take();
      ended->emit("e");
      ended->fetch_sockets([](const FetchedSocketList&) {});
      CHECK(ended->socket_count() == 0);
      fixture.destroy();
    }
    ended->emit("e");
    ended.reset();
    fixture.loop.poll();
  }
}

TEST_CASE("dynamic namespaces: a predicate that makes the namespace itself has made it") {
  Fixture fixture;
  int connections = 0;
  static_cast<void>(fixture.io->of([&](std::string_view name, const Value&) {
    fixture.io->of(name).on_connection([&connections](Socket) { ++connections; });
    return true;
  }));
  Client client(fixture);
  client.join("/x");
  CHECK(connections == 1);
}

TEST_CASE("dynamic namespaces: of each operation on the predicate's, other servers hear only the server-side event") {
  Names log;
  ServerOptions options;
  options.adapter = [&log](adapter::Host& host) { return std::make_unique<Recorder>(std::string(host.nsp()), log); };
  Fixture fixture(options);
  const Namespace made = fixture.io->of([](std::string_view name, const Value&) { return is_dynamic(name); });
  Client client(fixture);
  client.join("/dyn-1");
  made.to("r").emit("e");
  made.sockets_join("r");
  made.sockets_leave("r");
  made.disconnect_sockets();
  made.server_side_emit("e");
  CHECK(log == Names{"/dyn-1 emit, local", "/dyn-1 join, local", "/dyn-1 leave, local", "/dyn-1 disconnect, local",
                     "/dyn-1 server side"});
  log.clear();
  fixture.io->to("r").emit("e");
  fixture.io->to("r").local().sockets_join("x");
  fixture.io->server_side_emit("e");
  CHECK(log == Names{"/ emit", "/ join, local", "/ server side"});
}

}  // namespace socketio_dynamic_test
