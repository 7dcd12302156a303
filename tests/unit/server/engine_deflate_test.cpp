// permessage-deflate.

#include <doctest/doctest.h>

#include "engine_fixture.hpp"
#include "websocket/websocket_deflate.hpp"

namespace engine_deflate_test {

using namespace fixture;
using websocket_frame::Opcode;

namespace {

EngineOptions compressing() {
  EngineOptions options = patient();
  options.per_message_deflate = true;
  return options;
}

/// A client that offers the extension.
struct Client {
  explicit Client(Engine& engine, const std::string& offer = "permessage-deflate; client_max_window_bits")
      : exchange(engine.send(
            fake::upgrade_request("/socket.io/?EIO=4&transport=websocket", {{"sec-websocket-extensions", offer}}))) {
    engine.turn();
    exchange->wire()->written.clear();
  }
  void compressed(Opcode opcode, Bytes payload) {
    Buffer bytes;
    websocket_frame::encode_masked(bytes, {opcode, true, true, {1, 2, 3, 4}}, payload);
    exchange->wire()->receive(bytes.text());
  }
  std::shared_ptr<fake::Exchange> exchange;
};

Buffer compressed(std::string_view text) {
  Buffer bytes;
  REQUIRE(websocket_deflate::compress(bytes, as_bytes(text)));
  return bytes;
}

/// The close code that a wire ends with.
int close_code(const fake::Wire& wire) {
  const std::string& bytes = wire.written;
  REQUIRE(bytes.size() >= 4);
  return static_cast<std::uint8_t>(bytes[bytes.size() - 2]) << 8 | static_cast<std::uint8_t>(bytes.back());
}

}  // namespace

TEST_CASE("engine deflate: it is agreed on when it is on and the client offers what we can do") {
  Engine on(compressing());
  Engine off;
  const std::string answer =
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
  for (const auto& example : std::vector<std::pair<std::string, bool>>{
           {"permessage-deflate", true},
           {"permessage-deflate; client_max_window_bits", true},
           {"permessage-deflate;client_max_window_bits=10 ; server_no_context_takeover", true},
           {"permessage-deflate; server_max_window_bits=9", false},
           {"permessage-deflate; server_max_window_bits=9, permessage-deflate", true},
           {"permessage-deflate; unknown", false},
           {"x-webkit-deflate-frame", false},
           {"", false}}) {
    const std::string& offer = example.first;
    CAPTURE(offer);
    CHECK((Client(on, offer).exchange->head().find(answer) != std::string::npos) == example.second);
    CHECK(Client(off, offer).exchange->head().find("Extensions") == std::string::npos);
  }
}

TEST_CASE("engine deflate: large messages are compressed, once for all receivers") {
  Engine engine(compressing());
  Client first(engine);
  Client second(engine);
  const std::string large(5'000, 'x');
  const FrameRef frame = FrameRef::text(large);
  engine.heard[0]->session->send(frame);
  engine.heard[1]->session->send(frame);
  engine.turn();
  const std::string& bytes = first.exchange->wire()->written;
  CHECK(bytes.size() < 100);
  CHECK(static_cast<std::uint8_t>(bytes[0]) == 0xc1);
  CHECK(second.exchange->wire()->written == bytes);
  Buffer plain;
  REQUIRE(websocket_deflate::decompress(plain, as_bytes(bytes).subspan(2), 10'000) == websocket_deflate::Status::ok);
  CHECK(plain.text() == "4" + large);
}

TEST_CASE("engine deflate: small messages, and those that are not to be compressed, stay as they are") {
  Engine engine(compressing());
  Client client(engine);
  const std::string large(5'000, 'x');
  const Bytes attachment = as_bytes(large);
  for (const FrameRef& frame : {FrameRef::text("small"), FrameRef::text(large, {}, false)}) {
    client.exchange->wire()->written.clear();
    engine.last().session->send(frame);
    engine.turn();
    CHECK(client.exchange->wire()->written == as_text(frame->websocket()));
  }
  client.exchange->wire()->written.clear();
  engine.last().session->send(FrameRef::text("small", {&attachment, 1}));
  engine.turn();
  CHECK(
      client.exchange->wire()->written.starts_with("\x81\x06"
                                                   "4small\xc2"));
}

TEST_CASE("engine deflate: what a client compresses is read") {
  Engine engine(compressing());
  Client client(engine);
  const std::string large(100'000, 'y');
  client.compressed(Opcode::text, compressed("4" + large).bytes());
  client.compressed(Opcode::binary, compressed(large).bytes());
  CHECK(engine.last().messages == Frames{large, "binary:" + large});
}

TEST_CASE("engine deflate: a small frame that inflates beyond the limit is refused, and so is garbage") {
  EngineOptions options = compressing();
  options.max_http_buffer_size = 100'000;
  struct Case {
    Buffer payload;
    int code;
  };
  std::vector<Case> cases;
  cases.push_back({compressed("4" + std::string(100'000, 'x')), 1009});
  cases.push_back({compressed("4" + std::string(50'000'000, 'x')), 1009});
  cases.push_back({compressed("4" + std::string(50'000, '\xff')), 1007});
  Buffer garbage;
  garbage.append(std::string_view("\xff\xff\xff\xff"));
  cases.push_back({std::move(garbage), 1007});
  for (const Case& example : cases) {
    CAPTURE(example.payload.size());
    Engine engine(options);
    Client client(engine);
    client.compressed(Opcode::text, example.payload.bytes());
    CHECK(engine.last().closed == CloseReason::transport_error);
    CHECK(close_code(*client.exchange->wire()) == example.code);
  }
}

TEST_CASE("engine deflate: messages of any size come back as they were, and prefixes do no harm") {
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 100, 4'095, 4'096, 4'097, 70'000}) {
    CAPTURE(size);
    std::string message;
    for (std::size_t i = 0; i < size; ++i) {
      message += static_cast<char>('a' + i * i % 7);
    }
    Buffer packed;
    if (!websocket_deflate::compress(packed, as_bytes(message))) {
      CHECK(packed.empty());
      continue;
    }
    Buffer plain;
    CHECK(websocket_deflate::decompress(plain, packed.bytes(), size) == websocket_deflate::Status::ok);
    CHECK(plain.text() == message);
    plain.clear();
    CHECK(websocket_deflate::decompress(plain, packed.bytes(), size - 1) == websocket_deflate::Status::too_large);
    for (std::size_t cut = 0; cut < packed.size(); cut += 1 + packed.size() / 50) {
      plain.clear();
      static_cast<void>(websocket_deflate::decompress(plain, packed.bytes().first(cut), size));
      CHECK(plain.size() <= size + 1);
    }
  }
}

TEST_CASE("engine deflate: the extension is seen in any header of that name") {
  Engine engine(compressing());
  const auto exchange = engine.send(fake::upgrade_request(
      "/socket.io/?EIO=4&transport=websocket",
      {{"sec-websocket-extensions", "x-webkit-deflate-frame"}, {"sec-websocket-extensions", "permessage-deflate"}}));
  CHECK(exchange->head().find("Sec-WebSocket-Extensions: permessage-deflate") != std::string::npos);
}

TEST_CASE("engine deflate: small frames that inflate much are handled over several turns") {
  EngineOptions options = compressing();
  Engine engine(options);
  Client client(engine);
  const Buffer bomb = compressed("4" + std::string(900'000, 'x'));
  Buffer bytes;
  for (int i = 0; i < 50; ++i) {
    websocket_frame::encode_masked(bytes, {Opcode::text, true, true, {1, 2, 3, 4}}, bomb.bytes());
  }
  client.exchange->wire()->receive(bytes.text());
  CHECK(engine.last().messages.size() == 2);
  CHECK(engine.until([&] { return engine.last().messages.size() == 50; }));
}

}  // namespace engine_deflate_test
