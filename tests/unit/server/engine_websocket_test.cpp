// WebSocket sessions: Engine.IO's packets in frames, and the rules of RFC 6455 itself.

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <vector>

#include "../../support/sanitized.hpp"
#include "engine_fixture.hpp"

namespace engine_websocket_test {

using namespace fixture;
using websocket_frame::Opcode;

namespace {

/// A client that has read its open packet.
WebSocket opened(Engine& engine) {
  WebSocket client(engine);
  engine.turn();
  CHECK(client.received().size() == 1);
  return client;
}

}  // namespace

TEST_CASE("engine websocket: text and binary messages travel both ways, one frame each") {
  Engine engine;
  WebSocket client = opened(engine);
  client.text("4hello");
  client.binary("\x01\x02");
  client.binary("");
  client.text("bAQI=");
  CHECK(engine.last().messages == Frames{"hello", "binary:\x01\x02", "binary:", "binary:\x01\x02"});
  const std::string bytes = "\x03\x04";
  const Bytes attachment = as_bytes(bytes);
  engine.last().session->send(FrameRef::text("x", {&attachment, 1}));
  engine.last().session->send(FrameRef::binary(attachment));
  engine.turn();
  CHECK(client.received() == Frames{"text:4x", "binary:\x03\x04", "binary:\x03\x04"});
}

TEST_CASE("engine websocket: what is sent in one turn is one write") {
  Engine engine;
  WebSocket client = opened(engine);
  const int before = client.wire().write_count;
  for (const char* message : {"a", "b", "c"}) {
    engine.last().session->send(text(message));
  }
  CHECK(client.wire().write_count == before);
  engine.turn();
  CHECK(client.wire().write_count == before + 1);
  CHECK(client.received() == Frames{"text:4a", "text:4b", "text:4c"});
}

TEST_CASE("engine websocket: a frame that is taken in pieces arrives whole and in order") {
  for (std::size_t piece = 1; piece < 12; ++piece) {
    CAPTURE(piece);
    Engine engine;
    WebSocket client = opened(engine);
    client.wire().taken_max = piece;
    for (int i = 0; i < 100; ++i) {
      engine.last().session->send(text("message " + std::to_string(i)));
    }
    engine.turn();
    while (client.wire().wants_drained) {
      client.wire().drain(piece);
    }
    const Frames frames = client.received();
    REQUIRE(frames.size() == 100);
    for (int i = 0; i < 100; ++i) {
      CHECK(frames[static_cast<std::size_t>(i)] == "text:4message " + std::to_string(i));
    }
  }
}

TEST_CASE("engine websocket: unexpected packets end the session, or are ignored") {
  struct Case {
    std::string packet;
    std::optional<CloseReason> reason;
  };
  for (const Case& example : {Case{"7", CloseReason::parse_error}, Case{"", CloseReason::parse_error},
                              Case{"x", CloseReason::parse_error}, Case{"b*", CloseReason::parse_error},
                              Case{"2", CloseReason::transport_error}, Case{"2probe", CloseReason::transport_error},
                              Case{"0", {}}, Case{"1", {}}, Case{"5", {}}, Case{"6", {}}, Case{"3", {}}}) {
    CAPTURE(example.packet);
    Engine engine;
    WebSocket client = opened(engine);
    client.text(example.packet);
    client.text("4x");
    CHECK(engine.last().closed == example.reason);
    CHECK(engine.last().messages == (example.reason ? Frames{} : Frames{"x"}));
    CHECK(client.received() == (example.reason ? Frames{"close:"} : Frames{}));
  }
}

TEST_CASE("engine websocket: violations of RFC 6455 are answered by the right close code") {
  struct Case {
    std::string name;
    std::function<void(WebSocket&)> violate;
    std::string answer;
  };
  const std::vector<Case> cases = {
      {"too large", [](WebSocket& client) { client.text("4" + std::string(1'000'000, 'x')); }, "close:1009"},
      {"not UTF-8", [](WebSocket& client) { client.text("4\xff"); }, "close:1007"},
      {"without mask", [](WebSocket& client) { client.wire().receive(std::string_view("\x81\x01\x34", 3)); }, "close:1002"},
      {"reserved opcode", [](WebSocket& client) { client.frame(static_cast<Opcode>(3), "x"); }, "close:1002"},
      {"continuation of nothing", [](WebSocket& client) { client.frame(Opcode::continuation, "x"); }, "close:1002"},
      {"ping in fragments", [](WebSocket& client) { client.frame(Opcode::ping, "x", false); }, "close:1002"},
      {"compressed", [](WebSocket& client) { client.wire().receive(std::string_view("\xc1\x80\0\0\0\0", 6)); }, "close:1002"},
      {"close of one byte", [](WebSocket& client) { client.frame(Opcode::close, "x"); }, "close:1002"},
  };
  for (const Case& example : cases) {
    CAPTURE(example.name);
    Engine engine;
    WebSocket client = opened(engine);
    example.violate(client);
    CHECK(engine.last().closed == CloseReason::transport_error);
    CHECK(client.received() == Frames{example.answer});
    CHECK(client.wire().finished);
    engine.turn();
    CHECK(client.wire().destroyed);
  }
}

TEST_CASE("engine websocket: messages in fragments are put together, with pings between them") {
  Engine engine;
  WebSocket client = opened(engine);
  client.frame(Opcode::text, "4he", false);
  client.frame(Opcode::ping, "are you there");
  client.frame(Opcode::continuation, "ll", false);
  client.frame(Opcode::continuation, "o");
  CHECK(engine.last().messages == Frames{"hello"});
  CHECK(client.received() == Frames{"pong:are you there"});
}

TEST_CASE("engine websocket: input may arrive byte by byte") {
  Engine engine;
  WebSocket client = opened(engine);
  Buffer bytes;
  websocket_frame::encode_masked(bytes, {Opcode::text, true, false, {9, 8, 7, 6}}, as_bytes("4hello"));
  websocket_frame::encode_masked(bytes, {Opcode::binary, true, false, {9, 8, 7, 6}}, as_bytes("\x01"));
  for (const char byte : bytes.text()) {
    client.wire().receive(std::string_view(&byte, 1));
  }
  CHECK(engine.last().messages == Frames{"hello", "binary:\x01"});
}

TEST_CASE("engine websocket: the client's close frame is answered alike, and ends the session") {
  for (const auto& example : std::vector<std::pair<std::string, std::string>>{
           {"", "close:"}, {"\x03\xe8", "close:1000"}, {"\x0f\xa0 bye", "close:4000"}}) {
    CAPTURE(example.second);
    Engine engine;
    WebSocket client = opened(engine);
    engine.last().session->send(text("not sent any more"));
    client.frame(Opcode::close, example.first);
    CHECK(engine.last().closed == CloseReason::transport_close);
    CHECK(client.received() == Frames{example.second});
    CHECK(client.wire().finished);
    engine.turn();
    CHECK(client.wire().destroyed);
  }
}

TEST_CASE("engine websocket: a connection that is lost closes the session, with or without an error") {
  for (const bool error : {false, true}) {
    Engine engine;
    WebSocket client = opened(engine);
    client.wire().lose(error);
    CHECK(engine.last().closed == CloseReason::transport_close);
    CHECK(engine.server.session_count() == 0);
    engine.turn();
    CHECK(client.wire().destroyed);
  }
}

TEST_CASE("engine websocket: the server closes with what is queued and an empty close frame, and waits for the client's") {
  Engine engine;
  WebSocket client = opened(engine);
  engine.last().session->send(text("bye"));
  engine.last().session->close(CloseReason::forced_close);
  CHECK(engine.last().closed == CloseReason::forced_close);
  CHECK(client.received() == Frames{"text:4bye", "close:"});
  CHECK_FALSE(client.wire().finished);
  client.text("4not heard");
  client.frame(Opcode::ping, "not answered");
  client.frame(Opcode::close, "");
  CHECK(engine.last().messages.empty());
  CHECK(client.received().empty());
  CHECK(client.wire().finished);
  engine.turn();
  CHECK(client.wire().destroyed);
}

TEST_CASE("engine websocket: a session that is closed while the system takes nothing ends in order later") {
  Engine engine;
  WebSocket client = opened(engine);
  client.wire().taken_max = 3;
  engine.last().session->send(text("one"));
  engine.last().session->send(text("two"));
  engine.turn();
  engine.last().session->close(CloseReason::forced_close);
  client.frame(Opcode::close, "");
  CHECK_FALSE(client.wire().finished);
  client.wire().drain();
  CHECK(client.received() == Frames{"text:4one", "text:4two", "close:"});
  CHECK(client.wire().finished);
}

TEST_CASE("engine websocket: when the server shuts down, what is queued goes first") {
  Engine engine;
  WebSocket client = opened(engine);
  client.wire().taken_max = 3;
  engine.last().session->send(text("one"));
  engine.last().session->send(text("two"));
  engine.turn();
  engine.server.close_all();
  CHECK(engine.last().closed == CloseReason::server_shutting_down);
  client.wire().drain();
  CHECK(client.received() == Frames{"text:4one", "text:4two", "close:"});
}

TEST_CASE("engine websocket: a client that broke the protocol is not read any more, also when it does not read either") {
  Engine engine;
  WebSocket client = opened(engine);
  client.wire().taken_max = 1;
  client.frame(static_cast<Opcode>(3), "reserved");
  CHECK_FALSE(client.wire().is_read);
  CHECK_FALSE(client.wire().finished);
  client.wire().drain();
  CHECK(client.received() == Frames{"close:1002"});
  CHECK(client.wire().finished);
}

TEST_CASE("engine websocket: of a client that is to close and goes on sending, a megabyte is read") {
  for (const bool reads : {false, true}) {
    CAPTURE(reads);
    Engine engine;
    WebSocket client = opened(engine);
    client.wire().taken_max = reads ? 1'000 : 1;
    engine.last().session->send(text("bye"));
    engine.last().session->close(CloseReason::forced_close);
    const std::string message(1'000, 'x');
    int sent = 0;
    while (client.wire().is_read && sent < 2'000) {
      client.text(message);
      ++sent;
    }
    CHECK(sent > 1'000);
    CHECK(sent < 1'100);
    CHECK(client.wire().finished == reads);
    client.wire().drain();
    CHECK(client.received() == Frames{"text:4bye", "close:"});
    CHECK(client.wire().finished);
  }
}

TEST_CASE("engine websocket: a volatile message is dropped while the connection is busy") {
  Engine engine;
  WebSocket client = opened(engine);
  CHECK(engine.last().session->send(text("one"), true));
  CHECK_FALSE(engine.last().session->send(text("behind another of this turn"), true));
  client.wire().taken_max = 2;
  engine.turn();
  CHECK_FALSE(engine.last().session->send(text("dropped"), true));
  CHECK(engine.last().session->send(text("two")));
  client.wire().drain();
  CHECK(engine.last().session->send(text("three"), true));
  engine.turn();
  CHECK(client.received() == Frames{"text:4one", "text:4two", "text:4three"});
  CHECK(engine.server.counters().volatile_dropped == 2);
}

TEST_CASE("engine websocket: a client that never reads is closed when its queue is full") {
  EngineOptions options = patient();
  options.queue_bytes_max = 10'000;
  Engine engine(options);
  WebSocket client = opened(engine);
  client.wire().taken_max = 100;
  const FrameRef frame = text(std::string(1'000, 'x'));
  int sent = 0;
  while (engine.last().session != nullptr && sent < 100) {
    engine.last().session->send(frame);
    ++sent;
    engine.turn();
  }
  CHECK(sent > 10);
  CHECK(sent < 45);
  CHECK(engine.last().closed == CloseReason::queue_full);
  CHECK(engine.server.counters().queue_full == 1);
}

TEST_CASE("engine websocket: a burst above the queue's limit is flushed first, and does no harm to a client that reads") {
  EngineOptions options = patient();
  options.queue_bytes_max = 10'000;
  Engine engine(options);
  WebSocket client = opened(engine);
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE(engine.last().session->send(text(std::string(1'000, 'x'))));
  }
  engine.turn();
  CHECK(client.received().size() == 1'000);
  CHECK_FALSE(engine.last().closed);
}

TEST_CASE("engine websocket: above its queue's limit a client stays as long as it takes something, and goes when it does not") {
  EngineOptions options = patient();
  options.queue_bytes_max = 10'000;
  options.queue_timeout = std::chrono::milliseconds(500);
  Engine engine(options);
  WebSocket client = opened(engine);
  client.wire().taken_max = 0;
  for (int i = 0; i < 25; ++i) {
    CHECK(engine.last().session->send(text(std::string(1'000, 'x'))));
  }
  engine.turn();
  const auto begin = engine.loop.now_ms();
  CHECK(engine.until([&] {
    client.wire().drain(1);
    return engine.last().closed || engine.loop.now_ms() - begin > 1'500;
  }));
  CHECK_FALSE(engine.last().closed);
  CHECK(engine.until([&] { return engine.last().closed.has_value(); }));
  CHECK(engine.last().closed == CloseReason::queue_full);
}

TEST_CASE("engine websocket: one message above the limit is taken by a client that has taken all before it") {
  EngineOptions options = patient();
  options.queue_bytes_max = 1'000;
  Engine engine(options);
  WebSocket client = opened(engine);
  for (int i = 0; i < 10; ++i) {
    CHECK(engine.last().session->send(text(std::string(9'000, 'x'))));
    CHECK(engine.last().session->send(text("small")));
  }
  engine.turn();
  CHECK(client.received().size() == 20);
}

TEST_CASE("engine websocket: small messages count what their memory costs") {
  EngineOptions options = patient();
  options.queue_bytes_max = 10'000;
  Engine engine(options);
  WebSocket client = opened(engine);
  client.wire().taken_max = 0;
  int sent = 0;
  while (sent < 10'000 && engine.last().session->send(text("x"))) {
    ++sent;
  }
  CHECK(sent > 40);
  CHECK(sent < 4 * 10'000 / 200);  // an entry costs at least so much
}

#if defined(__GLIBC__) && !defined(SOCKETIO_SANITIZED)
TEST_CASE("engine websocket: the memory of a long queue goes back to the system when its session has ended") {
  const auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0;
    std::size_t pages = 0;
    statm >> total >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  };
  EngineOptions options = patient();
  options.queue_bytes_max = 8 << 20;
  Engine engine(options);
  WebSocket client = opened(engine);
  client.wire().taken_max = 0;
  std::vector<FrameRef> pins;  // what is allocated beside them keeps the allocator from shrinking the heap by itself
  const std::size_t before = resident();
  for (int i = 0; engine.last().session->send(text("small")); ++i) {
    if (i % 1'000 == 0) {
      pins.push_back(text("pin"));
    }
  }
  const std::size_t full = resident();
  CHECK(full > before + (20 << 20));
  engine.turn();
  CHECK(engine.last().closed == CloseReason::queue_full);
  client.wire().lose(false);
  engine.turn();
  CHECK(resident() < before + (full - before) / 4);
}
#endif

TEST_CASE("engine websocket: a message above the limit is counted") {
  EngineOptions options = patient();
  options.max_http_buffer_size = 100;
  Engine engine(options);
  WebSocket client = opened(engine);
  client.text(std::string(101, '4'));
  CHECK(engine.last().closed == CloseReason::transport_error);
  CHECK(client.received() == Frames{"close:1009"});
  CHECK(engine.server.counters().messages_too_large == 1);
}

TEST_CASE("engine websocket: a client that sends very much at once has a part of it handled in each turn, in order") {
  Engine engine;
  WebSocket busy = opened(engine);
  const std::string large(400'000, 'x');
  std::string bytes;
  for (int i = 0; i < 10; ++i) {
    Buffer frame;
    websocket_frame::encode_masked(frame, {Opcode::text, true, false, {1, 2, 3, 4}}, as_bytes("4" + std::to_string(i) + large));
    bytes += frame.text();
  }
  busy.wire().receive(bytes);
  CHECK(engine.last().messages.size() == 3);
  CHECK_FALSE(busy.wire().is_read);
  CHECK(engine.until([&] { return engine.last().messages.size() == 10; }));
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(engine.last().messages[i].front() == static_cast<char>('0' + i));
  }
  CHECK(engine.until([&] { return busy.wire().is_read; }));
  busy.text("4more");
  CHECK(engine.last().messages.back() == "more");
}

TEST_CASE("engine websocket: handlers that take long give way to other connections after some milliseconds") {
  Engine engine;
  WebSocket busy = opened(engine);
  engine.last().handler = [](const std::string&) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    while (std::chrono::steady_clock::now() < until) {
    }
  };
  Buffer bytes;
  for (int i = 0; i < 200; ++i) {
    websocket_frame::encode_masked(bytes, {Opcode::text, true, false, {1, 2, 3, 4}}, as_bytes(std::string_view("4x")));
  }
  busy.wire().receive(bytes.text());
  CHECK(engine.last().messages.size() < 100);
  CHECK(engine.until([&] { return engine.last().messages.size() == 200; }));
}

TEST_CASE("engine websocket: a session may end while a part of what came still waits") {
  Engine engine;
  {
    WebSocket busy = opened(engine);
    Buffer bytes;
    for (int i = 0; i < 5; ++i) {
      websocket_frame::encode_masked(bytes, {Opcode::text, true, false, {1, 2, 3, 4}},
                                     as_bytes("4" + std::string(900'000, 'x')));
    }
    busy.wire().receive(bytes.text());
    CHECK(engine.last().messages.size() < 5);
    engine.last().session->close(CloseReason::forced_close);
    busy.wire().lose(false);
    const std::size_t heard = engine.last().messages.size();
    engine.turn();
    engine.turn();
    CHECK(engine.last().messages.size() == heard);
    CHECK(busy.wire().destroyed);
  }
}

TEST_CASE("engine websocket: a client that pings and never reads is closed, too") {
  EngineOptions options = patient();
  options.queue_bytes_max = 10'000;
  Engine engine(options);
  WebSocket client = opened(engine);
  client.wire().taken_max = 0;
  for (int i = 0; i < 1'000 && !engine.last().closed; ++i) {
    client.frame(Opcode::ping, std::string(100, 'x'));
  }
  CHECK(engine.last().closed == CloseReason::transport_error);
}

TEST_CASE("engine websocket: one frame is shared by all its receivers") {
  Engine engine;
  std::vector<WebSocket> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(opened(engine));
  }
  const FrameRef frame = text("to all");
  const Bytes bytes = frame->websocket();
  for (const auto& heard : engine.heard) {
    heard->session->send(frame);
  }
  engine.turn();
  for (WebSocket& client : clients) {
    CHECK(client.received() == Frames{"text:4to all"});
  }
  CHECK(frame->websocket().data() == bytes.data());
}

TEST_CASE("engine websocket: the application may answer, close and send to others from a message") {
  Engine engine;
  WebSocket first = opened(engine);
  WebSocket second = opened(engine);
  engine.heard[0]->handler = [&engine](const std::string& message) {
    engine.heard[0]->session->send(text("answer to " + message));
    engine.heard[1]->session->send(text("news"));
    engine.heard[1]->session->close(CloseReason::forced_close);
    engine.heard[0]->session->close(CloseReason::forced_close);
  };
  first.text("4a");
  first.text("4b");
  CHECK(engine.heard[0]->messages == Frames{"a"});
  CHECK(first.received() == Frames{"text:4answer to a", "close:"});
  CHECK(second.received() == Frames{"text:4news", "close:"});
}

TEST_CASE("engine websocket: a session may be closed before it has begun") {
  Engine engine;
  engine.on_session = [](Session& session) {
    session.send(text("hello"));
    session.close(CloseReason::forced_close);
  };
  WebSocket client(engine);
  const Frames frames = client.received();
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].starts_with("text:0{"));
  CHECK(frames[1] == "text:4hello");
  CHECK(frames[2] == "close:");
  client.frame(Opcode::close, "");
  CHECK(client.wire().finished);
}

TEST_CASE("engine websocket: connections that outlive their server are cut") {
  auto engine = std::make_unique<Engine>();
  WebSocket open = opened(*engine);
  WebSocket closing = opened(*engine);
  engine->last().session->close(CloseReason::forced_close);
  engine.reset();
  CHECK(open.wire().destroyed);
  CHECK(closing.wire().destroyed);
}

}  // namespace engine_websocket_test
