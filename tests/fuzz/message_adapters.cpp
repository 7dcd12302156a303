#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <socketio/protocol/cluster_message.hpp>

#include "fuzz/check.hpp"
#include "nodes/node.hpp"

// The first byte says which family, and where the rest arrives: on the channel that all hear, on a room's, on the one for
// answers while questions wait, or as the data of a stream's entry.
//
// Property: whatever arrives, sockets get nothing but whole events (the fake shard reads each); what is said can be read; each
// question ends once; and the next good message is handled as ever.

using namespace socketio;
using namespace nodes;

namespace {

enum class Place : std::uint8_t { main, room, answers, entry };

/// Questions under the ids 00..., 0101..., 0202... and 0303...
struct Waiting {
  Ending<FetchedSockets> fetched;
  Ending<std::vector<std::string>> rooms;
  Ending<ServerAnswers> answers;
  Ending<AckSummary> acks;

  void ask(Node& node) const {
    for (const std::string_view id : {"AAAAAAAA", "BBBBBBBB", "CCCCCCCC", "DDDDDDDD"}) {
      node.host.random().give(id);
    }
    node.adapter->fetch({}, fetched.callback());
    node.adapter->all_rooms(rooms.callback());
    node.adapter->server_side_emit_with_ack(packed(R"(["ev"])").bytes(), answers.callback());
    node.adapter->broadcast_with_ack({}, packed(R"(["q"])").bytes(), nullptr, acks.callback());
  }
  [[nodiscard]] bool each(std::size_t count) const {
    return fetched.count() == count && rooms.count() == count && answers.count() == count && acks.count() == count;
  }
};

/// The channel that only this server hears: the second one it has subscribed to.
std::string answers_channel(const FakeRedis& redis) {
  std::string last;
  for (const std::string& command : redis.commands) {
    const std::string name = command.substr(command.rfind(' ') + 1);
    if (name.size() > std::string_view("socket.io#/#").size()) {
      return name;
    }
    last = name;
  }
  return last;
}

void deliver(nodes::Fleet& fleet, const Family& family, Place place, Bytes payload) {
  switch (place) {
    case Place::main: fleet.redis.publish(family.kind, "socket.io#/#", payload); return;
    case Place::room: fleet.redis.publish(family.kind, "socket.io#/#room#", payload); return;
    case Place::answers: fleet.redis.publish(family.kind, answers_channel(fleet.redis), payload); return;
    case Place::entry: break;
  }
  const std::string_view text = as_text(payload.subspan(payload.empty() ? 0 : 1));
  const std::string type = std::to_string(payload.empty() ? 3 : payload[0] % 16);
  const std::array<std::string_view, 14> words{"XADD", "socket.io", "MAXLEN", "~",    "100", "*",    "uid",
                                               "js",   "nsp",       "/",      "type", type,  "data", text};
  FakeBus other(fleet.redis);
  other.command(words, [](const redis::CommandResult&) {});
  fleet.time.settle();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const Family& family = families[1 + (data[0] & 1U)];
  const auto place = static_cast<Place>((data[0] >> 1U) & 3U);
  nodes::Fleet fleet(family, 1);
  Node& node = fleet[0];
  FakeSocket& socket = node.host.shard().add("socket", {"room"});
  socket.answer = "[1]";
  node.host.event_answer = "[2]";
  fleet.redis.count_lie = 3;
  const Waiting waiting;
  const bool asks = place == Place::answers;
  if (asks) {
    waiting.ask(node);
  }
  fleet.time.settle();
  const std::size_t said = fleet.redis.published.size();

  deliver(fleet, family, place, {data + 1, size - 1});
  fleet.time.settle();

  for (std::size_t index = said + 1; index < fleet.redis.published.size(); ++index) {
    Buffer scratch;
    FUZZ_CHECK(cluster_message::open(fleet.redis.published[index].payload, scratch).ok());
  }
  FakeSocket& other = node.host.shard().add("other");
  Node& emitter = fleet.add();
  emitter.adapter->apply(Operation::emit({}, packed(R"(["good"])").bytes()));
  fleet.time.settle();
  FUZZ_CHECK(!other.received.empty() && other.received.back()[0] == "2[\"good\"]");
  fleet.time.advance(adapter::Adapter::ack_timeout_ms);
  FUZZ_CHECK(!asks || waiting.each(1));
  return 0;
}
