// Which requests are taken, and how the others are refused.

#include <doctest/doctest.h>

#include <chrono>

#include "engine_fixture.hpp"

namespace engine_requests_test {

using namespace fixture;

namespace {

constexpr const char* polling = "/socket.io/?EIO=4&transport=polling";

struct Refusal {
  std::string name;
  std::string method;
  std::string url;
  Headers headers;
  int status;
  std::string body;
};

const std::string unknown_transport = R"({"code":0,"message":"Transport unknown"})";
const std::string unknown_session = R"({"code":1,"message":"Session ID unknown"})";
const std::string bad_method = R"({"code":2,"message":"Bad handshake method"})";
const std::string bad_request = R"({"code":3,"message":"Bad request"})";
const std::string unsupported = R"({"code":5,"message":"Unsupported protocol version"})";

}  // namespace

TEST_CASE("engine requests: each check refuses with its code and message") {
  Engine engine;
  const std::string sid = sid_of(engine.get(polling)->body());
  const std::vector<Refusal> refusals = {
      {"no transport", "GET", "/socket.io/?EIO=4", {}, 400, unknown_transport},
      {"a transport nobody has", "GET", "/socket.io/?EIO=4&transport=tcp", {}, 400, unknown_transport},
      {"webtransport", "GET", "/socket.io/?EIO=4&transport=webtransport", {}, 400, unknown_transport},
      {"transport is checked before the session", "GET", "/socket.io/?transport=x&sid=nope", {}, 400, unknown_transport},
      {"origin", "GET", polling, {{"origin", "http://a\x01"}}, 400, bad_request},
      {"origin is checked before the session", "GET", std::string(polling) + "&sid=x", {{"origin", "\x7f"}}, 400, bad_request},
      {"unknown session", "GET", std::string(polling) + "&sid=abcdefghijklmnopqrst", {}, 400, unknown_session},
      {"name of a prototype", "GET", std::string(polling) + "&sid=__proto__", {}, 400, unknown_session},
      {"unknown session, POST", "POST", std::string(polling) + "&sid=x", {}, 400, unknown_session},
      {"another transport", "GET", "/socket.io/?EIO=4&transport=websocket&sid=" + sid, {}, 400, bad_request},
      {"POST without session", "POST", polling, {}, 400, bad_method},
      {"OPTIONS without CORS", "OPTIONS", polling, {}, 400, bad_method},
      {"the method is checked before the upgrade", "POST", "/socket.io/?EIO=4&transport=websocket", {}, 400, bad_method},
      {"websocket without an upgrade", "GET", "/socket.io/?EIO=4&transport=websocket", {}, 400, bad_request},
      {"revision 3", "GET", "/socket.io/?EIO=3&transport=polling", {}, 400, unsupported},
      {"no revision counts as 3", "GET", "/socket.io/?transport=polling", {}, 400, unsupported},
      {"revision 5 counts as 3", "GET", "/socket.io/?EIO=5&transport=polling", {}, 400, unsupported},
  };
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.name);
    const auto exchange = engine.send(fake::request(refusal.method, refusal.url, refusal.headers));
    CHECK(exchange->status() == refusal.status);
    CHECK(exchange->body() == refusal.body);
    CHECK(exchange->answer().header("Content-Type") == "application/json");
  }
  CHECK(engine.server.counters().refused == refusals.size());
  CHECK(engine.server.session_count() == 1);
  CHECK_FALSE(engine.last().closed);
}

TEST_CASE("engine requests: a refused upgrade gets the message alone, and the end of the connection") {
  Engine engine;
  const auto refused = [&engine](const std::string& url) { return engine.send(fake::upgrade_request(url))->raw(); };
  const auto raw = [](const std::string& message) {
    return "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-type: text/html\r\nContent-Length: " +
           std::to_string(message.size()) + "\r\n\r\n" + message;
  };
  CHECK(refused("/socket.io/?EIO=4&transport=tcp") == raw("Transport unknown"));
  CHECK(refused("/socket.io/?EIO=4&transport=websocket&sid=x") == raw("Session ID unknown"));
  CHECK(refused("/socket.io/?EIO=4&transport=polling") == raw("Bad request"));
  CHECK(refused("/socket.io/?EIO=3&transport=websocket") == raw("Unsupported protocol version"));
  CHECK(engine.server.session_count() == 0);
}

TEST_CASE("engine requests: an upgrade that is not one of version 13 with a key is refused") {
  Engine engine;
  const auto good = fake::upgrade_request("/socket.io/?EIO=4&transport=websocket");
  for (const auto& bad :
       Headers{{"sec-websocket-version", "8"}, {"sec-websocket-version", ""}, {"sec-websocket-key", "short"}}) {
    CAPTURE(bad.first);
    const std::string reason = std::string("Missing or invalid ") +
                               (bad.first == "sec-websocket-key" ? "Sec-WebSocket-Key" : "Sec-WebSocket-Version") + " header";
    Headers headers = good->request().headers;
    std::erase_if(headers, [&bad](const auto& header) { return header.first == bad.first; });
    headers.push_back(bad);
    const auto exchange = engine.send(std::make_shared<fake::Exchange>("GET", good->request().url, headers, true));
    CHECK(exchange->raw().starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(exchange->raw().find("\r\nSec-WebSocket-Version: 13\r\n") != std::string::npos);
    CHECK(exchange->raw().ends_with("\r\n\r\n" + reason));
    CHECK(exchange->wire() == nullptr);
  }
}

TEST_CASE("engine requests: a later request of another revision than its session's is refused, and the session stays") {
  EngineOptions options = patient();
  options.allow_eio3 = true;
  Engine engine(options);
  engine.open_polling();
  const std::string sid = "transport=polling&sid=" + std::string(engine.last().session->id());
  for (const std::string revision : {"EIO=3&", ""}) {
    CAPTURE(revision);
    CHECK(engine.get("/socket.io/?" + revision + sid)->body() == R"({"code":3,"message":"Bad request"})");
  }
  CHECK(
      engine
          .send(fake::upgrade_request("/socket.io/?EIO=3&transport=websocket&sid=" + std::string(engine.last().session->id())))
          ->raw()
          .ends_with("Bad request"));
  CHECK_FALSE(engine.last().closed);
  const auto get = engine.get("/socket.io/?EIO=4&" + sid);
  engine.last().session->send(text("still here"));
  engine.turn();
  CHECK(get->body() == "4still here");
}

TEST_CASE("engine requests: the application may refuse, and is asked for new sessions alone") {
  EngineOptions options = patient();
  std::vector<std::string> asked;
  std::string answer;
  bool allowed = true;
  options.allow_request = [&](const HandshakeRequest& request, const Decision& decide) {
    asked.emplace_back(request.url + " " + std::string(request.header("origin")));
    allowed ? decide.allow() : decide.refuse(answer);
  };
  Engine engine(options);
  const std::string session = engine.open_polling();
  engine.post(session, "4x");
  CHECK(asked == std::vector<std::string>{std::string(polling) + " "});

  allowed = false;
  auto exchange = engine.send(fake::request("GET", polling, {{"origin", "http://a"}}));
  CHECK(asked.back() == std::string(polling) + " http://a");
  CHECK(exchange->status() == 403);
  CHECK(exchange->body() == R"({"code":4,"message":"Forbidden"})");
  answer = "not \"you\"";
  CHECK(engine.get(polling)->body() == R"({"code":4,"message":"not \"you\""})");
  CHECK(engine.get("/socket.io/?transport=polling")->body() == R"({"code":4,"message":"not \"you\""})");
  const auto upgrade = engine.send(fake::upgrade_request("/socket.io/?EIO=4&transport=websocket"));
  CHECK(upgrade->raw().starts_with("HTTP/1.1 400 "));
  CHECK(upgrade->raw().ends_with("\r\n\r\nnot \"you\""));
}

TEST_CASE("engine requests: everything that begins with the path is taken, and nothing else") {
  Engine engine;
  CHECK(engine.get("/socket.io/abc?EIO=4&transport=polling")->status() == 200);
  for (const char* url : {"/socket.io?EIO=4&transport=polling", "/", "/socket.iox/?EIO=4", "/x/socket.io/"}) {
    CAPTURE(url);
    CHECK_FALSE(engine.server.handle(*fake::request("GET", url)));
  }
  EngineOptions options = patient();
  options.path = "/engine.io";
  Engine other(options);
  CHECK(other.get("/engine.io/?EIO=4&transport=polling")->status() == 200);
}

TEST_CASE("engine requests: a polling handshake tells the session's id and the limits") {
  EngineOptions options = patient();
  options.ping_interval = std::chrono::milliseconds(1'000);
  options.ping_timeout = std::chrono::milliseconds(2'000);
  options.max_http_buffer_size = 12'345;
  Engine engine(options);
  const auto exchange = engine.get("/socket.io/?EIO=4&transport=polling&t=abc");
  CHECK(exchange->status() == 200);
  CHECK(
      exchange->body() ==
      R"(0{"sid":"AAECAwQFBgcICQoLDA0O","upgrades":["websocket"],"pingInterval":1000,"pingTimeout":2000,"maxPayload":12345})");
  CHECK(exchange->answer().header("Content-Type") == "text/plain; charset=UTF-8");
  CHECK(exchange->answer().header("cache-control") == "no-store");
  CHECK(exchange->answer().header("Set-Cookie").empty());
  CHECK(engine.last().session->id() == "AAECAwQFBgcICQoLDA0O");
}

TEST_CASE("engine requests: no upgrade is offered where there is none") {
  for (const bool only_polling : {false, true}) {
    EngineOptions options = patient();
    options.allow_upgrades = only_polling;
    if (only_polling) {
      options.transports = {EngineTransport::polling};
    }
    Engine engine(options);
    const auto exchange = engine.get(polling);
    CHECK(exchange->body().find(R"("upgrades":[])") != std::string::npos);
    const std::string sid = sid_of(exchange->body());
    const auto upgrade = engine.send(fake::upgrade_request("/socket.io/?EIO=4&transport=websocket&sid=" + sid));
    CHECK_FALSE(upgrade->raw().empty());
  }
}

TEST_CASE("engine requests: a WebSocket handshake is accepted as RFC 6455 says, and answered by an open packet") {
  Engine engine;
  WebSocket client(engine);
  CHECK(client.exchange->head() ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  engine.turn();
  CHECK(
      client.received() ==
      Frames{
          R"(text:0{"sid":"AAECAwQFBgcICQoLDA0O","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})"});
  CHECK(engine.last().session->revision() == 4);
}

TEST_CASE("engine requests: the first subprotocol that a WebSocket client offers is confirmed") {
  Engine engine;
  const auto offering = [&engine](const std::string& offered) {
    return engine.send(fake::upgrade_request("/socket.io/?EIO=4&transport=websocket", {{"sec-websocket-protocol", offered}}))
        ->head();
  };
  CHECK(offering(" one , two").find("\r\nSec-WebSocket-Protocol: one\r\n") != std::string::npos);
  CHECK(offering("a b").find("Sec-WebSocket-Protocol") == std::string::npos);
  CHECK(offering("").find("Sec-WebSocket-Protocol") == std::string::npos);
}

TEST_CASE("engine requests: the cookie comes with the first polling answer only") {
  EngineOptions options = patient();
  options.cookie.enabled = true;
  Engine engine(options);
  const auto first = engine.get(polling);
  CHECK(first->answer().header("Set-Cookie") == "io=AAECAwQFBgcICQoLDA0O; Path=/; HttpOnly; SameSite=Lax");
  const std::string session = std::string(polling) + "&sid=" + sid_of(first->body());
  engine.last().session->send(text("x"));
  const auto second = engine.get(session);
  engine.turn();
  CHECK(second->body() == "4x");
  CHECK(second->answer().header("Set-Cookie").empty());
  CHECK(WebSocket(engine).exchange->head().find("Set-Cookie") == std::string::npos);
}

TEST_CASE("engine requests: without CORS there is no header of it") {
  Engine engine;
  const auto exchange = engine.send(fake::request("GET", polling, {{"origin", "http://a"}}));
  CHECK(exchange->answer().header("Access-Control-Allow-Origin").empty());
  CHECK(exchange->answer().header("Vary").empty());
}

TEST_CASE("engine requests: CORS preflights are answered, and all answers carry its headers") {
  EngineOptions options = patient();
  options.cors = {.origins = {"http://a"}, .credentials = true};
  Engine engine(options);
  const auto preflight = engine.send(
      fake::request("OPTIONS", polling, {{"origin", "http://a"}, {"access-control-request-headers", "x-one,x-two"}}));
  CHECK(preflight->status() == 204);
  CHECK(preflight->body().empty());
  CHECK(preflight->answer().header("Access-Control-Allow-Methods") == "GET,HEAD,PUT,PATCH,POST,DELETE");
  CHECK(preflight->answer().header("Access-Control-Allow-Headers") == "x-one,x-two");
  CHECK(preflight->answer().header("Vary") == "Origin|Access-Control-Request-Headers");

  const std::string session = engine.open_polling();
  for (const auto& exchange : {engine.get("/socket.io/?transport=x"), engine.post(session, "4x"),
                               engine.send(fake::request("PUT", session)), preflight}) {
    CAPTURE(exchange->status());
    CHECK(exchange->answer().header("Access-Control-Allow-Origin") == "http://a");
    CHECK(exchange->answer().header("Access-Control-Allow-Credentials") == "true");
  }
}

TEST_CASE("engine requests: of several origins only the one that asks is named, and a stranger none") {
  EngineOptions options = patient();
  options.cors = {.origins = {"http://a", "http://b"}};
  Engine engine(options);
  const auto allowed = [&engine](const char* origin) {
    const auto exchange = engine.send(fake::request("GET", polling, {{"origin", origin}}));
    CHECK(exchange->answer().header("Vary") == "Origin");
    return exchange->answer().header("Access-Control-Allow-Origin");
  };
  CHECK(allowed("http://b") == "http://b");
  CHECK(allowed("http://c").empty());

  options.cors = {.origins = {"*"}};
  Engine open(options);
  const auto exchange = open.send(fake::request("GET", polling, {{"origin", "http://c"}}));
  CHECK(exchange->answer().header("Access-Control-Allow-Origin") == "*");
  CHECK(exchange->answer().header("Vary").empty());
}

TEST_CASE("engine requests: a session remembers its first request as Node shows it") {
  Engine engine;
  engine.send(fake::request("GET", "/socket.io/?EIO=4&transport=polling&a=1&a=2&b=x%20y",
                            {{"host", "one"},
                             {"x-tag", "a"},
                             {"cookie", "k=1"},
                             {"host", "two"},
                             {"x-tag", "b"},
                             {"cookie", "l=2"},
                             {"origin", "http://a"}}));
  const RequestInfo info = engine.last().session->request();
  CHECK(info.headers == Headers{{"host", "one"}, {"x-tag", "a, b"}, {"cookie", "k=1; l=2"}, {"origin", "http://a"}});
  CHECK(info.query == Headers{{"EIO", "4"}, {"transport", "polling"}, {"a", "2"}, {"b", "x y"}});
  CHECK(info.url == "/socket.io/?EIO=4&transport=polling&a=1&a=2&b=x%20y");
  CHECK(info.address == "192.0.2.7");
  CHECK(info.xdomain);
  CHECK_FALSE(info.secure);
}

TEST_CASE("engine requests: ids differ, and are 20 characters of the alphabet") {
  Engine engine;
  const std::string first = sid_of(engine.get(polling)->body());
  const std::string second = sid_of(engine.get(polling)->body());
  CHECK(first != second);
  for (const std::string& id : {first, second}) {
    CHECK(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
  }
}

TEST_CASE("engine requests: a server that was closed takes no new sessions") {
  Engine engine;
  engine.open_polling();
  engine.server.close_all();
  CHECK(engine.last().closed == CloseReason::server_shutting_down);
  CHECK(engine.server.session_count() == 0);
  CHECK(engine.get(polling)->status() == 503);
  CHECK(engine.send(fake::upgrade_request("/socket.io/?EIO=4&transport=websocket"))->raw().starts_with("HTTP/1.1 503 "));
}

}  // namespace engine_requests_test
