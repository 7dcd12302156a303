// Messages and responses of a classic adapter, compared byte for byte with the vectors of the official packages.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include <socketio/protocol/pack.hpp>

#include "golden_server.hpp"
#include "node.hpp"
#include "unit/protocol/classic_fixture.hpp"

namespace classic_golden_test {

using namespace nodes;
using golden::Json;
using socketio::ClassicOptions;
using socketio::Flags;

namespace {

const Family& classic = families.front();

/// One classic server with the ids of a vector, before it publishes.
struct Server {
  explicit Server(const std::string& uid, std::string nsp = "/", ClassicOptions options = {},
                  const std::string& request_id = "")
      : bus(std::make_shared<FakeBus>(redis)), host(time, std::move(nsp), 1) {
    host.random().give(uid);
    host.random().give(request_id);
    adapter = socketio::classic_adapter(bus, std::move(options))(host);
  }
  FakeTime time;
  FakeRedis redis{time};
  std::shared_ptr<FakeBus> bus;
  FakeHost host;
  std::unique_ptr<Adapter> adapter;
};

/// The id of the request in a payload, which is JSON or msgpack.
std::string request_id_of(const std::vector<std::uint8_t>& payload) {
  const std::string text(payload.begin(), payload.end());
  const std::string name = "requestId";
  const std::size_t found = text.find(name);
  if (found == std::string::npos) {
    return "";
  }
  const std::size_t begin = text.front() == '{' ? found + name.size() + 3 : found + name.size() + 1;
  return text.substr(begin, 6);
}

/// Receivers of the vector's operation. For an operation of a socket they follow from the operation's text.
struct Addressed {
  std::vector<Room> rooms;
  std::vector<Room> except;
  Flags flags;
  bool local;
  [[nodiscard]] Target target() const { return {.rooms = rooms, .except = except, .flags = flags, .local = local}; }
};

Addressed addressed(const Json& vector, const std::string& op) {
  Addressed to{fixture::rooms(vector, "rooms"), fixture::rooms(vector, "except"), fixture::flags(vector, "flags"), false};
  to.local = vector.contains("flags") && vector.at("flags").contains("local");
  if (op.starts_with("socket.")) {
    to.except = {Room(vector.at("sid").get<std::string>())};
    if (op.find(".to(room1)") != std::string::npos) {
      to.rooms = {Room("room1")};
    }
    if (op.find("volatile") != std::string::npos) {
      to.flags.set_volatile();
    }
  } else if (op.starts_with("remoteSocket.")) {
    to.rooms = {Room(vector.at("remote_sid").get<std::string>())};
    to.flags.set_expect_single_response();
    if (op.find("timeout(500)") != std::string::npos) {
      to.flags.set_timeout_ms(500);
    }
  }
  return to;
}

void perform(Adapter& adapter, const Json& vector) {
  const std::string op = vector.at("op");
  const Addressed to = addressed(vector, op);
  const Target target = to.target();
  const Buffer data = fixture::packed(vector.contains("args") ? vector.at("args") : Json::array());
  const std::vector<Room> arguments = op.starts_with("sockets") ? fixture::rooms(vector, "arg") : std::vector<Room>{Room("a")};
  const auto ends_with = [&op](std::string_view end) { return op.find(end) != std::string::npos; };
  if (op == "emit-with-ack" || ends_with("emit(e, ack)")) {
    adapter.broadcast_with_ack(target, data.bytes(), nullptr, [](const AckSummary&) {});
  } else if (ends_with("emit")) {
    if (op != "serverSideEmit") {
      adapter.apply(Operation::emit(target, data.bytes()));
    }
  } else if (op == "allRooms") {
    adapter.all_rooms([](const std::vector<std::string>&) {});
  } else if (op == "fetchSockets") {
    adapter.fetch(target, [](const FetchedSockets&) {});
  } else if (op == "socketsJoin" || ends_with(".join(")) {
    adapter.apply(Operation::join(target, arguments));
  } else if (op == "socketsLeave" || ends_with(".leave(")) {
    adapter.apply(Operation::leave(target, arguments));
  } else if (op == "disconnectSockets" || ends_with(".disconnect(")) {
    adapter.apply(Operation::disconnect(target, op == "disconnectSockets" ? vector.at("arg").get<bool>() : true));
  }
  if (op == "serverSideEmit" && vector.contains("ack")) {
    adapter.server_side_emit_with_ack(data.bytes(), [](const ServerAnswers&) {});
  } else if (op == "serverSideEmit") {
    adapter.apply(Operation::server_side({}, data.bytes()));
  }
}

void check_published(const FakeRedis& redis, const Json& vector) {
  REQUIRE(redis.published.size() == 1);
  CHECK(redis.published[0].channel == vector.at("channel").get<std::string>());
  CHECK(golden::to_hex(redis.published[0].payload) == golden::to_hex(golden::payload(vector)));
}

}  // namespace

TEST_CASE("classic nodes: every operation publishes what the reference publishes, byte for byte") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-adapter")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    if (name == "socket-emit-publishes-nothing") {
      continue;  // a socket's own emit does not use the adapter
    }
    const bool says = !vector.contains("published");
    const auto payload = says ? golden::payload(vector) : std::vector<std::uint8_t>();
    Server server(vector.at("uid"), vector.at("nsp"), {}, says ? request_id_of(payload) : "");
    server.redis.count_lie = 3;
    const std::size_t subscribed = server.redis.commands.size();

    perform(*server.adapter, vector);
    server.time.settle();

    if (says) {
      check_published(server.redis, vector);
    } else {
      CHECK(server.redis.published.empty());
    }
    const bool counts = vector.contains("other_commands");
    CHECK(server.redis.commands.size() == subscribed + (counts ? 1 : 0));
    if (counts) {
      CHECK(server.redis.commands.back() == "NUMSUB " + vector.at("other_commands")[0].at("args")[1].get<std::string>());
    }
  }
  CHECK(count == 34);
}

TEST_CASE("classic nodes: subscriptions are the reference's, in its order, and end with the adapter") {
  for (const Json& vector : golden::file("classic-subscriptions")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    FakeTime time;
    FakeRedis redis(time);
    const auto bus = std::make_shared<FakeBus>(redis);
    ClassicOptions options;
    options.key = fixture::text(vector, "key", options.key);
    std::vector<std::unique_ptr<FakeHost>> hosts;
    std::vector<std::unique_ptr<Adapter>> adapters;
    for (const std::string nsp : vector.at("namespaces")) {
      hosts.push_back(std::make_unique<FakeHost>(time, nsp, 1));
      hosts.back()->random().give(vector.at("uids").at(nsp).get<std::string>());
      adapters.push_back(socketio::classic_adapter(bus, options)(*hosts.back()));
    }

    std::vector<std::string> expected;
    for (const Json& command : vector.at("commands")) {
      for (const std::string argument : command.at("args")) {
        expected.push_back(command.at("command").get<std::string>() + " " + argument);
      }
    }
    CHECK(redis.commands == expected);
    adapters.clear();
    CHECK(redis.subscription_count() == 0);
  }
}

TEST_CASE("classic nodes: special characters of patterns are escaped, in the key, too") {
  for (const std::string nsp : {"/[x]", "/a*b?", "/a\\b", "/^-"}) {
    CAPTURE(nsp);
    Fleet fleet(classic);
    ClassicOptions options;
    options.key = "k*[y]\\";
    fleet.family.make = nullptr;
    const auto make = [&](std::shared_ptr<FakeBus> bus, FakeHost& host) {
      return socketio::classic_adapter(bus, options)(host);
    };
    FakeHost here(fleet.time, nsp, 1);
    FakeHost there(fleet.time, nsp, 2);
    const auto one = make(std::make_shared<FakeBus>(fleet.redis), here);
    const auto other = make(std::make_shared<FakeBus>(fleet.redis), there);
    FakeSocket& socket = there.shard().add("socket", {"room"});

    const std::vector<Room> room{Room("room")};
    one->apply(Operation::emit({.rooms = room}, packed(R"(["e",1])").bytes()));
    one->apply(Operation::emit({}, packed(R"(["e",2])").bytes()));
    fleet.time.settle();

    CHECK(socket.received == std::vector<Json>{{"2[\"e\",1]"}, {"2[\"e\",2]"}});
  }
}

// ---- responses -------------------------------------------------------------------------------------------------------------

namespace {

Json frames_in_hex(const Json& frames) {
  Json result = Json::array();
  for (const Json& frame : frames) {
    if (frame.is_object()) {
      Buffer bytes;
      golden::append_packed(bytes, frame);
      result.push_back({{"$bin", golden::to_hex(bytes.bytes_from(2))}});
    } else {
      result.push_back(frame);
    }
  }
  return result;
}

}  // namespace

TEST_CASE("classic nodes: every request is answered as the reference answers it, byte for byte") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-responses")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    ClassicOptions options;
    options.publish_on_specific_response_channel = vector.at("options").contains("publishOnSpecificResponseChannel");
    Server server(vector.at("receiver_uid"), "/", options);
    FakeSocket& socket = server.host.shard().add(vector.at("receiver_sid"), {"room1", "room2"});
    socket.data = R"({"name":"alice","n":1})";
    Json expected = vector.at("responses");
    if (name.ends_with("fetch")) {
      const Json told = Json::parse(expected[0].at("payload_text").get<std::string>()).at("sockets")[0];
      socket.handshake = told.at("handshake").dump();
    }
    const bool is_packet = !vector.at("to_client").empty() && vector.at("to_client")[0] != "1";
    if (is_packet) {
      const std::string text = vector.at("to_client")[0];
      const std::string id = text.substr(text.starts_with("51-") ? 3 : 1);
      server.host.start_ack_ids_at(std::stoull(id));
    }

    server.redis.publish(SubscriptionKind::channel, vector.at("request_channel").get<std::string>(),
                         golden::payload(vector.at("request")));
    server.time.settle();
    if (!vector.at("client_acks").empty()) {
      socket.acknowledge(ack_of(vector.at("client_acks")).bytes());
    }
    for (const auto& answer : server.host.open_questions) {
      CHECK(answer(event_answer(server.host.events.back()).bytes()));
    }

    CHECK(socket.received == (is_packet ? std::vector<Json>{frames_in_hex(vector.at("to_client"))} : std::vector<Json>{}));
    CHECK(socket.disconnected == (vector.at("to_client") == Json::array({"1"})));
    REQUIRE(server.redis.published.size() == 1 + expected.size());
    for (std::size_t index = 0; index < expected.size(); ++index) {
      const FakeRedis::Message& said = server.redis.published[index + 1];
      // The shared channel, where the reference publishes to a channel without subscribers.
      const std::string channel = expected[index].at("channel");
      CHECK(said.channel == (channel.ends_with("#undefined#") ? "socket.io-response#/#" : channel));
      CHECK(golden::to_hex(said.payload) == golden::to_hex(golden::payload(expected[index])));
    }
    if (name.ends_with("join-by-sid-legacy")) {
      CHECK(server.host.shard().index().is_in(socket, "room4"));
    } else if (name.ends_with("join-by-opts-no-response")) {
      CHECK(server.host.shard().index().is_in(socket, "room3"));
    }
  }
  CHECK(count == 44);
}

}  // namespace classic_golden_test
