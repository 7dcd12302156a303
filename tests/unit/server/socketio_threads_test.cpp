// One server on several threads behaves as one server.
//
// Source: docs/serving.md, "Threads".

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <socketio/adapter/in_memory.hpp>

#include "threads_fixture.hpp"

namespace socketio_threads_test {

using namespace live;

namespace {

std::string this_thread() { return std::to_string(std::hash<std::thread::id>{}(std::this_thread::get_id())); }

void make_busy(Fixture& fixture) {
  Server& io = *fixture.io;
  io.on_connection([&io](Socket socket) {
    socket.on("join", [socket](const std::string& room, Ack ack) {
      socket.join(room);
      ack(socket.rooms().size());
    });
    socket.on("say", [socket](const std::string& room, const std::string& text) { socket.to(room).emit("said", text); });
    socket.on("order", [socket, &io] {
      io.emit("first");
      socket.emit("second");
      io.to(socket.id()).emit("third");
      socket.leave(socket.id());
      io.to(socket.id()).emit("to nobody");
      io.in("r").sockets_join("s");
      io.to("s").emit("fourth");
    });
    socket.on("bye", [socket, &io] {
      io.emit("bye");
      socket.disconnect(true);
    });
  });
}

}  // namespace

TEST_CASE("threads: so many as a server can have") {
  Loop loop;
  CHECK_THROWS_AS(Server(loop, on_threads(0)), Error);
  CHECK_THROWS_AS(Server(loop, on_threads(ServerOptions::threads_max + 1)), Error);
  const Server one_that_never_listens(loop, on_threads(ServerOptions::threads_max));
}

TEST_CASE("threads: clients are spread over all of them, and each client's handlers stay on one") {
  Notes connected;
  Notes heard;
  Spread spread(on_threads(), [&](Fixture& fixture) {
    fixture.io->on_connection([&](Socket socket) {
      connected.add(this_thread());
      socket.on("e", [&heard](int) { heard.add(this_thread()); });
    });
  });
  for (int round = 0; round < 2; ++round) {
    for (std::size_t place = 0; place < thread_count; ++place) {
      spread.clients[place]->send("2[\"e\",1]");
      static_cast<void>(spread.clients[place]->take());
    }
  }
  const Names threads = connected.all();
  CHECK(std::set<std::string>(threads.begin(), threads.end()).size() == thread_count);
  Names twice = threads;
  twice.insert(twice.end(), threads.begin(), threads.end());
  CHECK(heard.all() == twice);
  CHECK(spread.fixture.io->connection_count() == thread_count);
  CHECK(spread.fixture.io->socket_count() == thread_count);
  CHECK(spread.fixture.io->sockets().size() == thread_count);
  CHECK(spread.fixture.counters().events_received == 2 * thread_count);
  CHECK(spread.fixture.counters().http.accepted == thread_count);
}

TEST_CASE("threads: a broadcast reaches the sockets of all loops once, whoever sends it") {
  Spread spread(on_threads(), make_busy);
  Server& io = *spread.fixture.io;
  io.emit("from the loop");
  spread.check_all({"2[\"from the loop\"]"});
  std::thread([&io] { io.emit("from a thread"); }).join();
  spread.check_all({"2[\"from a thread\"]"});

  for (const auto& client : spread.clients) {
    client->send("20[\"join\",\"r\"]");
    CHECK(client->next() == "30[2]");
  }
  for (std::size_t sender = 0; sender < thread_count; ++sender) {
    spread.clients[sender]->send("2[\"say\",\"r\",\"hi\"]");
    static_cast<void>(spread.clients[sender]->take());
    spread.settle();
    for (std::size_t place = 0; place < thread_count; ++place) {
      CAPTURE(sender);
      CAPTURE(place);
      CHECK(spread.clients[place]->take() == (place == sender ? Names{} : Names{"2[\"said\",\"hi\"]"}));
    }
  }
  io.to(spread.ids[2]).emit("one");
  io.except(spread.ids[2]).emit("others");
  spread.settle();
  CHECK(spread.clients[0]->take() == Names{"2[\"others\"]"});
  CHECK(spread.clients[2]->take() == Names{"2[\"one\"]"});
}

TEST_CASE("threads: what a handler does arrives in the order in which it does it") {
  for (std::size_t sender = 0; sender < thread_count; ++sender) {
    CAPTURE(sender);
    Spread spread(on_threads(), make_busy);
    for (const auto& client : spread.clients) {
      client->send("20[\"join\",\"r\"]");
      CHECK(client->next() == "30[2]");
    }
    spread.clients[sender]->send("2[\"order\"]");
    static_cast<void>(spread.clients[sender]->take() == Names{});
    CHECK(spread.fixture.problems == Names{});
    spread.settle();
    for (std::size_t place = 0; place < thread_count; ++place) {
      if (place != sender) {
        CHECK(spread.clients[place]->take() == Names{"2[\"first\"]", "2[\"fourth\"]"});
      }
    }
  }
}

TEST_CASE("threads: the sender itself sees the same order") {
  for (std::size_t sender = 0; sender < thread_count; ++sender) {
    CAPTURE(sender);
    Spread spread(on_threads(), make_busy);
    spread.clients[sender]->send("20[\"join\",\"r\"]");
    CHECK(spread.clients[sender]->next() == "30[2]");
    spread.clients[sender]->send("2[\"order\"]");
    CHECK(spread.clients[sender]->take() == Names{"2[\"first\"]", "2[\"second\"]", "2[\"third\"]", "2[\"fourth\"]"});
  }
}

TEST_CASE("threads: what is said before a disconnect arrives") {
  for (const bool recovery : {false, true}) {
    for (std::size_t sender = 0; sender < thread_count; ++sender) {
      CAPTURE(recovery);
      CAPTURE(sender);
      ServerOptions options = on_threads();
      options.recovery.enabled = recovery;
      Spread spread(options, [](Fixture& fixture) {
        fixture.io->on_connection([](Socket socket) {
          socket.on("bye", [socket] {
            socket.emit("bye");
            socket.disconnect(true);
          });
        });
      });
      spread.clients[sender]->send("2[\"bye\"]");
      CHECK(spread.clients[sender]->next().starts_with("2[\"bye\""));
      CHECK(spread.clients[sender]->until_closed());
    }
  }
}

TEST_CASE("threads: a room that sockets are told to join is there for what is said next") {
  Spread spread;
  Server& io = *spread.fixture.io;
  io.sockets_join("new");
  io.to("new").emit("welcome");
  io.in("new").sockets_leave("new");
  io.to("new").emit("to nobody");
  spread.check_all({"2[\"welcome\"]"});
  io.sockets_join("again");
  io.in("again").disconnect_sockets();
  for (const auto& client : spread.clients) {
    CHECK(client->next() == "1");
  }
  CHECK(spread.fixture.until_count(0));
}

TEST_CASE("threads: questions are answered by all loops, on the thread that asks") {
  Notes notes;
  Spread spread(on_threads(), [&](Fixture& fixture) {
    Server& io = *fixture.io;
    io.on_connection([&](Socket socket) {
      socket.join("r");
      socket.on("ask", [&, socket](Ack ack) {
        const std::string here = this_thread();
        io.fetch_sockets([&, here, ack](const FetchedSocketList& found) {
          notes.add(this_thread() == here ? "fetched here" : "fetched elsewhere");
          io.all_rooms([&, here, ack, count = found.size()](const std::vector<std::string>& rooms) {
            notes.add(this_thread() == here ? "told here" : "told elsewhere");
            io.timeout(std::chrono::seconds(10))
                .emit_with_ack("q", [&, here, ack, count, room_count = rooms.size()](const AckAnswers& answers) {
                  notes.add(this_thread() == here ? "answered here" : "answered elsewhere");
                  ack(count, room_count, answers.size(), answers.clients_asked());
                });
          });
        });
      });
    });
  });
  for (std::size_t asker = 0; asker < thread_count; ++asker) {
    CAPTURE(asker);
    spread.clients[asker]->send("27[\"ask\"]");
    for (const auto& client : spread.clients) {
      const std::string question = client->next();
      REQUIRE(question.ends_with("[\"q\"]"));
      client->send("3" + question.substr(1, question.find('[') - 1) + "[1]");
    }
    const std::string all = std::to_string(thread_count);
    CHECK(spread.clients[asker]->next() == "37[" + all + "," + std::to_string(thread_count + 1) + "," + all + "," + all + "]");
  }
  Names expected;
  for (std::size_t asker = 0; asker < thread_count; ++asker) {
    expected.insert(expected.end(), {"fetched here", "told here", "answered here"});
  }
  CHECK(notes.all() == expected);
}

TEST_CASE("threads: acks that some clients do not give are missing at the deadline") {
  Spread spread;
  std::optional<std::pair<std::size_t, std::size_t>> answers;
  spread.fixture.io->timeout(std::chrono::milliseconds(50)).emit_with_ack("q", [&answers](const AckAnswers& all) {
    answers = {all.size(), all.clients_missing()};
  });
  const std::string question = spread.clients[1]->next();
  spread.clients[1]->send("3" + question.substr(1, question.find('[') - 1) + "[1]");
  CHECK(spread.fixture.until([&answers] { return answers.has_value(); }));
  CHECK(answers->first + answers->second == thread_count);
}

TEST_CASE("threads: acks are found although their ids reached the client out of order") {
  Notes notes;
  std::atomic<bool> held = false;
  std::atomic<bool> asked = false;
  Spread spread(on_threads(), [&](Fixture& fixture) {
    fixture.io->on_connection([&](Socket socket) {
      socket.on("hold", [&, socket] {
        held = true;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!asked && std::chrono::steady_clock::now() < deadline) {
          std::this_thread::yield();
        }
        socket.timeout(std::chrono::minutes(1)).emit_with_ack("second", [&notes](const AckResult& result) {
          notes.add(result.ok() ? "second" : std::string(text_of(result.status)));
        });
      });
    });
  });
  Client& client = *spread.clients[1];
  client.send("2[\"hold\"]");
  REQUIRE(spread.fixture.until([&held] { return held.load(); }));
  // Its id is drawn here, and waits for the client's thread, which draws the next one meanwhile.
  spread.fixture.io->to(spread.ids[1]).timeout(std::chrono::minutes(1)).emit_with_ack("first", [&notes](const AckAnswers& all) {
    notes.add(all.complete() ? "first" : "late");
  });
  asked = true;
  CHECK(client.next() == "21[\"second\"]");
  CHECK(client.next() == "20[\"first\"]");
  client.send("31[]");
  client.send("30[]");
  CHECK(spread.fixture.until([&notes] { return notes.size() == 2; }));
  CHECK(notes.all() == Names{"second", "first"});
  CHECK(spread.fixture.counters().acks_unknown == 0);
}

TEST_CASE("threads: post() gets to a socket, and an ack may come from elsewhere") {
  Notes notes;
  std::mutex lock;
  std::vector<Ack> acks;
  Spread spread(on_threads(), [&](Fixture& fixture) {
    fixture.io->on_connection([&](Socket socket) {
      notes.add(this_thread());
      socket.on("q", [&](Ack ack) {
        const std::lock_guard guard(lock);
        acks.push_back(ack);
      });
    });
  });
  for (std::size_t place = 0; place < thread_count; ++place) {
    const Socket socket = *spread.fixture.io->find_socket(spread.ids[place]);
    std::atomic<bool> called = false;
    socket.post([&, socket] {
      notes.add(this_thread());
      socket.emit("posted");
      called = true;
      throw std::runtime_error("no harm");
    });
    CHECK(spread.fixture.until([&called] { return called.load(); }));
    CHECK(notes.all()[thread_count + place] == notes.all()[place]);
    CHECK(spread.clients[place]->next() == "2[\"posted\"]");
    spread.clients[place]->send("21[\"q\"]");
    static_cast<void>(spread.clients[place]->take());
  }
  for (const Ack& ack : acks) {
    ack("here");
    ack("once only");
  }
  for (const auto& client : spread.clients) {
    CHECK(client->next() == "31[\"here\"]");
  }
  CHECK(spread.fixture.counters().handlers_threw == thread_count);
}

TEST_CASE("threads: a polling session is served wherever its requests come in, and upgrades") {
  Fixture fixture(on_threads());
  fixture.io->on_connection([](Socket socket) { socket.on("echo", [socket](int number) { socket.emit("echo", number); }); });
  for (std::size_t round = 0; round < 2 * thread_count; ++round) {
    CAPTURE(round);
    Poller poller(fixture);
    CHECK(poller.post("40") == "ok");
    CHECK(poller.get().starts_with("40{\"sid\":\""));
    const auto waiting = poller.begin_get();
    for (int number = 0; number < 4; ++number) {
      CHECK(poller.post("42[\"echo\"," + std::to_string(number) + "]") == "ok");
    }
    std::string got = waiting->body();
    for (int tries = 0; got.find("3]") == std::string::npos && tries < 4; ++tries) {
      got += '\x1e' + poller.get();
    }
    CHECK(got ==
          "42[\"echo\",0]\x1e"
          "42[\"echo\",1]\x1e"
          "42[\"echo\",2]\x1e"
          "42[\"echo\",3]");
    const std::string sid = poller.url().substr(poller.url().find("sid=") + 4);
    Client upgraded(fixture, "EIO=4&transport=websocket&sid=" + sid);
    upgraded.send_packet("2probe");
    CHECK(upgraded.next() == "packet:3probe");
    upgraded.send_packet("5");
    upgraded.send("2[\"echo\",4]");
    CHECK(upgraded.next() == "2[\"echo\",4]");
  }
  CHECK(Request(fixture, "GET", "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA").body() ==
        "{\"code\":1,\"message\":\"Session ID unknown\"}");
}

TEST_CASE("threads: namespaces are found, made and refused for clients of every loop") {
  ServerOptions options = on_threads();
  options.cleanup_empty_child_namespaces = true;
  std::atomic<int> made = 0;
  Spread spread(options, [&](Fixture& fixture) {
    fixture.io->of("/fixed").on_connection([](Socket socket) { socket.emit("hello", socket.nsp()); });
    fixture.io->of([](std::string_view name, const Value&) { return name.starts_with("/shop-"); }).on_connection([](Socket) {});
    fixture.io->on_new_namespace([&made](Namespace) { ++made; });
  });
  for (const auto& client : spread.clients) {
    client->join("/fixed");
    CHECK(client->next() == "2/fixed,[\"hello\",\"/fixed\"]");
    client->send("0/nowhere,");
    CHECK(client->next() == "4/nowhere,{\"message\":\"Invalid namespace\"}");
    client->join("/shop-1");
  }
  CHECK(made == 1);
  spread.fixture.io->of("/shop-1").emit("open");
  for (const auto& client : spread.clients) {
    CHECK(client->next() == "2/shop-1,[\"open\"]");
    client->send("1/shop-1,");
    static_cast<void>(client->take());
  }
  // It ends with its last socket: the next one makes it anew.
  spread.settle();
  spread.settle();
  spread.clients[1]->join("/shop-1");
  CHECK(made == 2);
}

TEST_CASE("threads: a namespace that is not there cannot be made on another thread") {
  Notes notes;
  Spread spread(on_threads(), [&](Fixture& fixture) {
    Server& io = *fixture.io;
    static_cast<void>(io.of("/known"));
    io.on_connection([&](Socket socket) {
      socket.on("of", [&io, &notes](const std::string& name) {
        try {
          notes.add(io.of(name).name());
        } catch (const Error& error) {
          notes.add(error.code() == ErrorCode::not_supported ? "not supported" : error.what());
        }
      });
    });
  });
  for (const auto& client : spread.clients) {
    client->send("2[\"of\",\"/known\"]");
    static_cast<void>(client->take());
  }
  spread.clients[1]->send("2[\"of\",\"/unknown\"]");
  static_cast<void>(spread.clients[1]->take());
  CHECK(notes.all() == Names{"/known", "/known", "/known", "not supported"});
}

TEST_CASE("threads: a second CONNECT while the first is looked into breaks the rules") {
  Fixture fixture(on_threads(2));
  static_cast<void>(fixture.io->of("/x"));
  Client first(fixture);
  Client second(fixture);
  second.send("0/x,");
  second.send("0/x,");
  CHECK(second.until_closed());
  CHECK(fixture.counters().wrong_state == 1);
}

TEST_CASE("threads: a client recovers on whatever loop it comes back to, and one of two") {
  ServerOptions options = on_threads();
  options.recovery.enabled = true;
  Spread spread(options, [](Fixture& fixture) {
    fixture.io->on_connection([](Socket socket) {
      if (!socket.recovered()) {
        socket.join("room");
      }
      socket.on("hi", [socket] { socket.emit("welcome"); });
    });
  });
  Server& io = *spread.fixture.io;
  for (std::size_t place = 0; place < thread_count; ++place) {
    CAPTURE(place);
    Client client(spread.fixture);
    client.send("0");
    const std::string answer = client.next();
    const std::string sid = member(answer, "sid");
    client.send("2[\"hi\"]");
    const std::string welcome = client.next();
    const std::size_t end = welcome.rfind('"');
    const std::string offset = welcome.substr(welcome.rfind('"', end - 1) + 1, end - welcome.rfind('"', end - 1) - 1);
    client.reset();
    CHECK(spread.fixture.until_count(thread_count));
    io.to("room").emit("missed");

    const std::string ticket = "0{\"pid\":\"" + member(answer, "pid") + "\",\"offset\":\"" + offset + "\"}";
    std::vector<std::unique_ptr<Client>> others;  // so that it comes back elsewhere
    for (std::size_t count = 0; count <= place; ++count) {
      others.push_back(std::make_unique<Client>(spread.fixture));
    }
    Client returned(spread.fixture);
    Client late(spread.fixture);
    returned.send(ticket);
    CHECK(returned.next().starts_with("2[\"missed\""));
    CHECK(member(returned.next(), "sid") == sid);
    late.send(ticket);
    CHECK(member(late.next(), "sid") != sid);
    io.to("room").emit("live");
    CHECK(returned.next().starts_with("2[\"live\""));
    returned.close_orderly();
    late.close_orderly();
    CHECK(returned.until_closed());
    CHECK(late.until_closed());
    CHECK(spread.fixture.until_count(thread_count));
  }
}

namespace {

/// An adapter's view of rooms: which ones it has been told of.
class Watcher final : public adapter::RoomObserver {
 public:
  void on_room_created(std::string_view room, bool is_private) override {
    log.push_back("+" + std::string(is_private ? "private" : room));
  }
  void on_room_emptied(std::string_view room) override {
    log.push_back(room.size() == 20 ? "-private" : "-" + std::string(room));
  }
  Names log;
};

}  // namespace

TEST_CASE("threads: an adapter sees one set of rooms, which begin with their first member and end with their last") {
  Watcher watcher;
  adapter::Host* host = nullptr;
  ServerOptions options = on_threads();
  options.adapter = [&](adapter::Host& its_host) {
    host = &its_host;
    REQUIRE(its_host.shards().size() == 1);
    its_host.shards().front()->set_observer(&watcher);
    return std::make_unique<adapter::InMemoryAdapter>(its_host);
  };
  Spread spread(options, make_busy);
  adapter::Shard& shard = *host->shards().front();
  for (const auto& client : spread.clients) {
    client->send("20[\"join\",\"r\"]");
    CHECK(client->next() == "30[2]");
    CHECK(shard.has_room("r"));
  }
  CHECK(shard.has_room(spread.ids[1]));
  CHECK_FALSE(shard.has_room("nobody's"));
  for (const auto& client : spread.clients) {
    client->send("1");
    static_cast<void>(client->take());
  }
  CHECK(spread.fixture.until_count(0));
  spread.settle();
  CHECK(std::count(watcher.log.begin(), watcher.log.end(), "+private") == thread_count);
  CHECK(std::count(watcher.log.begin(), watcher.log.end(), "-private") == thread_count);
  CHECK(std::count(watcher.log.begin(), watcher.log.end(), "+r") == 1);
  CHECK(std::count(watcher.log.begin(), watcher.log.end(), "-r") == 1);
  CHECK_FALSE(shard.has_room("r"));
}

}  // namespace socketio_threads_test
