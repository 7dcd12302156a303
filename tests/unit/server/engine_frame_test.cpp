// Frames, and the queues they wait in.

#include <doctest/doctest.h>

#include <algorithm>

#include <socketio/protocol/base64.hpp>
#include <support/golden.hpp>

#include "engine_fixture.hpp"
#include "websocket/frame_queue.hpp"

namespace engine_frame_test {

using namespace fixture;

namespace {

/// The vector's message or packet as a frame.
FrameRef frame_of(const golden::Json& packet) {
  const auto data = packet.find("data");
  if (packet.at("type") != "message") {
    const std::vector<std::string> types = {"open", "close", "ping", "pong", "message", "upgrade", "noop"};
    const auto type = std::find(types.begin(), types.end(), packet.at("type").get<std::string>()) - types.begin();
    return FrameRef::packet(std::to_string(type) + (data == packet.end() ? "" : data->get<std::string>()));
  }
  if (data != packet.end() && data->is_object()) {
    Buffer bytes;
    REQUIRE(base64::decode(bytes, data->at("$bin").get<std::string>()));
    return FrameRef::binary(bytes.bytes());
  }
  return FrameRef::text(data == packet.end() ? std::string() : data->get<std::string>());
}

std::string without_header(Bytes frame) {
  const std::size_t size = frame[1] < 126 ? 2 : frame[1] == 126 ? 4 : 10;
  return golden::to_hex(frame.subspan(size));
}

}  // namespace

TEST_CASE("engine frame: every golden packet has its WebSocket and its polling form") {
  for (const golden::Json& vector : golden::file("engineio-encode")) {
    CAPTURE(vector.at("name"));
    const golden::Json& packet = vector.at("packet");
    if (packet.contains("data") && packet.at("data").is_object() && !packet.at("data").contains("$bin")) {
      continue;  // other views of bytes, which are bytes here
    }
    const FrameRef frame = frame_of(packet);
    CHECK(without_header(frame->websocket()) == vector.at("websocket").at("hex").get<std::string>());
    CHECK(golden::to_hex(frame->polling()) == vector.at("polling").at("hex").get<std::string>());
    CHECK(frame->websocket()[0] == (frame->has_binary() ? 0x82 : 0x81));
  }
}

TEST_CASE("engine frame: golden messages share a polling body") {
  for (const char* name : {"one", "two", "separator-inside-message-is-not-escaped"}) {
    CAPTURE(name);
    const golden::Json& vector = golden::vector("engineio-payload-encode", name);
    Engine engine;
    const std::string session = engine.open_polling();
    for (const golden::Json& packet : vector.at("packets")) {
      engine.last().session->send(frame_of(packet));
    }
    const auto get = engine.get(session);
    engine.turn();
    CHECK(get->body() == vector.at("text").get<std::string>());
  }
}

TEST_CASE("engine frame: the parts are those it was made of") {
  const std::string large(70'000, 'x');
  const std::string none;
  const std::vector<Bytes> attachments = {as_bytes(large), as_bytes(none), as_bytes("abc")};
  const FrameRef frame = FrameRef::text("text", attachments, false);
  REQUIRE(frame->part_count() == 4);
  CHECK(as_text(frame->part(0)) == "text");
  CHECK_FALSE(frame->part_is_binary(0));
  for (std::size_t i = 0; i < attachments.size(); ++i) {
    CHECK(as_text(frame->part(i + 1)) == as_text(attachments[i]));
    CHECK(frame->part_is_binary(i + 1));
  }
  CHECK_FALSE(frame->compress());
  CHECK(frame->cost_bytes() > frame->websocket().size() + sizeof(Frame));
  CHECK(frame->websocket().size() == 2 + 5 + 10 + large.size() + 2 + 2 + 3);
}

TEST_CASE("engine frame: representations are made once") {
  const FrameRef frame = FrameRef::binary(as_bytes("abc"));
  CHECK(frame->polling().data() == frame->polling().data());
  CHECK(frame->websocket_revision3().data() == frame->websocket_revision3().data());
  CHECK(frame->websocket_revision3(true).data() != frame->websocket_revision3(false).data());
  const FrameRef text_only = text("abc");
  CHECK(text_only->websocket_revision3().data() == text_only->websocket().data());
}

TEST_CASE("engine frame: a queue counts what it holds, and keeps its place in a frame") {
  FrameQueue queue;
  for (const char* message : {"a", "bb", "ccc"}) {
    queue.push(text(message));
  }
  const std::size_t all = queue.size_bytes();
  queue.pop(1, 2);
  CHECK(queue.frames().size() == 2);
  CHECK(queue.front_written() == 2);
  CHECK(queue.size_bytes() < all);
  queue.drop_unstarted();
  CHECK(queue.frames().size() == 1);
  CHECK(as_text(queue.frames().front()->part(0)) == "bb");
  CHECK(queue.front_written() == 2);
  queue.pop(1);
  CHECK(queue.empty());
  CHECK(queue.size_bytes() == 0);
  CHECK(queue.front_written() == 0);
  queue.push(text("d"));
  queue.drop_unstarted();
  CHECK(queue.empty());
}

TEST_CASE("engine frame: a long queue gives its frames in order") {
  FrameQueue queue;
  std::size_t next = 0;
  for (int i = 0; i < 1'000; ++i) {
    queue.push(text(std::to_string(i)));
    if (i % 3 == 0) {
      CHECK(as_text(queue.frames().front()->part(0)) == std::to_string(next));
      queue.pop(1);
      ++next;
    }
  }
  while (!queue.empty()) {
    CHECK(as_text(queue.frames().front()->part(0)) == std::to_string(next++));
    queue.pop(1);
  }
  CHECK(next == 1'000);
  CHECK(queue.size_bytes() == 0);
}

}  // namespace engine_frame_test
