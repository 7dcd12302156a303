#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/protocol/classic_response.hpp>

#include "fuzz/check.hpp"
#include "nodes/node.hpp"

// The first byte says where the rest arrives: on a broadcast channel, as a request, or as an answer while questions wait.
//
// Property: whatever arrives, sockets get nothing but whole events (the fake shard reads each); what is said is an answer, on
// the channel for answers, that can be read; at most one counter tells what was wrong; each question ends once; and the next
// good message is handled as ever.

using namespace socketio;
using namespace nodes;

namespace {

constexpr std::array<std::string_view, 5> channels{"socket.io#/#", "socket.io-request#/#", "socket.io-response#/#",
                                                   "socket.io#/#room#", "socket.io-response#/#AAAAAA#"};
constexpr std::string_view request_id = "BBBBBB";

/// Questions under the ids BBBBBB, CCCCCC, DDDDDD and EEEEEE.
struct Waiting {
  Ending<FetchedSockets> fetched;
  Ending<std::vector<std::string>> rooms;
  Ending<ServerAnswers> answers;
  Ending<AckSummary> acks;

  void ask(Node& node) const {
    for (const std::string_view id :
         {request_id, std::string_view("CCCCCC"), std::string_view("DDDDDD"), std::string_view("EEEEEE")}) {
      node.host.random().give(id);
    }
    node.adapter->fetch({}, fetched.callback());
    node.adapter->all_rooms(rooms.callback());
    node.adapter->server_side_emit_with_ack(packed(R"(["ev"])").bytes(), answers.callback());
    node.adapter->broadcast_with_ack({}, packed(R"(["q"])").bytes(), nullptr, acks.callback());
  }
  [[nodiscard]] bool at_most_once() const {
    return fetched.count() <= 1 && rooms.count() <= 1 && answers.count() <= 1 && acks.count() <= 1;
  }
  [[nodiscard]] bool once() const {
    return fetched.count() == 1 && rooms.count() == 1 && answers.count() == 1 && acks.count() == 1;
  }
};

std::uint64_t told(const adapter::AdapterCounters& counters) {
  return counters.dropped_absent + counters.dropped_own + counters.dropped_nsp + counters.malformed + counters.foreign_answers +
         counters.duplicate_answers;
}

void check_said(const FakeRedis& redis, std::size_t from) {
  for (std::size_t index = from; index < redis.published.size(); ++index) {
    const FakeRedis::Message& said = redis.published[index];
    Buffer scratch;
    FUZZ_CHECK(said.channel == "socket.io-response#/#");
    FUZZ_CHECK(classic_response::decode(said.payload, scratch).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  nodes::Fleet fleet(families.front(), 1);
  Node& node = fleet[0];
  FakeSocket& socket = node.host.shard().add("socket", {"room"});
  socket.answer = "[1]";
  node.host.event_answer = "[2]";
  fleet.redis.count_lie = 3;
  const Waiting waiting;
  const std::string_view channel = channels[data[0] % channels.size()];
  if (channel.find("response") != std::string_view::npos) {
    waiting.ask(node);
    fleet.time.settle();
  }
  const std::size_t said = fleet.redis.published.size();
  const std::uint64_t before = told(node.adapter->counters());

  fleet.redis.publish(SubscriptionKind::channel, channel, {data + 1, size - 1});
  fleet.time.settle();

  check_said(fleet.redis, said + 1);
  // An answer of ours comes back, and is foreign; an answer to a socket's ack likewise.
  const std::uint64_t echoes = fleet.redis.published.size() - said - 1;
  FUZZ_CHECK(told(node.adapter->counters()) - before <= 1 + echoes);
  FUZZ_CHECK(waiting.at_most_once());

  FakeSocket& other = node.host.shard().add("other");
  Node& emitter = fleet.add();
  emitter.adapter->apply(Operation::emit({}, packed(R"(["good"])").bytes()));
  fleet.time.settle();
  FUZZ_CHECK(other.received.size() == 1 && other.received[0][0] == "2[\"good\"]");

  fleet.time.advance(adapter::Adapter::ack_timeout_ms);
  if (channel.find("response") != std::string_view::npos) {
    FUZZ_CHECK(waiting.once());
  }
  return 0;
}
