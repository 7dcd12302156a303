#include "engine_fixture.hpp"

#include <doctest/doctest.h>

namespace fixture {

void CountingRandom::fill(std::span<std::uint8_t> bytes) {
  for (std::uint8_t& byte : bytes) {
    byte = next_++;
  }
}

void Heard::on_message(Bytes data, bool binary) {
  messages.push_back((binary ? "binary:" : "") + std::string(as_text(data)));
  if (handler) {
    handler(messages.back());
  }
}

void Heard::on_closed(CloseReason reason) {
  CHECK_FALSE(closed.has_value());
  closed = reason;
  session = nullptr;
  if (on_close) {
    on_close();
  }
}

EngineOptions patient() { return {}; }

Engine::Engine(EngineOptions options)
    : server(
          loop, std::move(options),
          [this](Session& session) {
            heard.push_back(std::make_unique<Heard>());
            heard.back()->session = &session;
            session.set_listener(heard.back().get());
            if (on_session) {
              on_session(session);
            }
          },
          &random) {}

Engine::~Engine() = default;

std::shared_ptr<fake::Exchange> Engine::send(std::shared_ptr<fake::Exchange> exchange) {
  REQUIRE(server.handle(*exchange));
  return exchange;
}

std::shared_ptr<fake::Exchange> Engine::post(const std::string& url, std::string_view body) {
  auto exchange = send(fake::request("POST", url));
  if (exchange->wants_body()) {
    exchange->give_body(body);
  }
  return exchange;
}

std::string Engine::open_polling(const std::string& query) {
  const auto exchange = get("/socket.io/?" + query);
  REQUIRE(exchange->status() == 200);
  return "/socket.io/?" + query + "&sid=" + sid_of(exchange->body());
}

WebSocket::WebSocket(Engine& engine, const std::string& query)
    : exchange(engine.send(fake::upgrade_request("/socket.io/?" + query))) {}

void WebSocket::frame(websocket_frame::Opcode opcode, std::string_view payload, bool final) {
  Buffer bytes;
  websocket_frame::encode_masked(bytes, {opcode, final, false, {1, 2, 3, 4}}, as_bytes(payload));
  wire().receive(bytes.text());
}

Frames WebSocket::received() {
  using websocket_frame::Opcode;
  Frames frames;
  const std::string& bytes = wire().written;
  const auto at = [&](std::size_t offset) { return static_cast<std::uint8_t>(bytes.at(offset)); };
  while (read_ < bytes.size()) {
    const auto opcode = static_cast<Opcode>(at(read_) & 0x0f);
    std::size_t size = at(read_ + 1);
    std::size_t header = 2;
    if (size >= 126) {
      const std::size_t width = size == 126 ? 2 : 8;
      size = 0;
      for (std::size_t i = 0; i < width; ++i) {
        size = size << 8 | at(read_ + 2 + i);
      }
      header += width;
    }
    REQUIRE(bytes.size() - read_ >= header + size);
    const std::string payload = bytes.substr(read_ + header, size);
    read_ += header + size;
    switch (opcode) {
      case Opcode::text: frames.push_back("text:" + payload); break;
      case Opcode::binary: frames.push_back("binary:" + payload); break;
      case Opcode::pong: frames.push_back("pong:" + payload); break;
      case Opcode::close: {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<std::uint8_t>(payload.at(i))); };
        frames.push_back("close:" + (payload.empty() ? "" : std::to_string(byte(0) << 8 | byte(1))));
        break;
      }
      default: FAIL("a frame that no server sends");
    }
  }
  return frames;
}

std::string sid_of(std::string_view open_packet) {
  constexpr std::string_view key = "\"sid\":\"";
  const std::size_t place = open_packet.find(key);
  REQUIRE(place != std::string_view::npos);
  return std::string(open_packet.substr(place + key.size(), 20));
}

FrameRef text(std::string_view text) { return FrameRef::text(text); }

}  // namespace fixture
