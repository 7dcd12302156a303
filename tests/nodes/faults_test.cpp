// Fleets on a Redis that loses, duplicates, delays and reorders messages, by seed: every operation completes once, and no
// socket receives messages for others.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include <socketio/protocol/value.hpp>

#include "node.hpp"

namespace faults_test {

using namespace nodes;
using socketio::Arguments;
using socketio::Value;

namespace {

constexpr std::uint64_t rounds = 100;
constexpr std::size_t operations_per_round = 40;
constexpr std::size_t server_count = 4;

/// Operations of a round, and the number of times that each has completed.
struct Ledger {
  std::vector<unsigned> endings;
  std::size_t begin() {
    endings.push_back(0);
    return endings.size() - 1;
  }
};

/// A fleet with sockets in rooms, on which operations run that a seed chooses.
class Round {
 public:
  Round(const Family& family, std::uint64_t seed, FakeRedis::Faults faults) : dice_(seed), fleet_(family, server_count, seed) {
    fleet_.redis.faults = faults;
    for (std::size_t server = 0; server < server_count; ++server) {
      for (std::size_t number = 0; number < 3; ++number) {
        FakeSocket& socket = fleet_[server].host.shard().add(std::to_string(server) + "/" + std::to_string(number),
                                                             {"room" + std::to_string(number), "all"});
        if (dice_.percent(70)) {
          socket.answer = "[\"" + socket.id() + "\"]";
          socket.answers_after_ms = dice_.below(300);
        }
      }
      if (dice_.percent(70)) {
        fleet_[server].host.event_answer = "[" + std::to_string(server) + "]";
      }
    }
  }

  void run() {
    for (std::size_t step = 0; step < operations_per_round; ++step) {
      const std::size_t server = dice_.below(server_count);
      if (fleet_[server].adapter == nullptr) {
        continue;
      }
      if (dice_.percent(2)) {
        fleet_[server].adapter->close();
      } else if (dice_.percent(2)) {
        fleet_[server].adapter.reset();
      } else {
        operate(*fleet_[server].adapter);
      }
      fleet_.time.advance(dice_.below(400));
    }
    fleet_.time.advance(60'000);
  }

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] Fleet& fleet() { return fleet_; }
  std::string complaints;

 private:
  void complain_if(bool wrong, const char* what) {
    if (wrong) {
      complaints += std::string(what) + "; ";
    }
  }

  void operate(Adapter& adapter) {
    const std::vector<Room> rooms{Room("room" + std::to_string(dice_.below(4)))};
    const std::vector<Room> joined{Room("joined" + std::to_string(dice_.below(4)))};
    Target target{.rooms = dice_.percent(50) ? rooms : std::vector<Room>()};
    target.local = dice_.percent(10);
    switch (dice_.below(9)) {
      case 0: adapter.apply(Operation::emit(target, packed(R"(["e",1])").bytes())); return;
      case 1: ask_acks(adapter, target); return;
      case 2: adapter.apply(Operation::join(target, joined)); return;
      case 3: adapter.apply(Operation::leave(target, joined)); return;
      case 4: adapter.apply(Operation::server_side({}, packed(R"(["ev"])").bytes())); return;
      case 5: ask_servers(adapter); return;
      case 6: ask_sockets(adapter, target); return;
      case 7:
        adapter.all_rooms([this, one = ledger_.begin()](const std::vector<std::string>&) { ++ledger_.endings[one]; });
        return;
      default: adapter.server_side_emit_with_ack(packed(R"(["ev"])").bytes(), [](const ServerAnswers&) {});
    }
  }

  void ask_acks(Adapter& adapter, Target target) {
    target.flags.set_timeout_ms(static_cast<std::uint32_t>(dice_.below(1'000)));
    const auto done = [this, one = ledger_.begin()](const AckSummary& summary) {
      ++ledger_.endings[one];
      complain_if(!summary.timed_out && summary.acks.size() < summary.clients_asked, "complete, but acks are missing");
    };
    adapter.broadcast_with_ack(target, packed(R"(["q"])").bytes(), nullptr, done);
  }

  void ask_servers(Adapter& adapter) {
    const auto done = [this, one = ledger_.begin()](const ServerAnswers& answers) {
      ++ledger_.endings[one];
      const bool all = answers.answers.size() >= answers.servers_asked;
      // No server was asked if the servers were not counted in time.
      complain_if(answers.timed_out == all && answers.servers_asked != 0, "answers do not add up");
    };
    adapter.server_side_emit_with_ack(packed(R"(["ev"])").bytes(), done);
  }

  void ask_sockets(Adapter& adapter, const Target& target) {
    const auto done = [this, one = ledger_.begin()](const FetchedSockets& fetched) {
      ++ledger_.endings[one];
      std::set<std::string> ids;
      for (const Value socket : Arguments(fetched.sockets.packed.bytes(), fetched.sockets.count)) {
        complain_if(!ids.insert(socket.member("id").as<std::string>().value_or("")).second, "a socket was fetched twice");
      }
      complain_if(ids.size() != fetched.sockets.count, "the count of sockets is wrong");
    };
    adapter.fetch(target, done);
  }

  Dice dice_;
  Fleet fleet_;
  Ledger ledger_;
};

void check_rounds(FakeRedis::Faults faults) {
  for (const Family& family : families) {
    for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
      Round round(family, seed, faults);
      round.run();
      CAPTURE(family.name);
      CAPTURE(seed);
      const auto& endings = round.ledger().endings;
      CHECK(std::all_of(endings.begin(), endings.end(), [](unsigned count) { return count == 1; }));
      CHECK(round.complaints == "");
      CHECK(round.fleet().time.timer_count() == 0);
      for (auto& node : round.fleet().nodes) {
        node->adapter.reset();
      }
      CHECK(round.fleet().redis.subscription_count() == 0);
    }
  }
}

}  // namespace

TEST_CASE("faults: on a good Redis every operation ends once") { check_rounds({}); }
TEST_CASE("faults: with a slow Redis, where messages overtake each other, every operation ends once") {
  check_rounds({.delay_ms_max = 800});
}
TEST_CASE("faults: with a Redis that loses a third of all messages every operation ends once") {
  check_rounds({.lost_percent = 33, .delay_ms_max = 100});
}
TEST_CASE("faults: with a Redis that doubles messages every operation ends once") {
  check_rounds({.doubled_percent = 40, .delay_ms_max = 300});
}
TEST_CASE("faults: with all of that every operation ends once") {
  check_rounds({.lost_percent = 20, .doubled_percent = 20, .delay_ms_max = 6'000});
}

TEST_CASE("faults: without loss every socket gets every broadcast once, however messages are delayed") {
  for (const Family& family : families) {
    for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
      CAPTURE(family.name);
      CAPTURE(seed);
      Fleet fleet(family, server_count, seed);
      std::vector<FakeSocket*> sockets;
      for (auto& node : fleet.nodes) {
        sockets.push_back(&node->host.shard().add("s" + std::to_string(sockets.size()), {"r"}));
      }
      fleet.redis.faults.delay_ms_max = 50;
      const std::vector<Room> r{Room("r")};
      for (int number = 0; number < 20; ++number) {
        const std::string event = "[\"e\"," + std::to_string(number) + "]";
        fleet[seed % server_count].adapter->apply(Operation::emit({.rooms = r}, packed(event).bytes()));
      }
      fleet.time.advance(100);
      for (const FakeSocket* const socket : sockets) {
        const std::set<std::string> different = [socket] {
          std::set<std::string> all;
          for (const auto& packet : socket->received) {
            all.insert(packet[0].get<std::string>());
          }
          return all;
        }();
        CHECK(socket->received.size() == 20);
        CHECK(different.size() == 20);
      }
    }
  }
}

}  // namespace faults_test
