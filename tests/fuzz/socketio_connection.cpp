#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/protocol/socketio_packet.hpp>

#include "socketio/connection.hpp"
#include "engine/engine_request.hpp"
#include "fuzz/check.hpp"
#include "socketio/server_core.hpp"

// Property: whatever messages a client sends - those that begin with a byte ff are binary, one is parted from the next by a
// byte fe, and an input that begins with a byte fd is for a server with the msgpack parser - all that is sent to it are whole
// packets; an application hears of a socket's end if and only if it heard of its beginning, and of nothing in between before or
// after; and when the connection has ended, nothing of it is left.

using namespace socketio;
using namespace socketio::server;
using socketio_packet::Packet;
using socketio_packet::Violation;

namespace {

/// The client's end of a session, which reads what it is sent.
class FuzzSession final : public Session {
 public:
  explicit FuzzSession(const ServerCore& core)
      : msgpack_(core.options.parser == Parser::msgpack), reader_(core.first().packet_limits) {}

  [[nodiscard]] std::string_view id() const noexcept override { return "AAAAAAAAAAAAAAAAAAAA"; }
  [[nodiscard]] int revision() const noexcept override { return 4; }
  [[nodiscard]] EngineTransport transport() const noexcept override { return EngineTransport::websocket; }
  [[nodiscard]] RequestInfo request() const override { return request_.unpack(); }
  [[nodiscard]] const PackedRequest& packed_request() const noexcept override { return request_; }
  void set_listener(SessionListener* listener) noexcept override { listener_ = listener; }

  bool send(const FrameRef& frame, bool) override {
    FUZZ_CHECK(static_cast<bool>(frame));
    FUZZ_CHECK(is_open());
    for (std::size_t i = 0; i < frame->part_count(); ++i) {
      read(frame->part(i), frame->part_is_binary(i));
    }
    FUZZ_CHECK(!reader_.waiting());
    return true;
  }

  void close(CloseReason reason) override {
    if (SessionListener* const listener = std::exchange(listener_, nullptr)) {
      listener->on_closed(reason);
    }
  }

  [[nodiscard]] bool is_open() const noexcept { return listener_ != nullptr; }
  void receive(std::string_view message) {
    const bool binary = message.starts_with('\xff');
    listener_->on_message(as_bytes(message.substr(binary ? 1 : 0)), binary);
  }

 private:
  void read(Bytes part, bool binary) {
    if (msgpack_) {
      FUZZ_CHECK(binary);
      FUZZ_CHECK(check_items(part, 1, limits::depth_max).ok());
      return;
    }
    const std::string_view text = as_text(part);
    if (!binary && (text.starts_with('0') || text.starts_with('4'))) {  // from servers these have what clients may not send
      FUZZ_CHECK(!reader_.waiting());
      FUZZ_CHECK(text.find("{\"") != std::string_view::npos && text.ends_with('}'));
      return;
    }
    Packet packet;
    const Violation violation = binary ? reader_.binary(part, scratch_, packet) : reader_.text(text, scratch_, packet);
    FUZZ_CHECK(violation == Violation::none || violation == Violation::too_many_attachments ||
               violation == Violation::too_large);  // one attachment may be sent back many times
  }

  static PackedRequest made_request() {
    HttpRequest request;
    request.method = "GET";
    request.url = "/socket.io/?EIO=4&transport=websocket";
    return PackedRequest(request);
  }

  bool msgpack_;
  SessionListener* listener_ = nullptr;
  PackedRequest request_ = made_request();
  socketio_packet::Reassembler reader_;
  Buffer scratch_;
};

/// A server whose application does a little of everything.
class FuzzServer {
 public:
  explicit FuzzServer(Loop& loop, Parser parser) : core_(loop, options(parser)) {
    serve(Namespace(core_.of("/")));
    serve(Namespace(core_.of("/x")));
    serve(Namespace(core_.add_parent([](std::string_view name, const Value&) { return name.starts_with("/d"); })));
  }

  void run(std::string_view input) {
    FuzzSession session(core_);
    Connection::begin(core_.first().connections, session);
    while (session.is_open()) {
      const std::string_view message = input.substr(0, input.find('\xfe'));
      session.receive(message);
      if (message.size() == input.size()) {
        break;
      }
      input.remove_prefix(message.size() + 1);
    }
    session.close(CloseReason::transport_close);
    waiting_.clear();
    FUZZ_CHECK(alive_ == 0);
    FUZZ_CHECK(core_.of("/")->first_shard().index().size() == 0);
    FUZZ_CHECK(core_.of("/")->first_shard().index().named_room_count() == 0);
    FUZZ_CHECK(core_.of("/x")->first_shard().index().size() == 0);
    FUZZ_CHECK(core_.first().counters.sockets_connected == core_.first().counters.sockets_disconnected);
    FUZZ_CHECK(core_.first().counters.handlers_threw == 0);
    core_.loop.poll();
  }

 private:
  static ServerOptions options(Parser parser) {
    ServerOptions options;
    options.parser = parser;
    options.cleanup_empty_child_namespaces = true;
    options.recovery.enabled = true;
    options.recovery.packets_max = 10;
    options.recovery.sessions_max = 10;
    options.namespaces_per_connection_max = 3;
    options.rooms_per_socket_max = 4;
    options.pending_acks_per_socket_max = 3;
    return options;
  }

  void serve(const Namespace& nsp) {
    nsp.use([this](Socket socket, Next next) {
      const Handshake handshake = socket.handshake();
      if (!handshake.auth().member("wait").is_nothing()) {
        waiting_.push_back(std::move(next));
      } else if (const Value deny = handshake.auth().member("deny"); !deny.is_nothing()) {
        next(Refusal("no"));
      } else {
        next();
      }
    });
    nsp.on_connection([this](Socket socket) { greet(socket); });
  }

  void greet(const Socket& socket) {
    ++alive_;
    socket.on_disconnect([this](std::string_view) { --alive_; });
    socket.emit("hello");
    socket.on("e", [socket](Arguments all, Ack ack) {
      FUZZ_CHECK(socket.connected());
      Buffer array;
      pack::array_header(array, static_cast<std::uint32_t>(all.size()));
      array.append(all.packed());
      try {
        ack.send_packed(array.bytes());
      } catch (const Error& error) {  // nested deeper than may be sent
        FUZZ_CHECK(error.code() == ErrorCode::bad_arguments);
      }
    });
    socket.on("q", [socket] { socket.emit_with_ack("q", OnAck([](const AckResult&) {})); });
    socket.on("j", [socket](const std::string& room) {
      try {
        socket.join(room);
      } catch (const Error& error) {
        FUZZ_CHECK(error.code() == ErrorCode::too_large);
      }
    });
    socket.on("d", [socket](std::optional<bool> close) { socket.disconnect(close.value_or(false)); });
    socket.on("n", [this] {  // a middleware that took its time
      for (const Next& next : std::exchange(waiting_, {})) {
        next();
      }
    });
    socket.on("b", [socket](int value) { socket.to("r").emit("b", value); });
  }

  int alive_ = 0;
  std::vector<Next> waiting_;
  ServerCore core_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Loop loop;
  static FuzzServer standard(loop, Parser::standard);
  static FuzzServer with_msgpack(loop, Parser::msgpack);
  const std::string_view input = as_text({data, size});
  if (input.starts_with('\xfd')) {
    with_msgpack.run(input.substr(1));
  } else {
    standard.run(input);
  }
  return 0;
}
