// The application's own requests on the server's port, hooks for all of them, and clients behind proxies.

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <socketio/server.hpp>

#include "accepted_options.hpp"
#include "http_fixture.hpp"

namespace routes_test {

using namespace std::chrono_literals;
using accepted_options::accepts;
using http_test::Client;
using http_test::get;
using http_test::LoopThread;
using http_test::Response;
using socketio::as_text;
using socketio::BodyState;
using socketio::Bytes;
using socketio::HttpNext;
using socketio::HttpRequest;
using socketio::HttpResponse;
using socketio::Server;
using socketio::ServerCounters;
using socketio::ServerOptions;

namespace {

constexpr const char* polling = "/socket.io/?EIO=4&transport=polling";

/// A server on a thread of its own.
class App {
 public:
  explicit App(const std::function<void(Server&)>& set_up, ServerOptions options = {}) {
    options.on_problem = [this](const socketio::Problem& problem) {
      problems.push_back(std::string(problem.event) + ": " + std::string(problem.message));
    };
    port = thread.ask([&] {
      io = std::make_unique<Server>(thread.loop(), std::move(options));
      set_up(*io);
      CHECK(io->listen("127.0.0.1", 0).ok());
      return io->port();
    });
  }
  ~App() { destroy(); }
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  void destroy() {
    thread.run([this] { io.reset(); });
  }
  ServerCounters counters() {
    return thread.ask([this] { return io->counters(); });
  }
  /// Waits until `condition` holds for the counters. False after half a minute.
  bool wait(const std::function<bool(const ServerCounters&)>& condition) {
    for (const auto end = std::chrono::steady_clock::now() + 30s; std::chrono::steady_clock::now() < end;) {
      if (condition(counters())) {
        return true;
      }
    }
    return false;
  }
  Response ask(const std::string& request, bool bodiless = false) {
    Client client(port);
    client.send(request);
    return client.response(bodiless);
  }

  LoopThread thread;
  std::vector<std::string> problems;
  std::unique_ptr<Server> io;
  std::uint16_t port = 0;
};

std::string request(const std::string& method, const std::string& url, const std::string& body = {},
                    const std::string& more = {}) {
  return method + " " + url + " HTTP/1.1\r\nHost: x\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// Keeps the responses that an application owes.
struct Owed {
  void add(const HttpResponse& response) {
    const std::lock_guard guard(lock);
    responses.push_back(response);
  }
  HttpResponse take() {
    for (;;) {
      const std::lock_guard guard(lock);
      if (!responses.empty()) {
        const HttpResponse first = responses.front();
        responses.erase(responses.begin());
        return first;
      }
    }
  }
  std::mutex lock;
  std::vector<HttpResponse> responses;
};

}  // namespace

TEST_CASE("routes: methods, parameters, query, headers; HEAD for GET; what is not routed") {
  App app([](Server& io) {
    io.http().get("/healthz", [](const HttpRequest&, const HttpResponse& response) { response.send(200, "ok\n"); });
    io.http().get("/users/:id", [](const HttpRequest& request, const HttpResponse& response) {
      response.send(200,
                    std::string(request.param("id")) + "|" + request.query_value("q") + "|" +
                        std::string(request.header("x-y")) + "|" + request.address,
                    "text/x-test");
    });
    io.http().on("DELETE", "/users/:id", [](const HttpRequest&, const HttpResponse& response) {
      response.respond(204, {{"X-Gone", "yes"}, {"Connection", "upgrade"}, {"content-length", "99"}});
    });
  });
  const Response healthy = app.ask(get("/healthz"));
  CHECK(healthy.status == 200);
  CHECK(healthy.body == "ok\n");
  CHECK(healthy.has("Content-Type: text/plain; charset=utf-8"));
  const Response user = app.ask(get("/users/a%20b?q=1", "X-Y: z\r\n"));
  CHECK(user.body == "a b|1|z|127.0.0.1");
  CHECK(user.has("Content-Type: text/x-test"));
  const Response head = app.ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", true);
  CHECK(head.status == 200);
  CHECK(head.has("Content-Length: 3"));
  const Response gone = app.ask(request("DELETE", "/users/1"), true);
  CHECK(gone.status == 204);
  CHECK(gone.has("X-Gone: yes"));
  CHECK(gone.head.find("99") == std::string::npos);
  CHECK(gone.head.find("upgrade") == std::string::npos);

  const Response wrong = app.ask(request("PUT", "/users/1"));
  CHECK(wrong.status == 405);
  CHECK(wrong.has("Allow: GET, HEAD, DELETE"));
  CHECK(app.ask("OPTIONS /healthz HTTP/1.1\r\nHost: x\r\n\r\n", true).has("Allow: GET, HEAD"));
  const Response missing = app.ask(get("/nothing"));
  CHECK(missing.status == 404);
  CHECK(missing.body == "Not found\n");
  for (const char* const url : {"/users/..", "/users/%2e%2e", "/users/%zz", "/users/%00", "/users/a/b", "*", "/users/"}) {
    CAPTURE(url);
    CHECK(app.ask(get(url)).status == 404);
  }
  const auto counters = app.counters();
  CHECK(counters.routes.requests == 4);
  CHECK(counters.routes.not_found == 8);
  CHECK(counters.routes.method_not_allowed == 1);
  CHECK(app.ask(get(polling)).status == 200);
}

TEST_CASE("routes: a body arrives whole, up to the limit of the server or of the route") {
  ServerOptions options;
  options.http.body_bytes_max = 1'000;
  App app(
      [](Server& io) {
        const auto echo = [](const HttpRequest& request, const HttpResponse& response) {
          response.send(202, as_text(request.body));
        };
        io.http().post("/small", echo);
        io.http().on("PUT", "/large/:name", echo, 100'000);
      },
      options);
  CHECK(app.ask(request("POST", "/small", "hello")).body == "hello");
  CHECK(app.ask(request("POST", "/small", "")).status == 202);
  CHECK(app.ask("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body ==
        "abcde");
  const std::string large(50'000, 'x');
  CHECK(app.ask(request("PUT", "/large/a", large)).body == large);
  CHECK(app.ask(request("POST", "/small", large)).status == 413);
  CHECK(app.ask("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n").status == 413);
  CHECK(app.counters().routes.bodies_too_large == 2);
  Client expecting(app.port);
  expecting.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(expecting.read(25) == "HTTP/1.1 100 Continue\r\n\r\n");
  expecting.send("later");
  CHECK(expecting.response().body == "later");
}

TEST_CASE("routes: a body in pieces goes past the memory, and ends once: complete, too large, lost, or answered before") {
  std::string got;
  std::string ends;
  std::optional<HttpResponse> kept;
  App app([&](Server& io) {
    io.http().on_pieces(
        "POST", "/pieces",
        [&](const HttpRequest& request, const HttpResponse& response) -> socketio::OnBodyPiece {
          if (request.query_value("no") == "1") {
            response.send(401);
            return nullptr;
          }
          CHECK(request.body.empty());
          return [&, response](Bytes piece, BodyState state) {
            got += as_text(piece);
            if (as_text(piece).find("!") != std::string_view::npos) {
              response.send(409, "stop");
            } else if (as_text(piece).find("?") != std::string_view::npos) {
              throw std::runtime_error("cannot store it");
            }
            if (state == BodyState::complete) {
              response.send(200, std::to_string(got.size()));
            }
            ends += state == BodyState::complete    ? "c"
                    : state == BodyState::too_large ? "t"
                    : state == BodyState::lost      ? "l"
                                                    : "";
          };
        },
        10'000);
  });
  Client client(app.port);
  client.send("POST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
  CHECK(app.thread.ask([&] { return got; }).size() <= 3);
  client.send("def");
  CHECK(client.response().body == "6");
  CHECK(app.thread.ask([&] { return ends; }) == "c");
  client.send(request("POST", "/pieces", std::string(10'000, 'x')));  // on the same connection
  CHECK(client.response().body == "10006");
  CHECK(app.ask(request("POST", "/pieces", std::string(10'001, 'x'))).status == 413);
  CHECK(app.thread.ask([&] { return ends; }) == "cct");
  CHECK(app.ask(request("POST", "/pieces?no=1", "x")).status == 401);

  Client stopped(app.port);
  stopped.send("POST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nab!");
  CHECK(stopped.response().status == 409);
  stopped.send(std::string(8'997, 'x') + get("/after"));  // the rest of the body is skipped
  CHECK(stopped.response().status == 404);

  Client lost(app.port);
  lost.send("POST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nabc");
  app.thread.run([] {});
  lost.close();
  CHECK(app.wait([&](const ServerCounters&) { return app.thread.ask([&] { return ends; }) == "cctl"; }));
  CHECK(app.ask(request("POST", "/pieces", "?")).status == 500);
  CHECK(app.thread.ask([&] { return app.problems; }) == std::vector<std::string>{"POST /pieces: cannot store it"});
}

TEST_CASE("routes: a body that comes too slowly is lost, whole or in pieces, and the handler of the whole one is not called") {
  ServerOptions options;
  options.http.body_timeout = 50ms;
  std::string ends;
  App app(
      [&ends](Server& io) {
        io.http().post("/whole", [&ends](const HttpRequest&, const HttpResponse& response) {
          ends += "whole";
          response.send(200);
        });
        io.http().on_pieces(
            "POST", "/pieces",
            [&ends](const HttpRequest&, const HttpResponse& response) {
              return [&ends, response](Bytes, BodyState state) { ends += state == BodyState::lost ? "lost" : "more "; };
            },
            1'000);
      },
      options);
  for (const char* const path : {"/whole", "/pieces"}) {
    Client client(app.port);
    client.send("POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
    CHECK(client.response().status == 408);
    CHECK(client.ended());
  }
  CHECK(app.thread.ask([&ends] { return ends; }) == "more lost");
  CHECK(app.counters().http.timeouts == 2);
}

TEST_CASE("options: whatever a function of the application throws is reported, and the server goes on") {
  ServerOptions options;
  options.engine.connection_error = [](const socketio::ConnectionError&) { throw std::runtime_error("a"); };
  options.engine.initial_headers = [](socketio::HttpHeaders&, const HttpRequest&) { throw std::runtime_error("b"); };
  options.engine.headers = [](socketio::HttpHeaders& headers, const HttpRequest&) {
    headers.emplace_back("X-Kept", "1");
    throw std::runtime_error("c");
  };
  options.engine.cors.origin_allowed = [](std::string_view) -> bool { throw std::runtime_error("d"); };
  App app([](Server&) {}, options);
  CHECK(app.ask(get("/socket.io/?transport=x")).status == 400);
  const Response session = app.ask(get(polling));
  CHECK(session.status == 200);
  CHECK(session.has("X-Kept: 1"));
  CHECK(session.head.find("Allow-Origin") == std::string::npos);
  CHECK(app.thread.ask([&] { return app.problems; }) ==
        std::vector<std::string>{"connection_error: a", "cors.origin_allowed: d", "cors.origin_allowed: d", "initial_headers: b",
                                 "headers: c"});
  app.thread.run([&app] { app.io.reset(); });
  socketio::ServerOptions ids;
  ids.engine.generate_id = [](const socketio::HandshakeRequest&) -> std::string { throw std::runtime_error("e"); };
  App other([](Server&) {}, ids);
  CHECK(other.ask(get(polling)).body == R"({"code":3,"message":"Bad request"})");
  CHECK(other.thread.ask([&] { return other.problems; }) == std::vector<std::string>{"generate_id: e"});
}

TEST_CASE("routes: a response may come later, on any thread, and the first one counts") {
  Owed owed;
  App app([&owed](Server& io) {
    io.http().get("/later", [&owed](const HttpRequest&, const HttpResponse& response) { owed.add(response); });
    io.http().get("/twice", [](const HttpRequest&, const HttpResponse& response) {
      response.send(200, "one");
      CHECK_FALSE(response.wanted());
      response.send(500, "two");
    });
  });
  Client client(app.port);
  client.send(get("/later?x=1") + get("/twice"));
  std::thread worker([&owed] {
    const HttpResponse response = owed.take();
    CHECK(response.wanted());
    CHECK(response.request().url == "/later?x=1");
    response.send(200, "from a worker");
    response.send(200, "again");
  });
  CHECK(client.response().body == "from a worker");
  CHECK(client.response().body == "one");
  worker.join();
}

TEST_CASE("routes: without a response in time, or any more, the client gets one of the server") {
  Owed owed;
  ServerOptions options;
  options.http.answer_timeout = 50ms;
  App app(
      [&owed](Server& io) {
        io.http().get("/never", [&owed](const HttpRequest&, const HttpResponse& response) { owed.add(response); });
        io.http().get("/forgotten", [](const HttpRequest&, const HttpResponse&) {});
        io.http().get("/throws", [](const HttpRequest&, const HttpResponse&) { throw std::runtime_error("oh"); });
        io.http().get("/throws-later", [](const HttpRequest&, const HttpResponse& response) {
          response.send(200, "first");
          throw 1;
        });
        io.http().get("/wrong", [](const HttpRequest&, const HttpResponse& response) {
          CHECK_THROWS_AS(response.send(99), socketio::Error);
          CHECK_THROWS_AS(response.respond(200, {{"X", "a\r\nSet-Cookie: b"}}), socketio::Error);
          CHECK_THROWS_AS(response.respond(200, {{"X Y", "a"}}), socketio::Error);
          response.send(200, "right");
        });
      },
      options);
  const Response never = app.ask(get("/never"));
  CHECK(never.status == 503);
  CHECK(never.body == "No response in time\n");
  owed.take().send(200, "too late");
  CHECK(app.ask(get("/forgotten")).status == 500);
  CHECK(app.ask(get("/throws")).status == 500);
  CHECK(app.ask(get("/throws-later")).body == "first");
  CHECK(app.ask(get("/wrong")).body == "right");
  CHECK(app.thread.ask([&] { return app.problems; }) ==
        std::vector<std::string>{"GET /throws: oh", "GET /throws-later: something that is no std::exception"});
  const auto counters = app.counters();
  CHECK(counters.routes.answers_timed_out == 1);
  CHECK(counters.routes.answers_missing == 2);
  CHECK(counters.handlers_threw == 2);
}

TEST_CASE("routes: responses to clients that have left, and to a server that is gone, reach nobody") {
  Owed owed;
  App app([&owed](Server& io) {
    io.http().get("/later", [&owed](const HttpRequest&, const HttpResponse& response) { owed.add(response); });
  });
  std::optional<HttpResponse> response;
  {
    Client client(app.port);
    client.send(get("/later"));
    response = owed.take();
  }
  CHECK(app.wait([&response](const ServerCounters&) { return !response->wanted(); }));
  response->send(200, "for nobody");
  Client client(app.port);
  client.send(get("/later"));
  response = owed.take();
  app.destroy();
  CHECK_FALSE(response->wanted());
  response->send(200, "for nobody");
  CHECK(client.ended());
  CHECK(response->request().path == "/later");
}

TEST_CASE("routes: above the limit of pending responses the application is not asked") {
  Owed owed;
  ServerOptions options;
  options.http.answers_max = 1;
  App app(
      [&owed](Server& io) {
        io.http().get("/later", [&owed](const HttpRequest&, const HttpResponse& response) { owed.add(response); });
      },
      options);
  Client first(app.port);
  first.send(get("/later"));
  const HttpResponse response = owed.take();
  CHECK(app.ask(get("/later")).status == 503);
  response.send(200, "first");
  CHECK(first.response().body == "first");
  CHECK(app.counters().routes.answers_refused == 1);
}

TEST_CASE("routes: they come after Engine.IO and before the files of static_folder") {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("socketio-routes-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "a.txt") << "the file";
  std::ofstream(folder / "b.txt") << "the file";
  ServerOptions options;
  options.static_folder = folder;
  {
    App app(
        [](Server& io) {
          const auto route = [](const HttpRequest&, const HttpResponse& response) { response.send(200, "the route"); };
          io.http().get("/a.txt", route);
          io.http().post("/b.txt", route);
          io.http().get("/socket.io/x", route);
        },
        options);
    CHECK(app.ask(get("/a.txt")).body == "the route");
    CHECK(app.ask(get("/b.txt")).body == "the file");
    CHECK(app.ask(request("POST", "/b.txt")).body == "the route");
    CHECK(app.ask(get("/socket.io/x?transport=x")).body == R"({"code":0,"message":"Transport unknown"})");
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("routes: paths and handlers that are not possible are refused") {
  App app([](Server& io) {
    const auto handler = [](const HttpRequest&, const HttpResponse&) {};
    CHECK_THROWS_AS(io.http().get("healthz", handler), socketio::Error);
    CHECK_THROWS_AS(io.http().get("/:", handler), socketio::Error);
    CHECK_THROWS_AS(io.http().get("/a", nullptr), socketio::Error);
    CHECK_THROWS_AS(io.http().on("GET /", "/a", handler), socketio::Error);
    CHECK_THROWS_AS(io.http().use(nullptr), socketio::Error);
  });
}

TEST_CASE("hooks: every request passes them in order, they add headers to every response, and may end the request") {
  std::vector<std::string> called;
  ServerOptions options;
  options.engine.cors.origins = {"http://a"};
  std::vector<std::string> refused;
  options.engine.connection_error = [&refused](const socketio::ConnectionError& error) {
    refused.emplace_back(error.detail("name"));
  };
  App app(
      [&called](Server& io) {
        io.http().use([&called](const HttpRequest& request, const HttpNext& next) {
          called.push_back("1 " + std::string(request.path));
          next.add_header("Strict-Transport-Security", "max-age=1");
          next.add_header("Content-Type", "is the response's");
          next();
        });
        io.http().use([&called](const HttpRequest& request, const HttpNext& next) {
          called.push_back("2");
          if (request.query_value("fail") == "1") {
            next.fail();
          } else if (request.query_value("fail") == "2") {
            throw std::runtime_error("oh");
          } else if (request.query_value("login") == "1") {
            next.respond(303, {{"Location", "/login"}}, "");
          } else {
            next.add_header("Set-Cookie", "a=b");
            next();
            next();
          }
        });
        io.http().get("/x", [](const HttpRequest&, const HttpResponse& response) { response.send(200, "x"); });
      },
      options);
  const Response route = app.ask(get("/x"));
  CHECK(route.body == "x");
  CHECK(route.has("Strict-Transport-Security: max-age=1"));
  CHECK(route.has("Set-Cookie: a=b"));
  CHECK(route.head.find("is the response's") == std::string::npos);
  const Response session = app.ask(get(polling));
  CHECK(session.status == 200);
  CHECK(session.has("Strict-Transport-Security: max-age=1"));
  CHECK(app.ask(get("/nothing")).has("Strict-Transport-Security: max-age=1"));
  CHECK(called == std::vector<std::string>{"1 /x", "2", "1 /socket.io/", "2", "1 /nothing", "2"});

  const Response failed = app.ask(get(std::string(polling) + "&fail=1"));
  CHECK(failed.status == 400);
  CHECK(failed.body == R"({"code":3,"message":"Bad request"})");
  CHECK(app.ask(get(std::string(polling) + "&fail=2")).status == 400);
  CHECK(app.ask(get("/x?fail=1")).status == 400);
  CHECK(app.thread.ask([&] { return refused; }) == std::vector<std::string>{"MIDDLEWARE_FAILURE", "MIDDLEWARE_FAILURE"});
  const Response login = app.ask(get("/x?login=1"));
  CHECK(login.status == 303);
  CHECK(login.has("Location: /login"));
  CHECK(login.has("Strict-Transport-Security: max-age=1"));

  called.clear();
  CHECK(app.ask("OPTIONS /socket.io/ HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\n\r\n", true).status == 204);
  CHECK(called.empty());
  Client websocket(app.port);
  websocket.send(get("/socket.io/?EIO=4&transport=websocket",
                     "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  const std::string head = websocket.read(300);
  CHECK(head.starts_with("HTTP/1.1 101 "));
  CHECK(head.find("\r\nStrict-Transport-Security: max-age=1\r\n") != std::string::npos);
  CHECK(head.find("\r\nAccess-Control-Allow-Origin: http://a\r\n") != std::string::npos);
}

TEST_CASE("hooks: one may continue later, on any thread, and the client may have left") {
  std::mutex lock;
  std::vector<HttpNext> waiting;
  App app([&](Server& io) {
    io.http().use([&](const HttpRequest&, const HttpNext& next) {
      const std::lock_guard guard(lock);
      waiting.push_back(next);
    });
  });
  const auto take = [&] {
    for (;;) {
      const std::lock_guard guard(lock);
      if (!waiting.empty()) {
        const HttpNext next = waiting.front();
        waiting.clear();
        return next;
      }
    }
  };
  Client client(app.port);
  client.send(get(polling));
  std::thread([&take] {
    const HttpNext next = take();
    next.add_header("X-Session", "42");
    next();
  }).join();
  const Response session = client.response();
  CHECK(session.body.starts_with("0{"));
  CHECK(session.has("X-Session: 42"));
  std::optional<HttpNext> late;
  {
    Client leaving(app.port);
    leaving.send(get(polling));
    late = take();
  }
  CHECK(app.wait([&late](const ServerCounters&) { return !late->wanted(); }));
  (*late)();
  CHECK(app.counters().engine.sessions == 1);
}

TEST_CASE("routes: with several threads, routes and hooks are on all of them, and bodies of the application's own are whole") {
  ServerOptions options;
  options.threads = 3;
  std::mutex lock;
  std::vector<std::thread::id> threads;
  App app(
      [&](Server& io) {
        io.http().use([](const HttpRequest&, const HttpNext& next) {
          next.add_header("X-Hook", "yes");
          next();
        });
        io.http().post("/echo/:n", [&](const HttpRequest& request, const HttpResponse& response) {
          {
            const std::lock_guard guard(lock);
            threads.push_back(std::this_thread::get_id());
          }
          const std::string text = std::string(request.param("n")) + ":" + std::string(as_text(request.body));
          std::thread([response, text] { response.send(200, text); }).detach();
        });
      },
      options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int number = 0; number < 9; ++number) {
    clients.push_back(std::make_unique<Client>(app.port));
    clients.back()->send(
        request("POST", "/echo/" + std::to_string(number), std::string(20'000, static_cast<char>('a' + number))));
  }
  for (int number = 0; number < 9; ++number) {
    const Response response = clients[static_cast<std::size_t>(number)]->response();
    CHECK(response.body == std::to_string(number) + ":" + std::string(20'000, static_cast<char>('a' + number)));
    CHECK(response.has("X-Hook: yes"));
  }
  const std::lock_guard guard(lock);
  CHECK(std::set<std::thread::id>(threads.begin(), threads.end()).size() == 3);
}

TEST_CASE("trust proxy: routes, allow_request and handshakes see the client, and a client cannot name itself") {
  ServerOptions options;
  options.http.trust_proxy.addresses = {"loopback"};
  std::vector<std::string> seen;
  options.engine.allow_request = [&seen](const socketio::HandshakeRequest& request, const socketio::Decision& decide) {
    seen.push_back(request.address + (request.secure ? " secure" : ""));
    decide.allow();
  };
  App app(
      [](Server& io) {
        io.http().get("/me",
                      [](const HttpRequest& request, const HttpResponse& response) { response.send(200, request.address); });
      },
      options);
  CHECK(app.ask(get("/me", "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n")).body == "192.0.2.1");
  CHECK(app.ask(get("/me")).body == "127.0.0.1");
  CHECK(app.ask(get(polling, "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n")).status == 200);
  CHECK(app.thread.ask([&] { return seen; }) == std::vector<std::string>{"192.0.2.1 secure"});
  App plain([](Server& io) {
    io.http().get("/me", [](const HttpRequest& request, const HttpResponse& response) { response.send(200, request.address); });
  });
  CHECK(plain.ask(get("/me", "X-Forwarded-For: 192.0.2.1\r\n")).body == "127.0.0.1");
}

TEST_CASE(
    "trust proxy: a PROXY header names the client, in pieces and on several threads; without one the connection is closed") {
  for (const std::size_t threads : {1U, 3U}) {
    CAPTURE(threads);
    ServerOptions options;
    options.threads = threads;
    options.http.trust_proxy.hops = 1;
    options.http.trust_proxy.proxy_protocol = true;
    App app(
        [](Server& io) {
          io.http().get("/me",
                        [](const HttpRequest& request, const HttpResponse& response) { response.send(200, request.address); });
        },
        options);
    const std::string header = "PROXY TCP4 192.0.2.7 127.0.0.1 50000 80\r\n";
    for (int count = 0; count < 4; ++count) {
      Client client(app.port);
      client.send(header.substr(0, 10));
      app.thread.run([] {});
      client.send(header.substr(10) + get("/me", "X-Forwarded-For: 6.6.6.6\r\n"));
      CHECK(client.response().body == "192.0.2.7");
      client.send(get("/me"));
      CHECK(client.response().body == "192.0.2.7");
    }
    CHECK(app.ask("PROXY UNKNOWN\r\n" + get("/me", "X-Forwarded-For: 192.0.2.8\r\n")).body == "192.0.2.8");
    Client bare(app.port);
    bare.send(get("/me"));
    CHECK(bare.ended());
    CHECK(app.wait([](const ServerCounters& counters) { return counters.http.bad_proxy_headers == 1; }));
  }
}

TEST_CASE("trust proxy: options that make no sense are refused") {
  CHECK(accepts([](ServerOptions& options) { options.http.trust_proxy.addresses = {"10.0.0.0/8"}; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.http.trust_proxy.addresses = {"nobody"}; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.http.trust_proxy.proxy_protocol = true; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.engine.cookie.name = "a b"; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.engine.cookie.domain = "a;b"; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.engine.cors.methods = {"GET\r\nX: y"}; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.engine.cors.preflight_status = 404; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.engine.decision_timeout = 0ms; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.http.answer_timeout = 0ms; }));
}

TEST_CASE("generate_id: with several threads, sessions with ids of the application are found on their thread") {
  ServerOptions options;
  options.threads = 3;
  options.engine.generate_id = [count = std::make_shared<std::atomic<int>>(0)](const socketio::HandshakeRequest&) {
    return "node-1-" + std::to_string(++*count);
  };
  App app([](Server&) {}, options);
  for (int count = 0; count < 6; ++count) {
    Client client(app.port);
    client.send(get(polling));
    const std::string body = client.response().body;
    const std::string sid = body.substr(9, body.find('"', 9) - 9);
    CHECK(sid.starts_with("node-1-"));
    Client other(app.port);  // perhaps on another thread
    other.send(request("POST", std::string(polling) + "&sid=" + sid, "40"));
    CHECK(other.response().body == "ok");
  }
}

}  // namespace routes_test
