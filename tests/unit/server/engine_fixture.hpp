#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/net/loop.hpp>
#include <socketio/protocol/websocket_frame.hpp>
#include <socketio/server/engine.hpp>

#include "fake_http.hpp"

// An Engine.IO server, and clients that say exactly what a test wants.
namespace fixture {

using namespace socketio;
using namespace socketio::server;

/// The same ids in each run.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::uint8_t next_ = 0;
};

/// What the application heard of one session.
struct Heard final : SessionListener {
  void on_message(Bytes data, bool binary) override;
  void on_closed(CloseReason reason) override;

  Session* session = nullptr;         ///< null once closed
  std::vector<std::string> messages;  ///< binary ones as "binary:..."
  std::optional<CloseReason> closed;
  std::function<void(const std::string&)> handler;
  std::function<void()> on_close;
};

/// Quiet timers, unless a test wants them.
EngineOptions patient();

class Engine {
 public:
  explicit Engine(EngineOptions options = patient());
  ~Engine();

  /// Hands a request to the server.
  std::shared_ptr<fake::Exchange> send(std::shared_ptr<fake::Exchange> exchange);
  std::shared_ptr<fake::Exchange> get(const std::string& url) { return send(fake::request("GET", url)); }
  std::shared_ptr<fake::Exchange> post(const std::string& url, std::string_view body);

  /// A polling session's handshake; returns the URL of its further requests.
  std::string open_polling(const std::string& query = "EIO=4&transport=polling");
  [[nodiscard]] Heard& last() { return *heard.back(); }
  /// Ends the turn, and so has everything written.
  void turn() { loop.poll(); }
  bool until(const std::function<bool()>& done) { return loop.run_until(done, std::chrono::seconds(5)); }

  Loop loop;
  CountingRandom random;
  std::vector<std::unique_ptr<Heard>> heard;  ///< by session, in order of their opening
  std::function<void(Session&)> on_session;
  EngineServer server;
};

/// A WebSocket client.
class WebSocket {
 public:
  /// Opens a session, or with a `sid` in the query asks for an upgrade.
  WebSocket(Engine& engine, const std::string& query = "EIO=4&transport=websocket");

  void text(std::string_view text) { frame(websocket_frame::Opcode::text, text); }
  void binary(std::string_view bytes) { frame(websocket_frame::Opcode::binary, bytes); }
  void frame(websocket_frame::Opcode opcode, std::string_view payload, bool final = true);
  /// All frames that came since the last call, such as "text:4hello", "binary:...", "close:1009", "close:" and "pong:x".
  std::vector<std::string> received();
  [[nodiscard]] fake::Wire& wire() { return *exchange->wire(); }

  std::shared_ptr<fake::Exchange> exchange;

 private:
  std::size_t read_ = 0;
};

using Frames = std::vector<std::string>;

std::string sid_of(std::string_view open_packet);
FrameRef text(std::string_view text);

}  // namespace fixture
