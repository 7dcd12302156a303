// A server for http.test.mjs: routes, hooks, and the CORS options that its argument names. Prints its port, and a line for each
// refused request; ends with standard input.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <socketio/server.hpp>

using namespace socketio;
using namespace std::chrono_literals;

namespace {

CorsOptions cors_of(const std::string& name) {
  CorsOptions cors;
  if (name == "text") {
    cors.origins = {"http://a.example"};
    cors.credentials = true;
  } else if (name == "list") {
    cors.origins = {"http://a.example", "http://b.example"};
  } else if (name == "any") {
    cors.origins = {"*"};
  } else if (name == "reflected") {
    cors.origin_reflected = true;
    cors.credentials = true;
  } else if (name == "allowed") {
    cors.origin_allowed = [](std::string_view origin) { return origin.ends_with(".example"); };
    cors.credentials = true;
  } else if (name == "full") {
    cors.origins = {"http://a.example", "http://b.example"};
    cors.methods = {"GET", "POST"};
    cors.allowed_headers = {"x-one", "x-two"};
    cors.exposed_headers = {"x-trace"};
    cors.max_age = 600s;
    cors.preflight_status = 200;
  }
  return cors;
}

/// Decides on a thread of its own.
void decide_by_token(const HandshakeRequest& request, const Decision& decide) {
  std::thread([decide, token = request.query_value("token"), origin = std::string(request.header("origin"))] {
    if (token == "wrong") {
      decide.refuse("not you");
    } else if (token == "expired") {
      decide.refuse({.message = "token expired", .status = 401, .code = 42});
    } else if (token != "never") {
      decide.allow();
    } else {
      static std::mutex lock;
      static std::vector<Decision> kept;
      const std::lock_guard guard(lock);
      kept.push_back(decide);
    }
  }).detach();
}

void add_routes(Server& io) {
  io.http().use([](const HttpRequest& request, const HttpNext& next) {
    next.add_header("X-Hook", request.method);
    request.query_value("hook") == "fail" ? next.fail() : next();
  });
  io.http().get("/users/:id", [](const HttpRequest& request, const HttpResponse& response) {
    response.respond(200, {{"Content-Type", "application/json"}},
                     "{\"id\":\"" + std::string(request.param("id")) + "\",\"address\":\"" + request.address + "\"}");
  });
  io.http().post("/echo",
                 [](const HttpRequest& request, const HttpResponse& response) { response.send(201, as_text(request.body)); });
  io.http().on_pieces(
      "POST", "/count",
      [](const HttpRequest&, const HttpResponse& response) {
        return [response, count = std::size_t{0}](Bytes piece, BodyState state) mutable {
          count += piece.size();
          if (state == BodyState::complete) {
            response.send(200, std::to_string(count));
          }
        };
      },
      200'000'000);
  io.http().get("/later", [](const HttpRequest&, const HttpResponse& response) {
    std::thread([response] { response.send(200, "later"); }).detach();
  });
  io.http().post("/emit", [io = Namespace(io)](const HttpRequest& request, const HttpResponse& response) {
    io.emit("rest", Json{std::string(as_text(request.body))});
    response.send(202);
  });
}

}  // namespace

int main(int argc, char** argv) {
  ServerOptions options;
  const char* const threads = std::getenv("THREADS");
  options.threads = threads != nullptr ? std::stoul(threads) : 1;
  options.engine.cors = cors_of(argc > 1 ? argv[1] : "");
  options.engine.cookie = {
      .enabled = true, .name = "node", .path = "/app", .secure = true, .same_site = SameSite::none, .max_age = 86400s};
  options.engine.allow_request = decide_by_token;
  options.engine.decision_timeout = 200ms;
  options.engine.initial_headers = [](HttpHeaders& headers, const HttpRequest&) { headers.emplace_back("X-Initial", "1"); };
  options.engine.headers = [](HttpHeaders& headers, const HttpRequest& request) {
    headers.emplace_back("X-Every", request.query_value("transport"));
  };
  std::mutex lock;
  options.engine.connection_error = [&lock](const ConnectionError& error) {
    const std::lock_guard guard(lock);
    std::cout << error.code << '|' << error.message;
    for (const auto& [name, value] : error.context) {
      std::cout << '|' << name << '=' << value;
    }
    std::cout << std::endl;
  };
  options.http.trust_proxy.hops = 1;
  options.http.trust_proxy.proxy_protocol = std::getenv("PROXY_PROTOCOL") != nullptr;
  options.http.body_bytes_max = 10'000;
  Loop loop;
  Server io(loop, options);
  io.on_connection([](Socket socket) {
    socket.emit("address", socket.handshake().address);
    socket.on("echo", [](const std::string& text, Ack ack) { ack(text); });
  });
  add_routes(io);
  if (const socketio::Status listening = io.listen("127.0.0.1", 0); !listening) {
    std::cerr << listening.reason() << '\n';
    return 1;
  }
  std::cout << io.port() << std::endl;
  std::thread watch([&io, &loop] {
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    loop.post([&io, &loop] { io.close(1s, [&loop] { loop.stop(); }); });
  });
  loop.run();
  watch.join();
}
