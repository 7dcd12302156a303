// Addressing many clients: rooms, flags, fetched sockets; from any thread.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "live_fixture.hpp"

namespace socketio_broadcast_test {

using namespace live;

namespace {

/// Three clients; `a` is in the room x, `b` in x and y, `c` in y.
struct Three {
  Three() {
    for (std::unique_ptr<Client>* const client : {&a, &b, &c}) {
      *client = std::make_unique<Client>(fixture);
      sockets.push_back(*fixture.io->find_socket((*client)->join()));
    }
    sockets[0].join("x");
    sockets[1].join({"x", "y"});
    sockets[2].join("y");
  }
  /// Who got the event, and that nobody got anything else or anything twice.
  std::string got(std::string_view event) {
    std::string names;
    const std::string expected = "2[\"" + std::string(event) + "\"]";
    for (const auto& [name, client] : {std::pair("a", a.get()), {"b", b.get()}, {"c", c.get()}}) {
      const Names received = client->take();
      if (!received.empty()) {
        CHECK(received == Names{expected});
        names += name;
      }
    }
    return names;
  }
  Fixture fixture;
  std::unique_ptr<Client> a, b, c;
  std::vector<Socket> sockets;
};

Names sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("broadcasts: half of a surrogate pair that a client sends reaches the others as it came") {
  Fixture fixture;
  fixture.io->on_connection([](Socket socket) {
    socket.on_any([socket](const Value& event, const Arguments& arguments) {
      CHECK(arguments[0].as<std::string>() == "a\xed\xa0\x80");
      Buffer data;
      pack::array_header(data, 2);
      data.append(event.packed());
      data.append(arguments[0].packed());
      socket.broadcast().emit_packed(data.bytes());
    });
  });
  Client sender(fixture);
  Client receiver(fixture);
  sender.join();
  receiver.join();
  sender.send(R"(2["e","a\ud800"])");
  CHECK(receiver.next() == R"(2["e","a\ud800"])");
}

TEST_CASE("broadcasts: rooms are a union, exceptions win, everybody gets it once") {
  Three three;
  Server& io = *three.fixture.io;
  const std::string id = three.sockets[2].id();
  const std::vector<std::pair<BroadcastOperator, std::string>> cases{
      {io, "abc"},
      {io.to("x"), "ab"},
      {io.to("x").to("y"), "abc"},
      {io.in({"x", "y"}), "abc"},
      {io.to("nobody"), ""},
      {io.except("x"), "c"},
      {io.to("x").except("y"), "a"},
      {io.to(id), "c"},
      {io.to("x").to(id).except({"y"}), "a"},
      {io.local(), "abc"},
      {io.compress(false).to("y"), "bc"},
      {three.sockets[0].broadcast(), "bc"},
      {three.sockets[0].to("x"), "b"},
      {three.sockets[1].to({"x", "y"}), "ac"},
      {three.sockets[0].except("y"), ""},
      {three.sockets[0].local(), "bc"},
      {three.sockets[0].in("y"), "bc"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    cases[i].first.emit("e");
    CHECK(three.got("e") == cases[i].second);
  }
  three.sockets[0].emit("own");
  CHECK(three.got("own") == "a");
  three.sockets[0].leave("x");
  io.to("x").emit("e");
  CHECK(three.got("e") == "b");
}

TEST_CASE("broadcasts: an empty list of rooms selects nobody, and lists of names are rooms as well") {
  Three three;
  Server& io = *three.fixture.io;
  const std::vector<Room> no_rooms;
  const Names no_names;
  for (const BroadcastOperator& nobody :
       {io.to(no_rooms), io.to(no_names), io.in(no_rooms), io.to({}), io.except("x").to(no_rooms), io.of("/").in(no_names),
        three.sockets[0].to(no_rooms), three.sockets[0].in(no_names), three.sockets[0].to({}), io.local().to(no_rooms)}) {
    nobody.emit("e");
    nobody.sockets_join("new");
    nobody.sockets_leave("x");
    nobody.disconnect_sockets();
    int answered = 0;
    nobody.emit_with_ack("e", OnAckAnswers([&answered](const AckAnswers& none) {
                           CHECK(none.complete());
                           CHECK(none.size() + none.clients_asked() == 0);
                           ++answered;
                         }));
    nobody.fetch_sockets([&answered](const FetchedSocketList& none) {
      CHECK(none.complete());
      CHECK(none.size() == 0);
      ++answered;
    });
    CHECK(answered == 0);  // never before the call has returned
    CHECK(three.fixture.until([&answered] { return answered == 2; }));
    CHECK_THROWS_AS(nobody.emit("disconnect"), Error);
  }
  CHECK(three.got("nothing") == "");
  CHECK(io.socket_count() == 3);
  io.to("new").emit("nothing");
  CHECK(three.got("nothing") == "");
  io.to(no_rooms).to("y").emit("e");
  CHECK(three.got("e") == "bc");
  io.to("x").in(no_names).emit("e");
  CHECK(three.got("e") == "ab");
  io.except(no_rooms).except(no_names).emit("e");
  CHECK(three.got("e") == "abc");
  three.sockets[0].except({}).emit("e");
  CHECK(three.got("e") == "bc");
  three.sockets[0].join(no_names);
  three.sockets[0].leave(no_names);
  io.to(three.sockets[0].rooms()).emit("e");
  CHECK(three.got("e") == "ab");
  three.sockets[1].to(three.sockets[1].rooms()).emit("e");
  CHECK(three.got("e") == "ac");
  three.sockets[1].in({"x", "y"}).emit("e");
  CHECK(three.got("e") == "ac");
  three.sockets[1].except({"x", "z"}).emit("e");
  CHECK(three.got("e") == "c");
  three.sockets[1].except(three.sockets[0].rooms()).emit("e");
  CHECK(three.got("e") == "c");
  io.except(three.sockets[0].rooms()).emit("e");
  CHECK(three.got("e") == "c");
  io.in(three.sockets[0].rooms()).sockets_join(three.sockets[2].rooms());
  CHECK(three.sockets[0].rooms().size() == 4);
}

TEST_CASE("broadcasts: joining, leaving, disconnecting and finding by rooms") {
  Three three;
  Server& io = *three.fixture.io;
  io.to("x").sockets_join({"new", "newer"});
  io.to("y").sockets_leave("newer");
  io.to("new").emit("e");
  CHECK(three.got("e") == "ab");
  io.to("newer").emit("e");
  CHECK(three.got("e") == "a");
  Names rooms;
  io.all_rooms([&rooms](const Names& all) { rooms = all; });
  std::size_t servers = 0;
  io.server_count([&servers](std::size_t count) { servers = count; });
  CHECK(rooms.empty());  // later, even where it is known at once
  CHECK(three.fixture.until([&servers] { return servers == 1; }));
  Names expected{"new", "newer", "x", "y"};
  for (const Socket& socket : three.sockets) {
    expected.push_back(socket.id());
  }
  CHECK(rooms == sorted(expected));
  io.to("x").except("y").disconnect_sockets();
  CHECK(three.a->take() == Names{"1"});
  CHECK(io.socket_count() == 2);
  CHECK_FALSE(io.find_socket(three.sockets[0].id()));
  CHECK(io.find_socket(three.sockets[1].id()) == three.sockets[1]);
  io.disconnect_sockets(true);
  CHECK(three.b->until_closed());
  CHECK(three.c->until_closed());
  CHECK_FALSE(three.a->closed());
}

TEST_CASE("broadcasts: fetched sockets show themselves, and can be addressed until they go") {
  Three three;
  Server& io = *three.fixture.io;
  three.sockets[1].set_data(std::map<std::string, int>{{"n", 7}});
  std::optional<FetchedSocketList> fetched;
  io.to("y").fetch_sockets([&fetched](const FetchedSocketList& list) { fetched = list; });
  CHECK_FALSE(fetched);
  CHECK(three.fixture.until([&fetched] { return fetched.has_value(); }));
  CHECK(fetched->complete());
  REQUIRE(fetched->size() == 2);
  const auto place = std::find_if(fetched->begin(), fetched->end(),
                                  [&three](const RemoteSocket& socket) { return socket.id() == three.sockets[1].id(); });
  REQUIRE(place != fetched->end());
  const RemoteSocket& b = *place;
  CHECK(sorted(b.rooms()) == sorted({"x", "y", b.id()}));
  CHECK(b.data().json() == "{\"n\":7}");
  CHECK(b.handshake().address == "127.0.0.1");
  CHECK(b.handshake().query_value("EIO") == "4");
  CHECK(b.handshake().auth().json() == "{}");
  b.emit("e");
  CHECK(three.got("e") == "b");
  b.join("z");
  b.leave("x");
  CHECK(sorted(three.sockets[1].rooms()) == sorted({"y", "z", b.id()}));
  std::string answer;
  b.target().timeout(std::chrono::seconds(60)).emit_with_ack("q", OnAckAnswers([&answer](const AckAnswers& answers) {
                                                               answer = answers.size() == 1
                                                                            ? answers[0].as<std::string>(0).value_or("?")
                                                                            : "none";
                                                             }));
  CHECK(three.b->next() == "20[\"q\"]");
  three.b->send("30[\"yes\"]");
  CHECK(three.fixture.until([&answer] { return !answer.empty(); }));
  CHECK(answer == "yes");
  b.disconnect();
  CHECK(three.b->take() == Names{"1"});
  b.emit("e");
  b.disconnect(true);
  CHECK(three.got("e") == "");
  CHECK_FALSE(three.b->closed());
  three.fixture.destroy();
  b.emit("e");
}

TEST_CASE("broadcasts: server-side events of a server that stands alone reach nobody") {
  Fixture fixture;
  fixture.io->on_server_side("e", [] { FAIL("there is no other server"); });
  fixture.io->server_side_emit("e", 1);
  std::optional<std::size_t> answers;
  fixture.io->server_side_emit_with_ack("e", OnServerSideAnswers([&answers](const ServerSideAnswers& came) {
                                          CHECK(came.complete());
                                          CHECK(came.servers_asked() == 0);
                                          answers = came.size();
                                        }));
  CHECK_FALSE(answers);
  CHECK(fixture.until([&answers] { return answers == 0; }));
}

TEST_CASE("broadcasts: volatile events are dropped where nobody is polling, and sent where somebody is") {
  Fixture fixture;
  Poller poller(fixture);
  poller.post("40");
  CHECK(without_ids(poller.get()) == "40{\"sid\":\"(id)\"}");
  const Socket socket = fixture.io->sockets().at(0);
  CHECK(socket.transport() == "polling");
  fixture.io->volatile_().emit("lost");
  CHECK_FALSE(socket.volatile_().emit("lost"));
  CHECK_FALSE(socket.volatile_().emit("lost", Binary("with an attachment")));
  fixture.io->emit("kept");
  CHECK(poller.get() == "42[\"kept\"]");
  const auto waiting = poller.begin_get();
  CHECK(fixture.until([&fixture] { return fixture.counters().http.requests == 5; }));
  CHECK(socket.volatile_().emit("now", Binary("\x01")));
  CHECK(waiting->body() ==
        "451-[\"now\",{\"_placeholder\":true,\"num\":0}]\x1e"
        "bAQ==");
  CHECK(fixture.counters().engine.volatile_dropped == 3);
}

TEST_CASE("broadcasts: operators may be used on other threads, and callbacks run on the loop's") {
  constexpr int thread_count = 4;
  constexpr int emit_count = 250;
  Fixture fixture;
  Client client(fixture);
  client.join();
  const auto loop_thread = std::this_thread::get_id();
  int called = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < thread_count; ++t) {
      threads.emplace_back([&, t] {
        const std::string room = "room " + std::to_string(t);
        const BroadcastOperator all = fixture.io->local();
        all.sockets_join(room);
        for (int i = 0; i < emit_count; ++i) {
          fixture.io->to(room).emit("e", t, i);
        }
        fixture.io->to(room).fetch_sockets([&](const FetchedSocketList& list) {
          CHECK(std::this_thread::get_id() == loop_thread);
          CHECK(list.size() == 1);
          ++called;
        });
        fixture.io->to("nobody").emit_with_ack("e", OnAckAnswers([&](const AckAnswers& answers) {
                                                 CHECK(std::this_thread::get_id() == loop_thread);
                                                 CHECK(answers.complete());
                                                 ++called;
                                               }));
        CHECK_THROWS_AS(fixture.io->emit("connect"), Error);
      });
    }
    CHECK(fixture.until([&called] { return called == 2 * thread_count; }));
  }
  std::vector<int> next(thread_count, 0);
  for (int n = 0; n < thread_count * emit_count; ++n) {
    const std::string message = client.next();
    REQUIRE(message.starts_with("2[\"e\","));
    const auto t = static_cast<std::size_t>(message[6] - '0');
    CHECK(message == "2[\"e\"," + std::to_string(t) + "," + std::to_string(next[t]++) + "]");  // each thread's in order
  }
  CHECK(client.take().empty());
}

TEST_CASE("broadcasts: a socket can be in so many rooms, and no more") {
  ServerOptions options;
  options.rooms_per_socket_max = 3;
  Fixture fixture(options);
  Client client(fixture);
  client.join();
  const Socket socket = fixture.io->sockets().at(0);
  socket.join({"a", "b"});
  socket.join("a");  // is there already
  CHECK_THROWS_AS(socket.join("c"), Error);
  fixture.io->sockets_join("d");
  CHECK(fixture.counters().joins_refused == 1);
  socket.leave("a");
  socket.join("c");
  CHECK(sorted(socket.rooms()) == sorted({socket.id(), "b", "c"}));
}

}  // namespace socketio_broadcast_test
