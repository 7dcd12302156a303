// A bare Engine.IO server for the tests in engine.test.mjs: sends every message back. Prints its port; ends with standard
// input.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <socketio/net/loop.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/http.hpp>

using namespace socketio;

namespace {

struct Echo final : server::SessionListener {
  explicit Echo(server::Session& session) : session_(session) {}

  void on_message(Bytes data, bool binary) override {
    session_.send(binary ? server::FrameRef::binary(data) : server::FrameRef::text(as_text(data)));
  }
  void on_closed(server::CloseReason reason) override {
    std::cout << "closed: " << server::text_of(reason) << std::endl;
    delete this;
  }

 private:
  server::Session& session_;
};

}  // namespace

int main() {
  Loop loop;
  EngineOptions options;
  options.path = "/engine.io/";
  options.ping_interval = std::chrono::milliseconds(300);
  options.ping_timeout = std::chrono::milliseconds(2000);  // a busy machine keeps client and server waiting for a while
  server::EngineServer engine(loop, options, [](server::Session& session) { session.set_listener(new Echo(session)); });
  server::HttpServer http(loop, {}, [&engine](const std::shared_ptr<server::HttpExchange>& exchange) {
    if (!engine.handle(*exchange)) {
      exchange->respond(404, {}, {});
    }
  });
  if (const std::string problem = http.listen("127.0.0.1", 0); !problem.empty()) {
    std::cerr << problem << '\n';
    return 1;
  }
  std::cout << http.port() << std::endl;
  bool ended = false;
  std::thread watch([&loop, &ended] {
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    loop.post([&ended] { ended = true; });
  });
  while (!loop.run_until([&ended] { return ended; }, std::chrono::seconds(60))) {
  }
  watch.join();
  engine.close_all();
  bool closed = false;
  http.close(200, [&closed] { closed = true; });
  loop.run_until([&closed] { return closed; }, std::chrono::seconds(5));
  return closed ? 0 : 1;
}
