// Who may connect: decisions of the application, now, later and never; ids of its own; what it is told of refusals.

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <socketio/common/error.hpp>

#include "engine_fixture.hpp"

namespace engine_admission_test {

using namespace std::chrono_literals;
using namespace fixture;

namespace {

constexpr const char* polling = "/socket.io/?EIO=4&transport=polling";
constexpr const char* websocket = "/socket.io/?EIO=4&transport=websocket";

/// An application that decides later.
struct Later {
  EngineOptions options() {
    EngineOptions made = patient();
    made.allow_request = [this](const HandshakeRequest&, const Decision& decide) { pending.push_back(decide); };
    return made;
  }
  std::vector<Decision> pending;
};

}  // namespace

TEST_CASE("admission: the application sees method, URL, query, headers, cookies, address and TLS") {
  EngineOptions options = patient();
  std::string seen;
  options.allow_request = [&seen](const HandshakeRequest& request, const Decision& decide) {
    seen = request.method + "|" + std::string(request.path) + "|" + request.query_value("token") + "|" +
           std::string(request.header("x-two")) + "|" + request.cookie("b").value_or("-") + "|" +
           request.cookie("none").value_or("-") + "|" + request.address + "|" + (request.secure ? "s" : "p");
    CHECK(&decide.request() == &request);
    decide.allow();
  };
  Engine engine(options);
  const auto exchange = engine.send(
      fake::request("GET", std::string(polling) + "&token=a%20b&token=c", {{"x-two", "2"}, {"cookie", "a=1; b=%32x ; b=3"}}));
  CHECK(exchange->status() == 200);
  CHECK(seen == "GET|/socket.io/|c|2|2x|-|192.0.2.7|p");
}

TEST_CASE("admission: a session begins when it is allowed, later, over both transports, and once") {
  Later later;
  Engine engine(later.options());
  const auto polled = engine.get(polling);
  const auto upgraded = engine.send(fake::upgrade_request(websocket));
  REQUIRE(later.pending.size() == 2);
  CHECK_FALSE(polled->answered());
  CHECK(upgraded->head().empty());
  CHECK(engine.heard.empty());
  CHECK(later.pending[0].wanted());
  later.pending[0].allow();
  later.pending[0].allow();
  later.pending[0].refuse("no");
  CHECK_FALSE(later.pending[0].wanted());
  later.pending[1].allow();
  CHECK(polled->body().starts_with("0{"));
  CHECK(upgraded->head().starts_with("HTTP/1.1 101 "));
  CHECK(engine.heard.size() == 2);
  CHECK(engine.server.counters().refused == 0);
}

TEST_CASE("admission: a decision may come from any thread") {
  Later later;
  Engine engine(later.options());
  const auto allowed = engine.get(polling);
  const auto refused = engine.get(polling);
  std::thread other([&later] {
    later.pending[0].allow();
    later.pending[1].refuse("not you");
    later.pending.clear();
  });
  other.join();
  CHECK(engine.until([&] { return allowed->answered() && refused->answered(); }));
  CHECK(allowed->status() == 200);
  CHECK(refused->body() == R"({"code":4,"message":"not you"})");
}

TEST_CASE("admission: a refusal has the status, the code and the text that it names") {
  EngineOptions options = patient();
  HandshakeRefusal refusal;
  options.allow_request = [&refusal](const HandshakeRequest&, const Decision& decide) { decide.refuse(refusal); };
  Engine engine(options);
  refusal = {.message = "come back later", .status = 429, .code = 42};
  const auto polled = engine.get(polling);
  CHECK(polled->status() == 429);
  CHECK(polled->body() == R"({"code":42,"message":"come back later"})");
  CHECK(engine.send(fake::upgrade_request(websocket))->raw() ==
        "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-type: text/html\r\nContent-Length: 15\r\n\r\ncome back "
        "later");
  refusal = {};
  CHECK(engine.get(polling)->body() == R"({"code":4,"message":"Forbidden"})");
  CHECK(engine.get(polling)->status() == 403);
  CHECK(engine.send(fake::upgrade_request(websocket))->raw().starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_CASE("admission: a status that is no refusal is the programmer's mistake, and the decision is still open") {
  Later later;
  Engine engine(later.options());
  const auto exchange = engine.get(polling);
  CHECK_THROWS_AS(later.pending[0].refuse({.message = "", .status = 200}), Error);
  CHECK(later.pending[0].wanted());
  later.pending[0].allow();
  CHECK(exchange->status() == 200);
}

TEST_CASE("admission: without a decision in time, or any more, the client is refused") {
  Later later;
  EngineOptions options = later.options();
  options.decision_timeout = 20ms;
  Engine engine(options);
  const auto late = engine.get(polling);
  CHECK(engine.until([&] { return late->answered(); }));
  CHECK(late->status() == 503);
  CHECK(late->body() == R"({"code":4,"message":"No decision in time"})");
  CHECK(engine.server.counters().decisions_timed_out == 1);
  CHECK_FALSE(later.pending[0].wanted());
  later.pending[0].allow();
  CHECK(engine.heard.empty());

  later.pending.clear();
  const auto forgotten = engine.get(polling);
  later.pending.clear();  // the last copy
  CHECK(forgotten->body() == R"({"code":4,"message":"Forbidden"})");
  CHECK(engine.server.counters().decisions_missing == 1);
}

TEST_CASE("admission: above the limit of pending decisions the application is not asked") {
  Later later;
  EngineOptions options = later.options();
  options.decisions_max = 2;
  Engine engine(options);
  const auto first = engine.get(polling);
  const auto second = engine.get(polling);
  const auto third = engine.get(polling);
  CHECK(third->status() == 503);
  CHECK(later.pending.size() == 2);
  CHECK(engine.server.counters().decisions_refused == 1);
  later.pending[0].allow();
  CHECK(first->status() == 200);
  CHECK(engine.get(polling)->answered() == false);
  CHECK_FALSE(second->answered());
}

TEST_CASE("admission: nothing happens when the client has left before the decision") {
  Later later;
  Engine engine(later.options());
  const auto exchange = engine.get(polling);
  exchange->abandon();
  CHECK_FALSE(later.pending[0].wanted());
  later.pending[0].allow();
  CHECK(engine.heard.empty());
  CHECK(engine.server.session_count() == 0);
}

TEST_CASE("admission: a server that closes refuses those who wait, and later decisions reach nobody") {
  Later later;
  std::optional<Engine> engine(std::in_place, later.options());
  const auto waiting = engine->get(polling);
  engine->server.close_all();
  CHECK(waiting->status() == 503);
  engine->server.reopen();
  const auto dropped = engine->get(polling);
  REQUIRE(later.pending.size() == 2);
  engine.reset();
  CHECK_FALSE(later.pending[1].wanted());
  later.pending[1].allow();
  CHECK_FALSE(dropped->answered());
}

TEST_CASE("admission: the application is asked after the checks that need no decision, and before the revision's") {
  Later later;
  Engine engine(later.options());
  CHECK(engine.get("/socket.io/?EIO=4&transport=x")->status() == 400);
  CHECK(engine.send(fake::request("POST", polling))->body() == R"({"code":2,"message":"Bad handshake method"})");
  CHECK(later.pending.empty());
  const auto old = engine.get("/socket.io/?EIO=3&transport=polling");
  REQUIRE(later.pending.size() == 1);
  later.pending[0].allow();
  CHECK(old->body() == R"({"code":5,"message":"Unsupported protocol version"})");
}

TEST_CASE("admission: connection_error tells the code, the text and the details of the reference") {
  EngineOptions options = patient();
  options.allow_eio3 = true;
  std::string told;
  options.connection_error = [&told](const ConnectionError& error) {
    told = std::to_string(error.code) + " " + std::string(error.message);
    for (const auto& [name, value] : error.context) {
      told += " " + name + "=" + value;
    }
    CHECK_FALSE(error.request.url.empty());
    CHECK(error.detail("nothing").empty());
  };
  options.allow_request = [](const HandshakeRequest& request, const Decision& decide) {
    request.query_value("no").empty() ? decide.allow() : decide.refuse("not you");
  };
  Engine engine(options);
  const auto told_of = [&](const std::shared_ptr<fake::Exchange>& exchange) {
    told.clear();
    engine.send(exchange);
    return told;
  };
  const std::string sid = std::string(engine.open_polling());
  CHECK(told.empty());
  CHECK(told_of(fake::request("GET", "/socket.io/?EIO=4&transport=x")) == "0 Transport unknown transport=x");
  CHECK(told_of(fake::request("GET", std::string(polling) + "&sid=abc")) == "1 Session ID unknown sid=abc");
  CHECK(told_of(fake::request("POST", polling)) == "2 Bad handshake method method=POST");
  CHECK(told_of(fake::request("GET", websocket)) == "3 Bad request name=TRANSPORT_HANDSHAKE_ERROR");
  CHECK(told_of(fake::request("GET", std::string(websocket) + "&sid=" + std::string(engine.last().session->id()))) ==
        "3 Bad request name=TRANSPORT_MISMATCH transport=websocket previousTransport=polling");
  CHECK(told_of(fake::request("GET", "/socket.io/?EIO=3&transport=polling&sid=" + std::string(engine.last().session->id()))) ==
        "3 Bad request name=PROTOCOL_MISMATCH protocol=3 previousProtocol=4");
  CHECK(told_of(fake::request("GET", polling, {{"origin", "a\x01"}})) == "3 Bad request name=INVALID_ORIGIN origin=a\x01");
  CHECK(told_of(fake::request("GET", std::string(polling) + "&no=1")) == "4 Forbidden message=not you");
  CHECK(told_of(fake::upgrade_request(std::string(websocket) + "&no=1")) == "4 Forbidden message=not you");
}

TEST_CASE("admission: without allow_eio3 the refused revision is told") {
  EngineOptions options = patient();
  std::string told;
  options.connection_error = [&told](const ConnectionError& error) {
    told = std::to_string(error.code) + " " + std::string(error.detail("protocol"));
  };
  Engine engine(options);
  engine.get("/socket.io/?transport=polling");
  CHECK(told == "5 3");
}

TEST_CASE("admission: the application makes the ids, which must be possible and new") {
  EngineOptions options = patient();
  std::function<std::string()> make = [] { return std::string("server-1.a~b_C"); };
  std::string cause;
  options.generate_id = [&make](const HandshakeRequest& request) {
    CHECK(request.method == "GET");
    return make();
  };
  options.connection_error = [&cause](const ConnectionError& error) {
    CHECK(error.code == 3);
    CHECK(error.detail("name") == "ID_GENERATION_ERROR");
    cause = error.detail("error");
  };
  Engine engine(options);
  const auto first = engine.get(polling);
  CHECK(first->body().starts_with(R"(0{"sid":"server-1.a~b_C",)"));
  const std::string session = std::string(polling) + "&sid=server-1.a~b_C";
  engine.post(session, "4hello");
  CHECK(engine.last().messages == std::vector<std::string>{"hello"});
  CHECK(engine.get(polling)->body() == R"({"code":3,"message":"Bad request"})");
  CHECK(cause == "the id is in use");
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("\"x"), std::string(65, 'a')}) {
    CAPTURE(bad);
    make = [&bad] { return bad; };
    CHECK(engine.get(polling)->status() == 400);
  }
  make = []() -> std::string { throw std::runtime_error("no more"); };
  CHECK(engine.send(fake::upgrade_request(websocket))->raw().ends_with("Bad request"));
  CHECK(cause == "no more");
  make = [] { return std::string("x"); };
  WebSocket other(engine);
  CHECK(engine.last().session->id() == "x");
}

TEST_CASE("admission: without the slash at its end, the path is the one that such clients ask for") {
  EngineOptions options = patient();
  options.add_trailing_slash = false;
  Engine engine(options);
  CHECK(engine.get("/socket.io?EIO=4&transport=polling")->status() == 200);
  CHECK(engine.get("/socket.io/?EIO=4&transport=polling")->status() == 200);
  CHECK_FALSE(engine.server.handle(*fake::request("GET", "/socket.iox?EIO=4&transport=polling")));
}

}  // namespace engine_admission_test
