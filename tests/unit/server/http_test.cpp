#include <doctest/doctest.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "http_fixture.hpp"

namespace http_test {

using http_test::Client;
using http_test::get;
using http_test::HttpFixture;
using http_test::Response;
using socketio::as_bytes;
using socketio::as_text;
using socketio::Bytes;
using socketio::HttpOptions;
using socketio::server::HttpExchange;

namespace {

using Exchange = std::shared_ptr<HttpExchange>;

/// Answers with what was asked: method, URL, and the body up to 1,000 bytes.
void echo(const Exchange& exchange) {
  const std::string line = exchange->request().method + " " + exchange->request().url;
  exchange->read_body(1'000, [exchange, line](Bytes body, bool complete, bool too_large) {
    if (too_large) {
      exchange->respond(413, {}, {});
    } else if (complete) {
      const std::string text = line + " " + std::string(as_text(body));
      exchange->respond(200, {{"Content-Type", "text/plain"}}, as_bytes(text));
    }
  });
}

HttpFixture echo_server(HttpOptions options = {}) { return HttpFixture(echo, std::move(options)); }

std::string post(std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// What a refused request is answered with, to the byte.
std::string refusal(int status, const std::string& text) {
  return "HTTP/1.1 " + std::to_string(status) + " " + text +
         "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(text.size()) + "\r\nConnection: close\r\n\r\n" +
         text;
}

}  // namespace

TEST_CASE("http: an answer is the status line, our headers, the length and what happens to the connection") {
  auto server = echo_server();
  Client client(server.port());
  client.send(get("/a?b=c"));
  const Response answer = client.response();
  CHECK(answer.head ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\nConnection: keep-alive\r\nKeep-Alive: "
        "timeout=5\r\n");
  CHECK(answer.body == "GET /a?b=c ");
}

TEST_CASE("http: the handler sees path, query, headers in order and the peer's address") {
  std::string seen;
  HttpFixture server([&seen](const Exchange& exchange) {
    const auto& request = exchange->request();
    seen = std::string(request.path) + "|" + std::string(request.query) + "|" + request.address + "|";
    for (const auto& [name, value] : request.headers) {
      seen += name + "=" + value + ";";
    }
    exchange->respond(204, {}, {});
  });
  Client client(server.port());
  client.send("GET http://host:1/p/q?a=%20&b HTTP/1.1\r\nHost: x\r\nX-Two:  b \t\r\nEmpty:\r\nx-two: c\r\n\r\n");
  const Response answer = client.response();
  CHECK(answer.status == 204);
  CHECK(answer.head.find("Content-Length") == std::string::npos);
  CHECK(seen == "/p/q|a=%20&b|127.0.0.1|host=x;x-two=b;empty=;x-two=c;");
}

TEST_CASE("http: a request may be split at every byte") {
  auto server = echo_server();
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: r\r\n\r\n";
  Client client(server.port());
  for (std::size_t size = 1; size < request.size(); ++size) {
    CAPTURE(size);
    client.send(std::string_view(request).substr(0, size));
    server.let_turn();  // the loop has turned: what was sent has very likely been seen alone
    client.send(std::string_view(request).substr(size));
    REQUIRE(client.response().body == "POST /p abcde");
  }
  CHECK(server.counters().requests == request.size() - 1);
  CHECK(server.counters().accepted == 1);
}

TEST_CASE("http: pipelined requests are answered one after the other, in order") {
  auto server = echo_server();
  Client client(server.port());
  std::string all;
  for (int number = 0; number < 500; ++number) {
    all += number % 3 == 0 ? post(std::to_string(number)) : get("/" + std::to_string(number));
    all += number % 7 == 0 ? "\r\n" : "";  // stray line ends between requests are allowed
  }
  client.send(all);
  for (int number = 0; number < 500; ++number) {
    const std::string expected = number % 3 == 0 ? "POST /p " + std::to_string(number) : "GET /" + std::to_string(number) + " ";
    REQUIRE(client.response().body == expected);
  }
}

TEST_CASE("http: behind anything but a GET, the next request is not handed out before it is answered") {
  std::vector<Exchange> held;
  HttpFixture server([&held](const Exchange& exchange) { held.push_back(exchange); });
  Client client(server.port());
  const auto post_to = [](const std::string& url) {
    return "POST " + url + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
  };
  client.send(post_to("/1") + post_to("/2"));
  REQUIRE(server.wait([&held] { return held.size() == 1; }));
  client.send(get("/3"));
  CHECK(server.counters().requests == 1);
  for (std::size_t number = 1; number <= 3; ++number) {
    REQUIRE(server.wait([&held, number] { return held.size() == number; }));
    server.thread.run([&] { held.back()->respond(200, {}, as_bytes(held.back()->request().url)); });
    CHECK(client.response().body == "/" + std::to_string(number));
  }
}

TEST_CASE("http: a client that pipelines without end while a request waits is held back, not buffered") {
  std::vector<Exchange> held;
  HttpFixture server([&held](const Exchange& exchange) { held.push_back(exchange); });
  Client client(server.port());
  client.send(get("/first"));
  REQUIRE(server.wait([&held] { return held.size() == 1; }));
  const timeval soon{0, 200'000};
  setsockopt(client.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
  const std::string junk(1 << 20, 'A');
  std::size_t megabytes = 0;
  while (megabytes < 64 && client.send(junk)) {
    ++megabytes;
  }
  CHECK(megabytes < 32);  // what fits the buffers of both systems
}

TEST_CASE("http: HEAD has the head of GET and no body") {
  auto server = echo_server();
  Client client(server.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + get("/b"));
  CHECK(client.response(true).has("Content-Length: 8"));
  CHECK(client.response().body == "GET /b ");
}

TEST_CASE("http: connections end after an answer where the request says so, and HTTP/1.0 ends unless it says otherwise") {
  auto server = echo_server();
  struct Case {
    std::string request;
    bool stays;
  };
  const std::vector<Case> cases{{get("/"), true},
                                {get("/", "Connection: close\r\n"), false},
                                {"GET / HTTP/1.0\r\n\r\n", false},
                                {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true}};
  for (const Case& one : cases) {
    CAPTURE(one.request);
    Client client(server.port());
    client.send(one.request);
    const Response answer = client.response();
    CHECK(answer.status == 200);
    CHECK(answer.has("Connection: close") == !one.stays);
    CHECK(answer.has("Connection: keep-alive") == one.stays);
    if (!one.stays) {
      CHECK(client.ended());
      CHECK_FALSE(client.was_reset());
    }
  }
}

TEST_CASE("http: a client that says Expect: 100-continue is told to go on, once the handler wants the body") {
  auto server = echo_server();
  Client client(server.port());
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.response(true).status == 100);
  client.send("ab");
  CHECK(client.response().body == "POST /p ab");
}

TEST_CASE("http: a body that is too large is not asked for, and ends the connection after the answer") {
  auto server = echo_server();
  SUBCASE("declared, with Expect: 100-continue") {
    Client client(server.port());
    client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.response().status == 413);
    CHECK(client.ended());
  }
  SUBCASE("declared, and sent to the end: the answer arrives all the same") {
    Client client(server.port());
    client.send(post(std::string(3'000'000, 'x')));
    const Response answer = client.response();
    CHECK(answer.status == 413);
    CHECK(answer.has("Connection: close"));
    CHECK(client.ended());
  }
  SUBCASE("in chunks") {
    Client client(server.port());
    client.send("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n" + std::string(1'001, 'x'));
    CHECK(client.response().status == 413);
    CHECK(client.ended());
  }
  SUBCASE("by one byte less, it is read") {
    Client client(server.port());
    client.send(post(std::string(1'000, 'x')));
    CHECK(client.response().body == "POST /p " + std::string(1'000, 'x'));
    return;
  }
  CHECK(server.counters().too_large == 1);
}

TEST_CASE("http: a body that nobody asked for is skipped when it is small, and ends the connection when it is not") {
  HttpFixture server([](const Exchange& exchange) { exchange->respond(400, {}, as_bytes("no")); });
  Client client(server.port());
  client.send(post(std::string(60'000, 'x')) + get("/next"));
  CHECK(client.response().has("Connection: keep-alive"));
  CHECK(client.response().body == "no");
  client.send(post(std::string(70'000, 'x')));
  CHECK(client.response().has("Connection: close"));
  CHECK(client.ended());
}

TEST_CASE("http: what HTTP forbids is refused with 400, counted, and the connection ends") {
  auto server = echo_server();
  const std::vector<std::string> forbidden{
      "GET / HTTP/1.1\r\n\r\n",                                                  // no Host
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",                            // two
      "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",                            //
      get("/", "X: a\r\n folded\r\n"),                                           // obsolete line folding
      get("/", "X : a\r\n"),                                                     // space before the colon
      get("/", "X\t: a\r\n"),                                                    //
      get("/", ": a\r\n"),                                                       // no name
      get("/", "no colon\r\n"),                                                  //
      get("/", "X(y): a\r\n"),                                                   // not a token
      get("/", std::string("X: a\0b\r\n", 8)),                                   // control characters
      get("/", "X: a\x01\r\n"),                                                  //
      get("/", "X: a\nY: b\r\n"),                                                // line end without CR
      get("/", "X: a\rY: b\r\n"),                                                // CR without line end
      "GET / HTTP/1.1\nHost: x\n\n",                                             //
      "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",                                      // two spaces
      "GET /\tHTTP/1.1\r\nHost: x\r\n\r\n",                                      //
      "GET /\r\n\r\n",                                                           // HTTP/0.9
      "GET / HTTP/2.0\r\nHost: x\r\n\r\n",                                       //
      "GET / HTTP/1.2\r\nHost: x\r\n\r\n",                                       //
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",                                        //
      "get / HTTP/1.1\r\nHost: x\r\n\r\n",                                       // methods are in capitals
      "NOSUCH / HTTP/1.1\r\nHost: x\r\n\r\n",                                    //
      "DESCRIBE / RTSP/1.0\r\nHost: x\r\n\r\n",                                  // another protocol
      "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",                                 // we are no proxy
      get("/", "Content-Length: 1\r\nContent-Length: 1\r\n"),                    // ambiguous lengths
      get("/", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),           //
      get("/", "Content-Length: +1\r\n"),                                        //
      get("/", "Content-Length: 99999999999999999999\r\n"),                      //
      get("/", "Transfer-Encoding: gzip, chunked\r\n"),                          //
      get("/", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),  //
      get("/", "Transfer-Encoding: identity\r\n"),                               //
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",          //
      get("/", "Transfer-Encoding: chunked\r\n") + "x\r\n",                      // no size
      get("/", "Transfer-Encoding: chunked\r\n") + "fffffffffffffffff\r\n",      // too large a size
      get("/", "Transfer-Encoding: chunked\r\n") + "1\r\nabc\r\n",               // more than the size
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),           // TLS
      std::string(8, '\0'),                                                      //
  };
  for (std::size_t index = 0; index < forbidden.size(); ++index) {
    CAPTURE(index);
    CAPTURE(forbidden[index]);
    Client client(server.port());
    client.send(forbidden[index]);
    CHECK(client.read_to_end() == refusal(400, "Bad Request"));
    CHECK_FALSE(client.was_reset());
    CHECK(server.counters().bad_requests == index + 1);
  }
}

TEST_CASE("http: an unknown expectation is refused with 417") {
  auto server = echo_server();
  Client client(server.port());
  client.send(get("/", "Expect: miracles\r\n"));
  CHECK(client.read_to_end() == refusal(417, "Expectation Failed"));
}

TEST_CASE("http: heads above a limit are refused, at the limit they pass") {
  HttpOptions options;
  options.header_bytes_max = 1'000;
  options.headers_max = 10;
  auto server = echo_server(options);
  const std::string around = get("/", "X: \r\n");
  SUBCASE("bytes") {
    const std::string padding(1'000 - around.size(), 'x');
    Client client(server.port());
    client.send(get("/", "X: " + padding + "\r\n"));
    CHECK(client.response().status == 200);
    client.send(get("/", "X: " + padding + "x\r\n"));
    CHECK(client.read_to_end() == refusal(431, "Request Header Fields Too Large"));
  }
  SUBCASE("bytes, before the end has come") {
    Client client(server.port());
    client.send("GET / HTTP/1.1\r\nX: " + std::string(1'000, 'x'));
    CHECK(client.read_to_end() == refusal(431, "Request Header Fields Too Large"));
  }
  SUBCASE("the URL") {
    Client client(server.port());
    client.send("GET /" + std::string(1'000, 'x'));
    CHECK(client.read_to_end() == refusal(414, "URI Too Long"));
  }
  SUBCASE("number of headers") {
    std::string nine;
    for (int number = 0; number < 9; ++number) {
      nine += "A: b\r\n";
    }
    Client client(server.port());
    client.send(get("/", nine));
    CHECK(client.response().status == 200);
    client.send(get("/", nine + "A: b\r\n"));
    CHECK(client.read_to_end() == refusal(431, "Request Header Fields Too Large"));
  }
  CHECK(server.counters().too_large == 1);
}

TEST_CASE("http: as many headers as Node takes are taken, as long as they are small") {
  auto server = echo_server();
  std::string many;
  for (int number = 0; number < 1'900; ++number) {
    many += "A: b\r\n";
  }
  Client client(server.port());
  client.send(get("/", many));
  CHECK(client.response().status == 200);
}

namespace {

/// Keeps GETs of "/late" until release(); answers others at once, with their method and body.
struct LateGets {
  void operator()(const Exchange& exchange) {
    const auto& request = exchange->request();
    if (request.path == "/late") {
      held.push_back(exchange);
      exchange->on_abandoned([this] { ++abandoned; });
      return;
    }
    seen.push_back(request.url);
    exchange->read_body(1'000, [exchange](socketio::Bytes body, bool, bool) {
      exchange->respond(200, {}, as_bytes(exchange->request().method + " " + std::string(as_text(body))));
    });
  }
  void release(const std::string& body = "late") {
    const auto all = std::exchange(held, {});
    for (const Exchange& exchange : all) {
      exchange->respond(200, {}, as_bytes(body));
    }
  }
  std::vector<Exchange> held;
  std::vector<std::string> seen;
  int abandoned = 0;
};

std::string post(const std::string& url, const std::string& body) {
  return "POST " + url + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("http: what comes behind a GET that is answered late is handled meanwhile, and answered after it") {
  LateGets late;
  HttpFixture server([&late](const Exchange& exchange) { late(exchange); });
  Client client(server.port());
  client.send(get("/late") + post("/1", "one"));
  REQUIRE(server.wait([&] { return late.seen.size() == 1; }));
  const std::string two = post("/2", "two");
  client.send(two.substr(0, two.size() - 1));
  REQUIRE(server.wait([&] { return late.seen.size() == 2; }));
  client.send("o" + get("/3"));
  REQUIRE(server.wait([&] { return late.seen.size() == 3; }));
  server.let_turn();
  server.thread.run([&] { late.release(); });
  CHECK(client.response().body == "late");
  CHECK(client.response().body == "POST one");
  CHECK(client.response().body == "POST two");
  CHECK(client.response().body == "GET ");
  client.send(get("/4"));
  CHECK(client.response().body == "GET ");
}

TEST_CASE("http: behind a GET that is answered late, an upgrade and what is no request wait for it") {
  for (const bool upgrade : {false, true}) {
    CAPTURE(upgrade);
    LateGets late;
    HttpFixture server([&late](const Exchange& exchange) { late(exchange); });
    Client client(server.port());
    client.send(get("/late") + (upgrade ? get("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n") : "nonsense\r\n\r\n"));
    REQUIRE(server.wait([&] { return late.held.size() == 1; }));
    server.let_turn();
    CHECK(late.seen.empty());
    server.thread.run([&] { late.release(); });
    CHECK(client.response().body == "late");
    CHECK(client.response().status == (upgrade ? 200 : 400));
  }
}

TEST_CASE("http: a client that goes away with requests behind one that is answered late is noticed by all of them") {
  LateGets late;
  HttpFixture server([&late](const Exchange& exchange) { late(exchange); });
  Client client(server.port());
  client.send(get("/late") + get("/late"));
  REQUIRE(server.wait([&] { return late.held.size() == 2; }));
  client.close();
  CHECK(server.wait([&] { return late.abandoned == 2; }));
  CHECK(server.wait_for_connection_count(0));
  server.thread.run([&] { late.held.clear(); });
}

TEST_CASE("http: a request behind a late GET that ends the connection ends it after both answers") {
  LateGets late;
  HttpFixture server([&late](const Exchange& exchange) { late(exchange); });
  Client client(server.port());
  client.send(get("/late") + get("/last", "Connection: close\r\n"));
  REQUIRE(server.wait([&] { return late.seen.size() == 1; }));
  server.let_turn();
  server.thread.run([&] { late.release(); });
  CHECK(client.response().body == "late");
  const Response last = client.response();
  CHECK(last.body == "GET ");
  CHECK(last.has("Connection: close"));
  CHECK(client.ended());
}

TEST_CASE("http: a fragment is no part of the target") {
  HttpFixture server([](const Exchange& exchange) {
    const auto& request = exchange->request();
    exchange->respond(200, {}, as_bytes(request.url + " " + std::string(request.path) + " " + std::string(request.query)));
  });
  Client client(server.port());
  for (const auto& row : std::vector<std::pair<std::string, std::string>>{
           {"/a?b=c#d?e", "/a?b=c /a b=c"}, {"/a#?b", "/a /a "}, {"/#", "/ / "}, {"http://x/a#b", "http://x/a /a "}}) {
    CAPTURE(row.first);
    client.send(get(row.first));
    CHECK(client.response().body == row.second);
  }
}

TEST_CASE("http: a client that sends very many requests at once has a part of them handled in each turn, in order") {
  std::vector<std::string> seen;
  std::vector<std::size_t> seen_by_turn;
  socketio::Loop loop;
  socketio::server::HttpServer server(loop, {}, [&seen](const Exchange& exchange) {
    seen.push_back(exchange->request().url);
    exchange->respond(204, {}, {});
  });
  REQUIRE(server.listen("127.0.0.1", 0).empty());
  Client client(server.port());
  constexpr std::size_t count = 1'000;
  std::string all;
  for (std::size_t number = 0; number < count; ++number) {
    all += get("/" + std::to_string(number));
  }
  client.send(all);
  REQUIRE(loop.run_until(
      [&] {
        seen_by_turn.push_back(seen.size());
        return seen.size() == count;
      },
      std::chrono::seconds(10)));
  for (std::size_t turn = 1; turn < seen_by_turn.size(); ++turn) {
    CHECK(seen_by_turn[turn] - seen_by_turn[turn - 1] <= 128);
  }
  for (std::size_t number = 0; number < count; ++number) {
    CHECK(seen[number] == "/" + std::to_string(number));
  }
}

TEST_CASE("http: a chunked body cannot hide endless framing") {
  auto server = echo_server();
  Client client(server.port());
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(40'000, 'x'));
  CHECK(client.read_to_end() == refusal(400, "Bad Request"));
}

TEST_CASE("http: responses drop header values that would begin another header") {
  HttpFixture server([](const Exchange& exchange) { exchange->respond(200, {{"A", "b\r\nEvil: yes"}, {"C", "d"}}, {}); });
  Client client(server.port());
  client.send(get("/"));
  const Response answer = client.response();
  CHECK(answer.has("C: d"));
  CHECK(answer.head.find("Evil") == std::string::npos);
}

TEST_CASE("http: an upgrade to something else than a WebSocket is an ordinary request") {
  HttpFixture server([](const Exchange& exchange) {
    exchange->respond(200, {}, as_bytes(exchange->request().upgrade ? "upgrade" : "ordinary"));
  });
  Client client(server.port());
  client.send(get("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"));
  CHECK(client.response().body == "ordinary");
  client.send(get("/", "Connection: keep-alive, UPGRADE\r\nUpgrade: WebSocket\r\n"));
  CHECK(client.response().body == "upgrade");
  client.send(get("/", "Upgrade: websocket\r\n"));
  CHECK(client.response().body == "ordinary");
}

}  // namespace http_test
