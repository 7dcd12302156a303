// Requests that chance has damaged: whatever comes, the server lives, answers in HTTP, and lets go of the connection.

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "http_fixture.hpp"

namespace http_junk_test {

using http_test::Client;
using http_test::get;
using http_test::HttpFixture;
using socketio::Bytes;
using socketio::server::HttpExchange;

namespace {

std::string damaged(std::mt19937& chance) {
  static const std::vector<std::string> seeds{
      get("/a?b=c", "Accept: */*\r\nCookie: a=b; c=d\r\n"),
      "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      get("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + "rest",
      "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
      "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  };
  static const std::vector<std::string> pieces{"\r\n",
                                               "\n",
                                               "\r",
                                               " ",
                                               ":",
                                               std::string(1, '\0'),
                                               "Content-Length: 9\r\n",
                                               "Host: y\r\n",
                                               "Transfer-Encoding: chunked\r\n",
                                               "0\r\n\r\n",
                                               "HTTP/1.1",
                                               "\xff",
                                               "ffffffffffffffff"};
  const auto pick = [&chance](std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(chance); };
  std::string text;
  for (std::size_t count = pick(3) + 1; count != 0; --count) {
    text += seeds[pick(seeds.size())];
  }
  for (std::size_t count = pick(5); count != 0 && !text.empty(); --count) {
    const std::size_t at = pick(text.size());
    switch (pick(5)) {
      case 0: text[at] = static_cast<char>(pick(256)); break;
      case 1: text.erase(at, pick(20) + 1); break;
      case 2: text.insert(at, pieces[pick(pieces.size())]); break;
      case 3: text.insert(at, text.substr(pick(text.size()), pick(40) + 1)); break;
      default: text.resize(at); break;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("http: damaged requests never harm the server, which lets go of each connection") {
  std::vector<std::unique_ptr<socketio::server::RawConnection>> raw;
  HttpFixture server([&raw](const std::shared_ptr<HttpExchange>& exchange) {
    if (exchange->request().upgrade) {
      raw.push_back(exchange->take_over("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
      raw.back()->finish();
      return;
    }
    exchange->read_body(1'000, [exchange](Bytes body, bool complete, bool too_large) {
      exchange->respond(too_large ? 413 : 200, {}, complete ? body : Bytes());
    });
  });
  std::mt19937 chance(20'261'121);
  for (int round = 0; round < 3'000; ++round) {
    const std::string request = damaged(chance);
    CAPTURE(round);
    CAPTURE(request);
    Client client(server.port());
    const std::size_t split = request.size() / 2;
    client.send(std::string_view(request).substr(0, split));
    client.send(std::string_view(request).substr(split));
    client.end_output();
    const std::string answer = client.read_to_end();
    REQUIRE((answer.empty() || answer.starts_with("HTTP/1.1 ")));
  }
  CHECK(server.wait_for_connection_count(0));
  Client good(server.port());
  good.send(get("/"));
  CHECK(good.response().status == 200);
  server.thread.run([&] { raw.clear(); });
}

}  // namespace http_junk_test
