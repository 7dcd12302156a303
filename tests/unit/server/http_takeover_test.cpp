#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http_fixture.hpp"

namespace http_takeover_test {

using http_test::Client;
using http_test::get;
using http_test::HttpFixture;
using socketio::as_bytes;
using socketio::as_text;
using socketio::Bytes;
using socketio::server::HttpExchange;
using socketio::server::RawConnection;
using socketio::server::RawListener;

namespace {

constexpr std::string_view switching = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
const std::string upgrade = get("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n");

/// Sends back what comes, in parts of seven bytes; keeps what the system does not take.
class Echo final : public RawListener {
 public:
  explicit Echo(std::unique_ptr<RawConnection> connection) : connection_(std::move(connection)) {
    connection_->set_listener(this);
  }
  void on_bytes(Bytes bytes) override {
    total += bytes.size();
    waiting_ += as_text(bytes);
    write();
  }
  void on_drained() override {
    ++drained;
    asked_ = false;
    write();
  }
  void on_lost(bool error) override {
    ++lost;
    lost_by_error = error;
  }
  RawConnection& connection() { return *connection_; }

  std::size_t total = 0;
  int drained = 0;
  int lost = 0;
  bool lost_by_error = false;

 private:
  void write() {
    std::vector<Bytes> parts;
    for (std::size_t at = 0; at < waiting_.size(); at += 7) {
      parts.push_back(as_bytes(std::string_view(waiting_).substr(at, 7)));
    }
    if (!asked_) {
      waiting_.erase(0, connection_->write(parts));
      if (!waiting_.empty()) {
        connection_->want_drained();
        asked_ = true;
      }
    }
  }

  std::unique_ptr<RawConnection> connection_;
  std::string waiting_;
  bool asked_ = false;
};

struct Taken {
  std::unique_ptr<Echo> echo;
  socketio::server::HttpHandler handler() {
    return [this](const std::shared_ptr<HttpExchange>& exchange) {
      if (exchange->request().upgrade) {
        echo = std::make_unique<Echo>(exchange->take_over(switching));
      } else {
        exchange->respond(200, {}, as_bytes("http"));
      }
    };
  }
};

}  // namespace

TEST_CASE("take over: bytes that came with the request, split anywhere, come first") {
  Taken taken;
  HttpFixture server(taken.handler());
  const std::string all = get("/first") + upgrade + "early bytes";
  for (const std::size_t size : {all.size(), all.size() - 5, all.size() - 11, all.size() - 12, std::size_t{10}}) {
    CAPTURE(size);
    Client client(server.port());
    client.send(std::string_view(all).substr(0, size));
    server.let_turn();
    client.send(std::string_view(all).substr(size));
    client.send(" and late ones");
    CHECK(client.response().body == "http");
    CHECK(client.read(switching.size()) == switching);
    CHECK(client.read(25) == "early bytes and late ones");
  }
  server.thread.run([&] { taken.echo.reset(); });
}

TEST_CASE("take over: large data passes both ways at once, held back by who does not read") {
  Taken taken;
  HttpFixture server(taken.handler());
  Client client(server.port());
  client.send(upgrade);
  REQUIRE(client.read(switching.size()) == switching);
  std::string sent(24 << 20, '\0');
  for (std::size_t index = 0; index < sent.size(); ++index) {
    sent[index] = static_cast<char>(index * 2'654'435'761U >> 13U);
  }
  std::thread sender([&] { client.send(sent); });
  REQUIRE(server.wait([&] { return taken.echo && taken.echo->total > (8U << 20U); }));  // all of it while nobody reads
  const std::string back = client.read(sent.size());
  sender.join();
  CHECK(back == sent);
  CHECK(server.thread.ask([&] { return taken.echo->drained; }) > 0);
  server.thread.run([&] { taken.echo.reset(); });
  CHECK(client.ended());
}

TEST_CASE("take over: the end of the other side is told once, and how it came") {
  Taken taken;
  HttpFixture server(taken.handler());
  Client client(server.port());
  client.send(upgrade);
  REQUIRE(client.read(switching.size()) == switching);
  SUBCASE("orderly") {
    client.close();
    REQUIRE(server.wait([&] { return taken.echo->lost == 1; }));
    CHECK_FALSE(taken.echo->lost_by_error);
  }
  SUBCASE("by a reset") {
    client.reset();
    REQUIRE(server.wait([&] { return taken.echo->lost == 1; }));
    CHECK(taken.echo->lost_by_error);
  }
  server.thread.run([&] {
    const Bytes part = as_bytes("x");
    CHECK(taken.echo->connection().write(std::span(&part, 1)) <= 1);
    taken.echo.reset();
  });
  CHECK(server.wait_for_connection_count(0));
  CHECK(taken.echo == nullptr);
}

TEST_CASE("take over: finishing sends what was written, then the end, also against bytes on their way") {
  Taken taken;
  HttpFixture server(taken.handler());
  Client client(server.port());
  client.send(upgrade);
  REQUIRE(client.read(switching.size()) == switching);
  REQUIRE(server.wait([&] { return taken.echo != nullptr; }));
  server.thread.run([&] {
    const Bytes part = as_bytes("bye");
    taken.echo->connection().write(std::span(&part, 1));
    client.send(std::string(100'000, 'x'));  // unread when the connection ends
    taken.echo->connection().finish();
    taken.echo.reset();
  });
  CHECK(client.read_to_end() == "bye");
  CHECK_FALSE(client.was_reset());
  client.close();
  CHECK(server.wait_for_connection_count(0));
}

TEST_CASE("take over: a connection may be destroyed by its listener") {
  class Short final : public RawListener {
   public:
    explicit Short(std::unique_ptr<RawConnection> connection) : connection_(std::move(connection)) {
      connection_->set_listener(this);
    }
    void on_bytes(Bytes) override { delete this; }
    void on_drained() override {}
    void on_lost(bool) override {}

   private:
    std::unique_ptr<RawConnection> connection_;
  };
  HttpFixture server([](const std::shared_ptr<HttpExchange>& exchange) { new Short(exchange->take_over(switching)); });
  Client early(server.port());
  early.send(upgrade + "x");
  CHECK(early.read_to_end() == switching);
  Client late(server.port());
  late.send(upgrade);
  CHECK(late.read(switching.size()) == switching);
  late.send("x");
  CHECK(late.ended());
  CHECK(server.wait_for_connection_count(0));
}

TEST_CASE("take over: finishing one connection leaves alone what is just being read from another") {
  class Finisher final : public RawListener {
   public:
    Finisher(std::unique_ptr<RawConnection> connection, RawConnection& other)
        : other_(other), connection_(std::move(connection)) {
      connection_->set_listener(this);
    }
    void on_bytes(Bytes bytes) override {
      other_.finish();
      heard += as_text(bytes);
    }
    void on_drained() override {}
    void on_lost(bool) override {}

    std::string heard;

   private:
    RawConnection& other_;
    std::unique_ptr<RawConnection> connection_;
  };
  std::unique_ptr<RawConnection> unread;
  std::unique_ptr<Finisher> finisher;
  HttpFixture server([&](const std::shared_ptr<HttpExchange>& exchange) {
    auto connection = exchange->take_over(switching);
    if (!unread) {
      unread = std::move(connection);
    } else {
      finisher = std::make_unique<Finisher>(std::move(connection), *unread);
    }
  });
  Client first(server.port());
  first.send(upgrade);
  REQUIRE(first.read(switching.size()) == switching);
  first.send(std::string(10'000, 'x'));
  Client second(server.port());
  second.send(upgrade);
  REQUIRE(second.read(switching.size()) == switching);
  second.send("mine");
  REQUIRE(server.wait([&] { return !finisher->heard.empty(); }));
  CHECK(finisher->heard == "mine");
  server.thread.run([&] {
    finisher.reset();
    unread.reset();
  });
}

TEST_CASE("take over: refused upgrades get the handler's own bytes, and the end") {
  HttpFixture server(
      [](const std::shared_ptr<HttpExchange>& exchange) { exchange->respond_raw_and_close("HTTP/1.1 400 No\r\n\r\nno"); });
  Client client(server.port());
  client.send(upgrade + "junk after it");
  CHECK(client.read_to_end() == "HTTP/1.1 400 No\r\n\r\nno");
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("take over: a connection outlives its server") {
  Taken taken;
  HttpFixture server(taken.handler());
  Client client(server.port());
  client.send(upgrade);
  REQUIRE(client.read(switching.size()) == switching);
  server.thread.run([&] { server.server.reset(); });
  client.send("still here");
  CHECK(client.read(10) == "still here");
  server.thread.run([&] {
    taken.echo->connection().finish();
    taken.echo.reset();
  });
  CHECK(client.ended());
}

TEST_CASE("take over: what is left when the server gives up is told as an error") {
  Taken taken;
  HttpFixture server(taken.handler());
  Client client(server.port());
  client.send(upgrade);
  REQUIRE(client.read(switching.size()) == switching);
  int done = 0;
  server.thread.run([&] { server.server->close(20, [&] { ++done; }); });
  REQUIRE(server.wait([&] { return taken.echo->lost == 1; }));
  CHECK(taken.echo->lost_by_error);
  CHECK(done == 0);
  server.thread.run([&] { taken.echo.reset(); });
  CHECK(server.wait([&] { return done == 1; }));
}

TEST_CASE("http takeover: a client that neither reads nor sends does not hold up closing beyond its deadline") {
  Taken taken;
  HttpFixture server(taken.handler());
  Client client(server.port());
  client.send(upgrade);
  REQUIRE(client.read(switching.size()) == switching);
  const std::string much(1'000'000, 'x');
  REQUIRE(server.wait([&] {
    const Bytes part = as_bytes(much);
    return taken.echo->connection().write(std::span(&part, 1)) < much.size();
  }));
  server.thread.run([&] {
    taken.echo->connection().read(false);
    taken.echo->connection().want_drained();
  });
  int done = 0;
  server.thread.run([&] { server.server->close(20, [&] { ++done; }); });
  CHECK(server.wait([&] { return taken.echo->lost == 1; }));
  CHECK(taken.echo->lost_by_error);
  server.thread.run([&] { taken.echo.reset(); });
  CHECK(server.wait([&] { return done == 1; }));
}

TEST_CASE("http takeover: a connection that has been finished is not read without end") {
  Taken taken;
  HttpFixture server(taken.handler());
  Client client(server.port());
  client.send(upgrade);
  REQUIRE(client.read(switching.size()) == switching);
  server.thread.run([&] { taken.echo->connection().finish(); });
  REQUIRE(client.read_to_end().empty());
  timeval patience{1, 0};  // far from the five seconds after which it is closed
  setsockopt(client.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const std::string piece(65'536, 'x');
  std::size_t sent = 0;
  ssize_t count = 0;
  while (sent < 100'000'000 && (count = ::send(client.descriptor(), piece.data(), piece.size(), MSG_NOSIGNAL)) > 0) {
    sent += static_cast<std::size_t>(count);
  }
  CHECK(sent < 30'000'000);  // what the system holds, and a megabyte
  server.thread.run([&] { taken.echo.reset(); });
}

}  // namespace http_takeover_test
