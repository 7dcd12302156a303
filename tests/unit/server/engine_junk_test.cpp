// Clients without manners: anything, at any time, in any order.

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "engine_fixture.hpp"

namespace engine_junk_test {

using namespace fixture;
using websocket_frame::Opcode;

namespace {

/// One run of many clients and one application, by seed.
class Chaos {
 public:
  explicit Chaos(std::uint32_t seed) : dice_(seed), engine_(options()) {
    engine_.on_session = [this](Session&) {
      engine_.last().handler = [this, heard = &engine_.last()](const std::string&) { answer(*heard); };
    };
  }

  void step() {
    switch (roll(9)) {
      case 0: sessions_.push_back(engine_.open_polling()); break;
      case 1: sockets_.emplace_back(engine_, roll(2) != 0 ? websocket_ : any_session(websocket_)); break;
      case 2:
        requests_.push_back(engine_.send(fake::request(any({"GET", "GET", "POST", "PUT"}), any_session(polling_))));
        break;
      case 3: on_request(*requests_[roll(requests_.size())]); break;
      case 4:
      case 5:
      case 6: on_socket(sockets_[roll(sockets_.size())]); break;
      case 7: to_all(); break;
      default: engine_.turn(); break;
    }
  }
  /// Something for step() to act on.
  void prepare() {
    sessions_.push_back(engine_.open_polling());
    sockets_.emplace_back(engine_);
    requests_.push_back(engine_.get(sessions_.back()));
  }

  void finish() {
    engine_.server.close_all();
    engine_.turn();
    for (const auto& heard : engine_.heard) {
      CHECK(heard->closed.has_value());
    }
    CHECK(engine_.server.session_count() == 0);
  }

 private:
  static EngineOptions options() {
    EngineOptions options = patient();
    options.max_http_buffer_size = 200;
    options.queue_bytes_max = 2'000;
    options.per_message_deflate = true;
    return options;
  }

  std::size_t roll(std::size_t sides) { return dice_() % sides; }
  std::string any(std::initializer_list<const char*> choices) { return choices.begin()[roll(choices.size())]; }
  std::string any_session(const std::string& query) {
    const std::string& session = sessions_[roll(sessions_.size())];
    const std::string sid = session.substr(session.find("&sid="));
    return query == websocket_ ? query + sid : "/socket.io/?" + query + sid;
  }
  std::string noise() {
    std::string bytes(roll(40), '\0');
    std::generate(bytes.begin(), bytes.end(), [this] { return static_cast<char>(dice_()); });
    return bytes;
  }
  std::string packet() {
    return roll(6) == 0 ? noise()
                        : any({"4hello", "2", "2probe", "3", "5", "1", "0", "6", "bAQI=",
                               "4a\x1e"
                               "4b",
                               "4a\x1e", ""});
  }

  void answer(Heard& heard) {
    if (heard.session != nullptr && roll(3) == 0) {
      heard.session->send(text("answer"), roll(2) == 0);
    }
    if (heard.session != nullptr && roll(20) == 0) {
      heard.session->close(CloseReason::forced_close);
    }
  }

  void to_all() {
    const FrameRef frame = FrameRef::text(std::string(roll(100), 'x'));
    for (const auto& heard : engine_.heard) {
      if (heard->session != nullptr) {
        heard->session->send(frame, roll(4) == 0);
      }
    }
  }

  void on_request(fake::Exchange& exchange) {
    if (exchange.wants_body()) {
      roll(10) == 0 ? exchange.give_up_body() : exchange.give_body(packet());
    } else if (roll(10) == 0) {
      exchange.abandon();
    }
  }

  void on_socket(WebSocket& socket) {
    if (socket.exchange->wire() == nullptr) {
      return;  // refused
    }
    switch (roll(12)) {
      case 0: socket.wire().receive(noise()); break;
      case 1: socket.frame(static_cast<Opcode>(roll(16)), packet(), roll(3) != 0); break;
      case 2: socket.wire().lose(roll(2) == 0); break;
      case 3: socket.wire().taken_max = roll(50); break;
      case 4: socket.frame(Opcode::ping, "x"); break;
      case 5:
      case 6:
      case 7: socket.wire().drain(roll(500)); break;
      case 8: socket.binary(noise()); break;
      default: socket.text(packet()); break;
    }
  }

  static constexpr const char* polling_ = "EIO=4&transport=polling";
  const std::string websocket_ = "EIO=4&transport=websocket";
  std::mt19937 dice_;
  Engine engine_;
  std::vector<std::string> sessions_;
  std::vector<std::shared_ptr<fake::Exchange>> requests_;
  std::vector<WebSocket> sockets_;
};

}  // namespace

TEST_CASE("engine junk: whatever clients do, each session ends once, and the server lives on") {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Chaos chaos(seed);
    chaos.prepare();
    for (int i = 0; i < 300; ++i) {
      chaos.step();
    }
    chaos.finish();
  }
}

}  // namespace engine_junk_test
