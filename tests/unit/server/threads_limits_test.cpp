// One server on several threads: what waits for a busy thread, and how it closes.
//
// Source: docs/serving.md, "Threads".

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "threads_fixture.hpp"

namespace threads_limits_test {

using namespace live;

TEST_CASE("threads: what is said to the clients of a busy thread waits up to a limit, and is then dropped and counted") {
  ServerOptions options = on_threads(2);
  options.thread_queue_bytes_max = 10'000;
  std::atomic<bool> is_busy = false;
  std::atomic<bool> over = false;
  Fixture fixture(options);
  fixture.io->on_connection([&](Socket socket) {
    socket.on("work", [&] {
      is_busy = true;
      while (!over) {
        std::this_thread::yield();
      }
    });
  });
  Client first(fixture);
  first.join();
  Client second(fixture);
  second.join();
  second.send("2[\"work\"]");
  CHECK(fixture.until([&is_busy] { return is_busy.load(); }));
  for (int count = 0; count < 20; ++count) {
    fixture.io->emit("big", std::string(1'000, 'x'));
  }
  CHECK(first.take().size() == 20);
  over = true;
  const std::size_t dropped = fixture.counters().dropped_busy_thread;
  CHECK(dropped > 0);
  CHECK(second.take().size() + dropped == 20);
  fixture.io->emit("small");
  CHECK(second.next() == "2[\"small\"]");
}

TEST_CASE("threads: who has more for the first thread than may wait waits itself, and nothing is lost") {
  ServerOptions options = on_threads(2);
  options.thread_queue_bytes_max = 1'000;
  Fixture fixture(options);
  fixture.io->on_connection([&](Socket socket) {
    socket.on("much", [socket, &fixture] {
      for (int count = 0; count < 100; ++count) {
        fixture.io->emit("n", count);
      }
      socket.emit("done");
    });
  });
  Client first(fixture);
  first.join();
  Client second(fixture);
  second.join();
  second.send("2[\"much\"]");
  for (Client* const client : {&first, &second}) {
    for (int count = 0; count < 100; ++count) {
      CHECK(client->next() == "2[\"n\"," + std::to_string(count) + "]");
    }
  }
  CHECK(second.next() == "2[\"done\"]");
}

TEST_CASE("threads: closing ends the sockets of all loops, and is done when nothing is left") {
  Notes reasons;
  Spread spread(on_threads(), [&](Fixture& fixture) {
    fixture.io->on_connection([&](Socket socket) {
      socket.on_disconnect([&reasons](std::string_view reason) { reasons.add(std::string(reason)); });
    });
  });
  bool done = false;
  spread.fixture.io->close(std::chrono::seconds(10), [&done] { done = true; });
  for (const auto& client : spread.clients) {
    CHECK(client->until_closed());
    client->reset();
  }
  CHECK(spread.fixture.until([&done] { return done; }));
  CHECK(reasons.all() == Names(thread_count, "server shutting down"));
  CHECK(spread.fixture.io->connection_count() == 0);
}

TEST_CASE("threads: closing cuts what is left at its deadline") {
  Spread spread;
  bool done = false;
  spread.fixture.io->close(std::chrono::milliseconds(1), [&done] { done = true; });
  CHECK(spread.fixture.until([&done] { return done; }));
}

TEST_CASE("threads: a server that is destroyed ends the sockets of all loops") {
  Notes reasons;
  std::optional<Socket> kept;
  std::optional<Namespace> nsp;
  {
    Spread spread(on_threads(), [&](Fixture& fixture) {
      fixture.io->on_connection([&](Socket socket) {
        socket.on_disconnect([&reasons](std::string_view reason) { reasons.add(std::string(reason)); });
      });
    });
    kept = spread.fixture.io->find_socket(spread.ids[1]);
    nsp = *spread.fixture.io;
    spread.fixture.io->emit("on its way");
    spread.fixture.destroy();
    CHECK(reasons.all() == Names(thread_count, "server shutting down"));
    CHECK_FALSE(kept->emit("nobody"));
    kept->join("nowhere");
    kept->post([] { FAIL("there is no thread for it"); });
    nsp->emit("nobody");
  }
  CHECK_FALSE(kept->connected());
}

}  // namespace threads_limits_test
