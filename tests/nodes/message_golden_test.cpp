// Messages and responses of a sharded and a streams adapter, compared byte for byte with the vectors of the official packages.

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/pack.hpp>

#include "golden_server.hpp"
#include "node.hpp"
#include "unit/emitter/vectors.hpp"
#include "unit/protocol/classic_fixture.hpp"

namespace message_golden_test {

using namespace nodes;
using golden::Json;
using socketio::Flags;
using socketio::ShardedOptions;
using socketio::StreamsOptions;
using socketio::SubscriptionMode;

namespace {

using Words = std::vector<std::string>;

/// One server with the ids of a vector, before it publishes.
struct Server {
  explicit Server(const std::string& uid, const std::string& request_id = "", std::string nsp = "/")
      : bus(std::make_shared<FakeBus>(redis)), host(time, std::move(nsp), 1) {
    host.random().give_hex(uid);
    host.random().give_hex(request_id);
  }
  /// The last step: creates the adapter.
  void start(const socketio::adapter::AdapterFactory& make) { adapter = make(host); }

  FakeTime time;
  FakeRedis redis{time};
  std::shared_ptr<FakeBus> bus;
  FakeHost host;
  std::unique_ptr<Adapter> adapter;
};

SubscriptionMode mode_of(const std::string& name) {
  return name == "static"    ? SubscriptionMode::only_static
         : name == "dynamic" ? SubscriptionMode::dynamic
                             : SubscriptionMode::dynamic_private;
}

ShardedOptions sharded_options(const std::string& mode) {
  ShardedOptions options;
  options.sharded_mode = mode_of(mode);
  return options;
}

StreamsOptions streams_options(const Json& options) {
  StreamsOptions result;
  result.only_plaintext = options.value("onlyPlaintext", false);
  result.stream_count = options.value("streamCount", result.stream_count);
  result.stream_name = options.value("streamName", result.stream_name);
  result.key = options.value("channelPrefix", result.key);
  result.read_count = options.value("readCount", result.read_count);
  result.block_time = std::chrono::milliseconds(options.value("blockTimeInMs", result.block_time.count()));
  result.use_sharded_pubsub = options.value("useShardedPubSub", false);
  return result;
}

/// The id of the request in a payload, which is JSON or msgpack.
std::string request_id_of(const std::vector<std::uint8_t>& payload) {
  const std::string text(payload.begin(), payload.end());
  const std::string name = "requestId";
  const std::size_t found = text.find(name);
  if (found == std::string::npos) {
    return "";
  }
  return text.substr(found + name.size() + (text.front() == '{' ? 3 : 1), 16);
}

void perform(Adapter& adapter, const Json& vector) {
  const std::string op = vector.at("op");
  const std::vector<Room> rooms = fixture::rooms(vector, "rooms");
  std::vector<Room> except = fixture::rooms(vector, "except");
  if (op == "socket.broadcast.emit") {
    except = {Room(vector.at("sid").get<std::string>())};
  }
  const Json flags = vector.value("flags", Json::object());
  Json others = flags;
  others.erase("local");
  const Target target{
      .rooms = rooms, .except = except, .flags = fixture::flags(others), .local = flags.contains("local")};
  Buffer data;
  golden::append_packed(data, vector.value("args", Json::array()));
  if (op == "emit-with-ack") {
    adapter.broadcast_with_ack(target, data.bytes(), nullptr, [](const AckSummary&) {});
  } else if (op == "fetchSockets") {
    adapter.fetch(target, [](const FetchedSockets&) {});
  } else if (op == "socketsJoin") {
    adapter.apply(Operation::join(target, fixture::rooms(vector, "arg")));
  } else if (op == "socketsLeave") {
    adapter.apply(Operation::leave(target, fixture::rooms(vector, "arg")));
  } else if (op == "disconnectSockets") {
    adapter.apply(Operation::disconnect(target, vector.at("arg").get<bool>()));
  } else if (op == "serverSideEmit" && vector.contains("ack")) {
    adapter.server_side_emit_with_ack(data.bytes(), [](const ServerAnswers&) {});
  } else if (op == "serverSideEmit") {
    adapter.apply(Operation::server_side({}, data.bytes()));
  } else {
    adapter.apply(Operation::emit(target, data.bytes()));
  }
}

/// Checks that our adapter counts servers where the reference does; the order of counting and publishing may differ.
void check_counted(const Server& server, std::size_t subscribed, const Json& commands) {
  Words expected;
  for (const Json& command : commands) {
    if (command.at("command") == "PUBSUB") {
      expected.push_back(command.at("args")[0].get<std::string>() + " " + command.at("args")[1].get<std::string>());
    }
  }
  CHECK(Words(server.redis.commands.begin() + static_cast<std::ptrdiff_t>(subscribed), server.redis.commands.end()) ==
        expected);
}

}  // namespace

TEST_CASE("sharded nodes: every operation publishes what the reference publishes, byte for byte") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("sharded-adapter")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    if (!vectors::has_exact_bytes(vector)) {
      continue;
    }
    ++count;
    const bool says = vector.value("published", true);
    const auto payload = says ? golden::payload(vector) : std::vector<std::uint8_t>();
    Server server(vector.at("uid"), request_id_of(payload), vector.at("nsp"));
    server.start(socketio::sharded_adapter(server.bus, sharded_options(vector.at("subscription_mode"))));
    server.redis.count_lie = 3;
    const std::size_t subscribed = server.redis.commands.size();

    perform(*server.adapter, vector);
    server.time.settle();

    REQUIRE(server.redis.published.size() == (says ? 1 : 0));
    if (says) {
      CHECK(server.redis.published[0].kind == SubscriptionKind::shard);
      CHECK(server.redis.published[0].channel == vector.at("channel").get<std::string>());
      CHECK(golden::to_hex(server.redis.published[0].payload) == golden::to_hex(payload));
    }
    check_counted(server, subscribed, vector.value("other_commands", Json::array()));
  }
  CHECK(count == 136);
}

TEST_CASE("sharded nodes: subscriptions are the reference's in every mode, and end with the adapter") {
  for (const Json& vector : golden::file("sharded-subscriptions")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    Server server(vector.at("uid"));
    server.start(socketio::sharded_adapter(server.bus, sharded_options(name)));
    FakeSocket& socket = server.host.shard().add(vector.at("sid"));
    auto& index = server.host.shard().index();
    index.join(socket, vector.at("sid").get<std::string>());
    for (const char* const room : {"room1", "twenty-characters-xx", "42"}) {
      index.join(socket, room);
    }
    index.leave(socket, "room1");
    server.host.shard().remove(socket);
    server.time.settle();

    // The order in which the rooms of one socket are left does not matter.
    std::vector<std::string> expected;
    for (const Json& command : vector.at("commands")) {
      expected.push_back(command.at("command").get<std::string>() + " " + command.at("args")[0].get<std::string>());
    }
    std::vector<std::string> said = server.redis.commands;
    std::sort(expected.begin(), expected.end());
    std::sort(said.begin(), said.end());
    CHECK(said == expected);
    server.adapter.reset();
    CHECK(server.redis.subscription_count() == 0);
  }
}

TEST_CASE("streams nodes: every operation says what the reference says, byte for byte") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("streams-adapter")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    if (!vectors::has_exact_bytes(vector) || vector.at("commands").empty()) {
      continue;
    }
    ++count;
    const Json& said = vectors::command(vector);
    const bool is_entry = said.at("command") == "XADD";
    const auto payload = is_entry ? std::vector<std::uint8_t>() : golden::payload(said);
    Server server(vector.at("uid"), request_id_of(payload), vector.at("nsp"));
    server.start(socketio::streams_adapter(server.bus, streams_options(vector.value("options", Json::object()))));
    server.redis.count_lie = 3;
    const std::size_t subscribed = server.redis.commands.size();

    perform(*server.adapter, vector);
    server.time.settle();

    REQUIRE(server.redis.published.size() == 1);
    if (is_entry) {
      Words expected = said.at("args").get<Words>();
      expected.insert(expected.begin(), "XADD");
      CHECK(server.redis.other_commands == std::vector<Words>{expected});
    } else {
      CHECK(server.redis.other_commands.empty());
      CHECK(server.redis.published[0].channel == said.at("channel").get<std::string>());
      CHECK(golden::to_hex(server.redis.published[0].payload) == golden::to_hex(payload));
    }
    check_counted(server, subscribed, vector.at("commands"));
  }
  CHECK(count == 115);
}

TEST_CASE("streams nodes: subscriptions and streams are the reference's, and end with the adapter") {
  for (const Json& vector : golden::file("streams-commands")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    Server server(vector.at("uid"));
    const StreamsOptions options = streams_options(vector.at("options"));
    server.start(socketio::streams_adapter(server.bus, options));

    Words subscriptions;
    Words streams;
    for (const Json& command : vector.at("commands")) {
      const std::string verb = command.at("command");
      const Words words = command.at("args").get<Words>();
      if (verb == "XREAD") {
        streams.push_back(words.at(5));
        CHECK(words.at(1) == std::to_string(options.block_time.count()));
        CHECK(words.at(3) == std::to_string(options.read_count));
        continue;
      }
      for (const std::string& channel : words) {
        subscriptions.push_back(verb + " " + channel);
      }
    }
    CHECK(server.redis.commands == subscriptions);
    // A stream that holds no namespace of this server is not read.
    REQUIRE(server.redis.readings.size() == 1);
    const auto& reading = server.redis.readings[0];
    CHECK(std::find(streams.begin(), streams.end(), reading.stream) != streams.end());
    CHECK(reading.count == options.read_count);
    CHECK(reading.block_time == options.block_time);
    server.adapter.reset();
    CHECK(server.redis.subscription_count() == 0);
  }
}

// ---- responses -------------------------------------------------------------------------------------------------------------

namespace {

/// The handshake in a response, which is JSON or msgpack.
std::string handshake_of(const Json& answer) {
  const std::vector<std::uint8_t> payload = golden::payload(answer);
  const Json message = payload.front() == '{' ? Json::parse(payload.begin(), payload.end()) : golden::to_notation(payload);
  return message.at("data").at("sockets")[0].at("handshake").dump();
}

/// Publishes the request as another server of the family does.
void say(Server& server, const Family& family, const Json& request) {
  Buffer out;
  const std::string text = request.dump();
  if (family.kind == SubscriptionKind::shard) {
    out.append(text);
  } else {
    golden::append_packed(out, request);
  }
  server.redis.publish(family.kind, family.request_channel, out.bytes());
}

void check_answers(const Family& family, const std::string& file, std::size_t expected_count) {
  std::size_t count = 0;
  for (const Json& vector : golden::file(file)) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    Server server(vector.at("receiver_uid"));
    server.start(family.make(server.bus));
    const Json& expected = vector.at("responses");
    FakeSocket& socket = server.host.shard().add(vector.at("receiver_sid"), {"room1"});
    if (name == "leave") {
      server.host.shard().index().join(socket, "room2");
    }
    socket.data = R"({"name":"alice"})";
    if (name.starts_with("fetch-sockets") && name != "fetch-sockets-none") {
      socket.handshake = handshake_of(expected[0]);
    }
    if (name == "fetch-sockets-binary-data") {
      socket.packed_data.emplace();
      socket.packed_data->append(golden::from_hex("81a4626c6f62c40101"));
    }
    const bool is_packet = !vector.at("to_client").empty() && vector.at("to_client")[0] != "1";
    if (is_packet && vector.at("to_client")[0] != "2[\"e\",1]") {
      server.host.start_ack_ids_at(std::stoull(vector.at("to_client")[0].get<std::string>().substr(1)));
    }

    say(server, family, vector.at("request"));
    server.time.settle();
    if (!vector.at("client_acks").empty()) {
      socket.acknowledge(ack_of(vector.at("client_acks")).bytes());
    }
    for (const auto& answer : server.host.open_questions) {
      CHECK(answer(event_answer(server.host.events.back()).bytes()));
    }
    server.time.settle();

    CHECK(socket.received == (is_packet ? std::vector<Json>{vector.at("to_client")} : std::vector<Json>{}));
    CHECK(socket.disconnected == (vector.at("to_client") == Json::array({"1"})));
    REQUIRE(server.redis.published.size() == 1 + expected.size());
    for (std::size_t index = 0; index < expected.size(); ++index) {
      const FakeRedis::Message& said = server.redis.published[index + 1];
      CHECK(said.kind == family.kind);
      CHECK(said.channel == expected[index].at("channel").get<std::string>());
      CHECK(golden::to_hex(said.payload) == golden::to_hex(golden::payload(expected[index])));
    }
    CHECK(server.host.shard().index().is_in(socket, "room2") == (name == "join"));
  }
  CHECK(count == expected_count);
}

}  // namespace

TEST_CASE("sharded nodes: every request is answered as the reference answers it, byte for byte") {
  check_answers(families.at(1), "sharded-responses", 19);
}

TEST_CASE("streams nodes: every request is answered as the reference answers it, byte for byte") {
  check_answers(families.at(2), "streams-responses", 19);
}

TEST_CASE("streams nodes: the session of a lost client is kept as the reference keeps it") {
  const Json& vector = golden::vector("streams-recovery", "session");
  const Json* kept = nullptr;
  for (const Json& step : vector.at("steps")) {
    for (const Json& command : step.at("redis")) {
      kept = command.at("command") == "SET" ? &command : kept;
    }
  }
  REQUIRE(kept != nullptr);
  Server server("3de99ced0cdb5c0d");
  server.host.keep_sessions_for_ms(vector.at("max_disconnection_duration").get<std::uint32_t>());
  server.start(socketio::streams_adapter(server.bus));
  const std::string sid = vector.at("sid");
  server.adapter->save({sid, vector.at("pid"), {sid, "room1"}, packed(R"({"name":"alice","n":1})")});
  server.time.settle();

  Words expected = kept->at("args").get<Words>();
  expected.insert(expected.begin(), "SET");
  REQUIRE(server.redis.other_commands.size() == 1);
  CHECK(server.redis.other_commands[0] == expected);
}

TEST_CASE("streams nodes: a session is kept without members that set a prototype in JavaScript servers") {
  Server server("3de99ced0cdb5c0d");
  server.host.keep_sessions_for_ms(1'000);
  server.start(socketio::streams_adapter(server.bus));
  Buffer data;
  socketio::pack::map_header(data, 2);
  socketio::pack::text(data, "__proto__");
  socketio::pack::binary(data, socketio::as_bytes("x"));
  socketio::pack::text(data, "name");
  socketio::pack::text(data, "alice");
  server.adapter->save({"sid", "pid", {"sid"}, std::move(data)});
  server.time.settle();

  REQUIRE(server.redis.other_commands.size() == 1);
  Buffer session;
  REQUIRE(socketio::base64::decode(session, server.redis.other_commands[0].at(2)));
  CHECK(json(session.bytes()) == R"({"sid":"sid","pid":"pid","rooms":["sid"],"data":{"name":"alice"}})");
  CHECK(session.text().find("__proto__") == std::string_view::npos);
}

}  // namespace message_golden_test
