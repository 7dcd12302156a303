// The three dialects do the same with the same nouns. Bytes are compared in the tests of emitters, askers and adapters.

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/fleet/dialect.hpp>

#include "support/golden.hpp"

namespace dialect_test {

using namespace socketio;
using namespace socketio::fleet;
using Role = Participant::Role;

namespace {

struct CountingRandom final : Random {
  void fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) {
      byte = next++;
    }
  }
  std::uint8_t next = 0;
};

struct Pending final : PendingIds {
  [[nodiscard]] bool empty() const noexcept override { return ids.empty(); }
  [[nodiscard]] bool contains(std::string_view id) const override { return ids.contains(id); }
  std::set<std::string, std::less<>> ids;
};

/// Two servers, an emitter and an asker of one fleet.
struct Four {
  explicit Four(const Fleet& fleet)
      : server(Dialect::make(fleet, {.role = Role::server}, &random)),
        other(Dialect::make(fleet, {.role = Role::server}, &random)),
        emitter(Dialect::make(fleet, {})),
        asker(Dialect::make(fleet, {.role = Role::asker}, &random)) {}

  CountingRandom random;
  std::unique_ptr<Dialect> server;
  std::unique_ptr<Dialect> other;
  std::unique_ptr<Dialect> emitter;
  std::unique_ptr<Dialect> asker;
};

template <typename Test>
void with_each(const Test& test) {
  for (const Transport transport : {Transport::classic, Transport::sharded, Transport::streams}) {
    for (const bool use_sharded_pubsub : {false, true}) {
      CAPTURE(name_of(transport));
      CAPTURE(use_sharded_pubsub);
      Fleet fleet;
      fleet.transport = transport;
      fleet.use_sharded_pubsub = use_sharded_pubsub;
      Four four(fleet);
      test(four);
    }
  }
}

/// Decodes a publication as the receiver of its channel.
Received decode(Dialect& dialect, const Publication& publication, const ReceiveFilter& filter, Message& message) {
  if (publication.command == Publication::Command::add_entry) {
    const auto& words = publication.words;
    CHECK(words[1] == dialect.stream("/x"));
    return dialect.decode_entry({words[7], words[9], words[11], words[13]}, filter, message);
  }
  Topic topic = Topic::events;
  for (const TopicChannel& channel : dialect.server_channels("/x")) {
    topic = channel.name == publication.channel ? channel.topic : topic;
  }
  return dialect.decode(topic, publication.payload, filter, message);
}

std::vector<std::string> names(const RoomList& rooms) { return {rooms.begin(), rooms.end()}; }

const std::vector<std::uint8_t> event = golden::from_hex("92a16501");  // ["e", 1]
const std::vector<Room> two_rooms{Room("a"), Room("b")};

std::vector<Operation> operations(const Target& target) {
  return {Operation::emit(target, event), Operation::join(target, two_rooms), Operation::leave(target, two_rooms),
          Operation::disconnect(target, true), Operation::server_side(target, event)};
}

}  // namespace

TEST_CASE("dialect: operations of a server and of an emitter are decoded as they were, and a server's own are not") {
  with_each([](Four& four) {
    const Target target{.nsp = "/x", .rooms = {Room("r"), Room("s")}, .except = {Room("t")}};
    for (const Operation& operation : operations(target)) {
      const bool is_for_sockets = operation.kind != Operation::Kind::server_side;
      for (Dialect* const sender : {four.server.get(), four.emitter.get()}) {
        const ReceiveFilter filter{.uid = four.other->uid(), .nsp = "/x"};
        Message message;
        REQUIRE(decode(*four.other, sender->encode("/x", operation), filter, message) == Received::message);
        CHECK(static_cast<int>(message.kind) == static_cast<int>(operation.kind));
        CHECK(names(message.target.rooms) == (is_for_sockets ? std::vector<std::string>{"r", "s"} : std::vector<std::string>()));
        CHECK(names(message.target.except) == (is_for_sockets ? std::vector<std::string>{"t"} : std::vector<std::string>()));
        CHECK(message.rooms.size() == operation.rooms.size());
        CHECK(message.close == operation.close);
        CHECK(golden::to_hex(message.event) == golden::to_hex(operation.data));
        CHECK_FALSE(message.request_id.has_value());
        CHECK_FALSE(message.is_response());
      }
      Message message;
      CHECK(decode(*four.server, four.server->encode("/x", operation), {.uid = four.server->uid()}, message) == Received::own);
    }
    Message message;
    const Publication emit = four.server->encode("/x", Operation::emit(target, event));
    CHECK(decode(*four.other, emit, {.nsp = "/y"}, message) == Received::other_namespace);
    CHECK_FALSE(four.server->encode("/x", Operation::join(target, two_rooms)).payload.empty());
  });
}

TEST_CASE("dialect: requests reach the channel that servers are counted on, and responses only those who asked") {
  using Kind = Request::Kind;
  with_each([](Four& four) {
    const Target target{.nsp = "/x"};
    for (const Kind kind : {Kind::acks, Kind::sockets, Kind::ids, Kind::rooms, Kind::server_side}) {
      const bool has_event = kind == Kind::acks || kind == Kind::server_side;
      const std::string id = four.asker->make_request_id();
      const Publication sent = four.asker->encode("/x", Request{kind, id, target, has_event ? Bytes(event) : Bytes()});
      CHECK(sent.channel == four.server->servers_channel("/x").name);
      Message request;
      REQUIRE(decode(*four.server, sent, {.uid = four.server->uid(), .nsp = "/x"}, request) == Received::message);
      CHECK(request.request_id == id);
      CHECK(request.uid == four.asker->uid());
      CHECK(golden::to_hex(request.event) == (has_event ? golden::to_hex(event) : std::string()));
    }
    const Response response{.kind = Response::Kind::client_count, .request_id = "id", .requester = four.asker->uid(), .count = 3};
    const Publication sent = four.server->encode("/x", response);
    bool is_subscribed = false;
    for (const Channel& channel : four.asker->response_channels("/x")) {
      is_subscribed = is_subscribed || channel.name == sent.channel;
    }
    CHECK(is_subscribed);
    Pending pending;
    Message none;
    CHECK(four.asker->decode(Topic::responses, sent.payload, {.pending = &pending}, none) == Received::other_request);
    pending.ids.insert("id");
    Message message;
    REQUIRE(four.asker->decode(Topic::responses, sent.payload, {.pending = &pending}, message) == Received::message);
    CHECK(message.kind == Message::Kind::client_count);
    CHECK(message.client_count == 3);
    CHECK(message.is_response());
  });
}

TEST_CASE("dialect: servers are told from emitters and askers by their uid") {
  with_each([](Four& four) {
    CHECK(four.other->is_server(four.server->uid()));
    CHECK_FALSE(four.other->is_server(four.emitter->uid()));
    CHECK_FALSE(four.other->is_server(four.asker->uid()));
  });
}

TEST_CASE("dialect: what is malformed has an error, and what is not known is no error") {
  with_each([](Four& four) {
    Message message;
    CHECK(four.server->decode(Topic::events, Bytes(), {}, message) == Received::malformed);
    CHECK(message.error.code == Errc::truncated);
  });
  Fleet fleet;
  fleet.transport = Transport::sharded;
  Four sharded(fleet);
  Message message;
  CHECK(sharded.server->decode(Topic::events, as_bytes(R"({"type":2,"uid":"u","nsp":"/"})"), {}, message) == Received::unknown);
  CHECK(message.type == 2);
}

TEST_CASE("dialect: a message by PUBLISH endangers classic servers with the same key, one by SPUBLISH does not") {
  Fleet fleet;
  CHECK_FALSE(Four(fleet).asker->endangered_channel("/x"));
  fleet.transport = Transport::streams;
  CHECK(Four(fleet).asker->endangered_channel("/x") == "socket.io-request#/x#");
  fleet.beside_classic = true;
  const Target target{.nsp = "/x"};
  CHECK_THROWS_AS((void)Four(fleet).emitter->encode("/x", Operation::server_side(target, event)), Error);
  fleet.use_sharded_pubsub = true;
  CHECK_FALSE(Four(fleet).asker->endangered_channel("/x"));
  CHECK_FALSE(Four(fleet).emitter->encode("/x", Operation::server_side(target, event)).payload.empty());
}

TEST_CASE("dialect: there is none for a transport that is not known yet, and none for a fleet that cannot be") {
  Fleet fleet;
  fleet.transport = Transport::automatic;
  CHECK(Dialect::make(fleet, {}) == nullptr);
  fleet.stream_count = 0;
  CHECK_THROWS_AS((void)Dialect::make(fleet, {}), Error);
}

}  // namespace dialect_test
