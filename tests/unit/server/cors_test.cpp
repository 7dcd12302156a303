// CORS, the cookie and the headers of Engine.IO's responses, as the packages `cors` and `cookie` make them.

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "engine_fixture.hpp"

namespace cors_test {

using namespace std::chrono_literals;
using namespace fixture;

namespace {

constexpr const char* polling = "/socket.io/?EIO=4&transport=polling";

std::shared_ptr<fake::Exchange> from(Engine& engine, const char* method, const char* origin, Headers more = {}) {
  more.emplace_back("origin", origin);
  return engine.send(fake::request(method, polling, std::move(more)));
}

}  // namespace

TEST_CASE("cors: every origin is named when that is wanted, and a request without one gets none") {
  EngineOptions options = patient();
  options.cors.origin_reflected = true;
  options.cors.credentials = true;
  Engine engine(options);
  const auto answer = from(engine, "GET", "http://any")->answer();
  CHECK(answer.header("Access-Control-Allow-Origin") == "http://any");
  CHECK(answer.header("Access-Control-Allow-Credentials") == "true");
  CHECK(answer.header("Vary") == "Origin");
  const auto without = engine.get(polling)->answer();
  CHECK(without.header("Access-Control-Allow-Origin").empty());
  CHECK(without.header("Vary") == "Origin");
}

TEST_CASE("cors: a function allows origins, and those that it refuses get no header but Vary, and no preflight") {
  EngineOptions options = patient();
  std::vector<std::string> asked;
  options.cors.origin_allowed = [&asked](std::string_view origin) {
    asked.emplace_back(origin);
    return origin.ends_with(".example");
  };
  options.cors.credentials = true;
  Engine engine(options);
  const auto allowed = from(engine, "GET", "https://a.example")->answer();
  CHECK(allowed.header("Access-Control-Allow-Origin") == "https://a.example");
  CHECK(allowed.header("Access-Control-Allow-Credentials") == "true");
  const auto refused = from(engine, "GET", "https://b.test")->answer();
  CHECK(refused.status == 200);
  CHECK(refused.header("Access-Control-Allow-Origin").empty());
  CHECK(refused.header("Access-Control-Allow-Credentials").empty());
  CHECK(refused.header("Vary") == "Origin");
  CHECK(from(engine, "OPTIONS", "https://a.example")->status() == 204);
  CHECK(from(engine, "OPTIONS", "https://b.test")->body() == R"({"code":2,"message":"Bad handshake method"})");
  CHECK(asked.front() == "https://a.example");
}

TEST_CASE("cors: a preflight has the methods, headers, age and status that the options name") {
  EngineOptions options = patient();
  options.cors.origins = {"http://a"};
  options.cors.methods = {"GET", "POST"};
  options.cors.allowed_headers = {"x-one", "authorization"};
  options.cors.exposed_headers = {"x-trace"};
  options.cors.max_age = 600s;
  options.cors.preflight_status = 200;
  Engine engine(options);
  const auto preflight = from(engine, "OPTIONS", "http://a", {{"access-control-request-headers", "x-other"}})->answer();
  CHECK(preflight.status == 200);
  CHECK(preflight.header("Access-Control-Allow-Methods") == "GET,POST");
  CHECK(preflight.header("Access-Control-Allow-Headers") == "x-one,authorization");
  CHECK(preflight.header("Access-Control-Expose-Headers") == "x-trace");
  CHECK(preflight.header("Access-Control-Max-Age") == "600");
  CHECK(preflight.header("Vary") == "Origin");
  const auto answer = from(engine, "GET", "http://a")->answer();
  CHECK(answer.header("Access-Control-Expose-Headers") == "x-trace");
  CHECK(answer.header("Access-Control-Max-Age").empty());
  CHECK(answer.header("Access-Control-Allow-Methods").empty());
}

TEST_CASE("cors: a WebSocket's response has the headers of other responses, as with the reference") {
  EngineOptions options = patient();
  options.cors.origins = {"http://a"};
  Engine engine(options);
  WebSocket client(engine);
  CHECK(client.exchange->head().find("\r\nAccess-Control-Allow-Origin: http://a\r\nVary: Origin\r\n\r\n") != std::string::npos);
}

TEST_CASE("cors: an origin that no header can have is not repeated") {
  EngineOptions options = patient();
  options.cors.origin_reflected = true;
  Engine engine(options);
  const auto answer = from(engine, "GET", "http://a\r\nX: y")->answer();
  CHECK(answer.status == 400);
  CHECK(answer.header("Access-Control-Allow-Origin").empty());
}

TEST_CASE("cookie: it has the attributes that the options name, in the order of the reference") {
  EngineOptions options = patient();
  options.cookie.enabled = true;
  options.cookie.name = "node";
  options.cookie.path = "/app";
  options.cookie.domain = "example.org";
  options.cookie.secure = true;
  options.cookie.http_only = false;
  options.cookie.same_site = SameSite::none;
  options.cookie.max_age = 24h;
  {
    Engine engine(options);
    CHECK(engine.get(polling)->answer().header("Set-Cookie") ==
          "node=AAECAwQFBgcICQoLDA0O; Max-Age=86400; Domain=example.org; Path=/app; Secure; SameSite=None");
  }
  options.cookie = {.enabled = true, .path = "", .same_site = SameSite::unset};
  Engine bare(options);
  CHECK(bare.get(polling)->answer().header("Set-Cookie") == "io=AAECAwQFBgcICQoLDA0O; HttpOnly");
}

TEST_CASE("headers: the hooks see every successful response, and the first one of a session before the others") {
  EngineOptions options = patient();
  std::vector<std::string> called;
  options.initial_headers = [&called](HttpHeaders& headers, const HttpRequest& request) {
    called.push_back("initial " + request.method);
    headers.emplace_back("X-First", "yes");
  };
  options.headers = [&called](HttpHeaders& headers, const HttpRequest& request) {
    called.push_back("headers " + request.method);
    headers.emplace_back("X-Trace", request.query_value("transport"));
    headers.emplace_back("Content-Length", "9");  // the server's
    headers.emplace_back("no name", "is left out");
  };
  Engine engine(options);
  const auto first = engine.get(polling);
  CHECK(called == std::vector<std::string>{"initial GET", "headers GET"});
  CHECK(first->answer().header("X-First") == "yes");
  CHECK(first->answer().header("X-Trace") == "polling");
  CHECK(first->answer().header("Content-Length").empty());
  CHECK(first->answer().header("no name").empty());

  called.clear();
  const auto posted = engine.post(std::string(polling) + "&sid=" + sid_of(first->body()), "4x");
  CHECK(called == std::vector<std::string>{"headers POST"});
  CHECK(posted->answer().header("X-First").empty());
  CHECK(posted->answer().header("X-Trace") == "polling");

  called.clear();
  WebSocket client(engine);
  CHECK(called == std::vector<std::string>{"initial GET", "headers GET"});
  CHECK(client.exchange->head().ends_with("\r\nX-First: yes\r\nX-Trace: websocket\r\n\r\n"));

  called.clear();
  CHECK(engine.get("/socket.io/?transport=x")->status() == 400);
  CHECK(called.empty());
}

}  // namespace cors_test
