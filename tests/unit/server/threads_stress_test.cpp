// Many clients on several threads, who join, leave, talk, ask, answer and go at random: meant for a thread sanitizer, and
// right without.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "live_fixture.hpp"

namespace threads_stress_test {

using namespace live;

namespace {

constexpr std::size_t client_count = 24;
constexpr std::size_t room_count = 5;
constexpr int step_count = 1'500;

std::string room_name(std::size_t index) { return "room" + std::to_string(index); }

/// How often servers' questions to clients were asked, answered, and given up because the client had gone.
struct Asked {
  std::atomic<std::size_t> asked = 0;
  std::atomic<std::size_t> answered = 0;
  std::atomic<std::size_t> gone = 0;
};

void serve(Server& io, Asked& votes) {
  io.use([](Socket, Next next) { next(); });
  io.on_connection([&io, &votes](Socket socket) {
    socket.on("join", [socket](const std::string& room, Ack ack) {
      const std::vector<Room> rooms{room};
      socket.join(rooms, [ack](bool subscribed) { ack(subscribed); });
    });
    socket.on("leave", [socket](const std::string& room, Ack ack) {
      socket.leave(room);
      ack(true);
    });
    socket.on("say", [socket](const std::string& room, const std::string& from, int number, Ack ack) {
      socket.to(room).emit("said", from, number);
      ack(true);
    });
    socket.on("count", [&io](Ack ack) { io.fetch_sockets([ack](const FetchedSocketList& all) { ack(all.size() > 0); }); });
    socket.on("poll", [&io](const std::string& room, Ack ack) {
      // Who goes away does not vote: then the deadline ends it.
      io.to(room).timeout(std::chrono::milliseconds(200)).emit_with_ack("vote", [ack](const AckAnswers&) { ack(true); });
    });
    socket.on("ask me", [socket, &votes](Ack ack) {
      ++votes.asked;
      socket.timeout(std::chrono::minutes(1)).emit_with_ack("vote", [ack, &votes](const AckResult& result) {
        ++(result.ok() ? votes.answered : votes.gone);
        ack(result.ok() || result.status == AckStatus::disconnected);
      });
    });
    socket.on("ask all", [&io](Ack ack) {
      io.timeout(std::chrono::minutes(1)).emit_with_ack("vote", [ack](const AckAnswers& answers) {
        ack(answers.complete() && answers.size() == client_count);
      });
    });
    socket.on("all join", [&io](const std::string& from, const std::string& to, Ack ack) {
      io.in(from).sockets_join(to);
      ack(true);
    });
  });
}

/// One client, and what it must be told: an answer to each question, and what each other says in its order.
struct Talker {
  explicit Talker(Fixture& fixture) : client(std::make_unique<Client>(fixture)), name(client->join()) {}

  void ask(const std::string& event) { client->send("2" + std::to_string(questions++) + event); }
  void read() {
    for (const std::string& message : client->take()) {
      take(message);
    }
  }
  void take(const std::string& message) {
    if (message.starts_with('3')) {
      CHECK(message.ends_with("[true]"));
      ++answers;
    } else if (message.find("[\"vote\"]") != std::string::npos) {
      client->send("3" + message.substr(1, message.find('[') - 1) + "[1]");
    } else if (message.starts_with("2[\"said\"")) {
      const std::string from = message.substr(10, 20);
      const int number = std::stoi(message.substr(32));
      const auto known = heard.find(from);
      const bool in_order = known == heard.end() || known->second < number;
      CHECK(in_order);
      heard[from] = number;
    } else {
      CHECK(message == "2[\"noise\"]");
    }
  }

  std::unique_ptr<Client> client;
  std::string name;
  int questions = 0;
  int answers = 0;
  int said = 0;
  std::map<std::string, int> heard;
};

struct Stress {
  Stress(std::size_t threads, unsigned seed) : random(seed), fixture(options_for(threads)) { serve(*fixture.io, votes); }

  static ServerOptions options_for(std::size_t threads) {
    ServerOptions options;
    options.threads = threads;
    options.engine.ping_interval = std::chrono::milliseconds(600'000);  // no client here answers a ping
    return options;
  }
  std::size_t below(std::size_t limit) { return random() % limit; }

  void step() {
    const std::size_t index = below(talkers.size());
    Talker& talker = *talkers[index];
    const std::string room = "\"" + room_name(below(room_count)) + "\"";
    switch (below(13)) {
      case 0:
      case 1: talker.ask("[\"join\"," + room + "]"); break;
      case 2: talker.ask("[\"leave\"," + room + "]"); break;
      case 3:
      case 4:
      case 5:
      case 6: talker.ask("[\"say\"," + room + ",\"" + talker.name + "\"," + std::to_string(talker.said++) + "]"); break;
      case 7: talker.ask("[\"count\"]"); break;
      case 8: talker.ask("[\"poll\"," + room + "]"); break;
      case 9: talker.ask("[\"all join\"," + room + ",\"" + room_name(below(room_count)) + "\"]"); break;
      case 10: talker.read(); break;
      case 11: talker.ask("[\"ask me\"]"); break;
      default:
        if (below(4) == 0) {
          below(2) == 0 ? talker.client->reset() : talker.client->close_orderly();
          talkers[index] = std::make_unique<Talker>(fixture);
        }
    }
  }

  /// Everything that was asked has been answered.
  bool all_answered() {
    for (int round = 0; round < 1'000; ++round) {
      for (const auto& talker : talkers) {
        talker->read();
      }
      if (std::all_of(talkers.begin(), talkers.end(), [](const auto& one) { return one->answers == one->questions; })) {
        return true;
      }
    }
    return false;
  }

  /// Nobody goes now, so each question must get all its answers.
  void ask_many() {
    for (int step = 0; step < step_count / 5; ++step) {
      Talker& talker = *talkers[below(talkers.size())];
      talker.ask(below(4) == 0 ? "[\"ask all\"]" : "[\"ask me\"]");
      if (below(8) == 0) {
        talker.read();
      }
    }
  }

  std::mt19937 random;
  Asked votes;
  Fixture fixture;
  std::vector<std::unique_ptr<Talker>> talkers;
};

void run(std::size_t threads, unsigned seed) {
  CAPTURE(threads);
  CAPTURE(seed);
  Stress stress(threads, seed);
  Server& io = *stress.fixture.io;
  while (stress.talkers.size() < client_count) {
    stress.talkers.push_back(std::make_unique<Talker>(stress.fixture));
  }
  std::atomic<bool> over = false;
  std::atomic<std::size_t> fetched = 0;
  std::thread stranger([&] {
    std::size_t round = 0;
    while (!over) {
      io.to(room_name(round % room_count)).emit("noise");
      io.in(room_name(++round % room_count)).fetch_sockets([&fetched](const FetchedSocketList&) { ++fetched; });
      std::this_thread::yield();
      while (!over && fetched + 8 < round) {  // not faster than the server
        std::this_thread::yield();
      }
    }
  });
  for (int step = 0; step < step_count; ++step) {
    stress.step();
  }
  over = true;
  stranger.join();
  CHECK(stress.all_answered());

  CHECK(stress.fixture.until_count(client_count));
  stress.ask_many();
  CHECK(stress.all_answered());
  CHECK(stress.fixture.until([&] { return stress.votes.answered + stress.votes.gone == stress.votes.asked; }));
  CHECK(stress.fixture.counters().acks_timed_out == 0);

  std::optional<std::set<std::string>> found;
  io.fetch_sockets([&found](const FetchedSocketList& all) {
    found.emplace();
    for (const RemoteSocket& socket : all) {
      found->insert(socket.id());
    }
  });
  CHECK(stress.fixture.until([&found] { return found.has_value(); }));
  std::set<std::string> expected;
  for (const auto& talker : stress.talkers) {
    expected.insert(talker->name);
  }
  CHECK(*found == expected);
  const ServerCounters counters = stress.fixture.counters();
  CHECK(counters.sockets_connected - counters.sockets_disconnected == client_count);
  CHECK(stress.fixture.problems == Names{});
}

}  // namespace

TEST_CASE("threads: many clients at random, with two threads") { run(2, 1); }
TEST_CASE("threads: many clients at random, with four threads") { run(4, 2); }

}  // namespace threads_stress_test
