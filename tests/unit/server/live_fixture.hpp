#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/protocol/websocket_frame.hpp>
#include <socketio/server.hpp>

// A real socketio::Server on a loopback port, and clients that say exactly what a test wants. All in one thread: time passes
// in until() only.
namespace live {

using namespace socketio;
using Names = std::vector<std::string>;

class Client;
class Request;

/// What handlers write to is declared before it: the sockets that are left at its end are told so.
class Fixture {
 public:
  explicit Fixture(ServerOptions options = {});
  ~Fixture();
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  /// Turns the loop until `done` says so. False after ten seconds.
  bool until(const std::function<bool()>& done);
  /// Ends the server, as its destructor does, with clients connected.
  void destroy() { io.reset(); }
  /// The sockets of the root namespace have come to this count.
  bool until_count(std::size_t count) {
    return until([this, count] { return io->socket_count() == count; });
  }
  [[nodiscard]] ServerCounters counters() const { return io->counters(); }

  Loop loop;
  std::vector<std::string> problems;  ///< what on_problem told: "event: message"
  std::unique_ptr<Server> io;
  std::uint16_t port = 0;

 private:
  friend class Client;
  friend class Request;
  class Link;
  std::vector<Link*> links_;
};

/// One end of a TCP connection that never blocks.
class Fixture::Link {
 public:
  explicit Link(Fixture& fixture);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void write(std::string_view bytes);
  /// Takes what has come, and writes what could not be written.
  void pump();
  void close();
  void reset();  ///< as when the cable is cut

  std::string received;
  bool ended = false;

 private:
  Fixture& fixture_;
  int descriptor_;
  std::string unwritten_;
};

/// One client of Socket.IO over a WebSocket.
class Client {
 public:
  explicit Client(Fixture& fixture, const std::string& query = "EIO=4&transport=websocket",
                  const std::string& path = "/socket.io/");

  /// Sends one Engine.IO message, such as "0" or "2[\"e\"]".
  void send(std::string_view message) { frame(websocket_frame::Opcode::text, "4" + std::string(message)); }
  void send_binary(std::string_view bytes) { frame(websocket_frame::Opcode::binary, bytes); }
  /// Sends one Engine.IO packet, or anything else in a text frame.
  void send_packet(std::string_view packet) { frame(websocket_frame::Opcode::text, packet); }
  void frame(websocket_frame::Opcode opcode, std::string_view payload);

  /// Waits until the server has handled all that was sent, and all it answered is here. Returns the messages that came since
  /// the last call, without their "4"; binary ones as "binary:...".
  Names take();
  /// Waits for one message. "(nothing)" when none comes.
  std::string next();
  /// Joins a namespace, and returns the id of the socket.
  std::string join(const std::string& nsp = "/", const std::string& auth = {});
  /// The server has closed, or closes now.
  bool until_closed();
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  void close_orderly() { frame(websocket_frame::Opcode::close, ""); }
  void reset() { link_->reset(); }
  /// The open packet.
  [[nodiscard]] const std::string& opening() const noexcept { return opening_; }

 private:
  void parse();
  bool take_frame();

  Fixture& fixture_;
  std::unique_ptr<Fixture::Link> link_;
  std::string opening_;
  Names messages_;
  std::size_t pongs_ = 0;
  std::size_t pings_ = 0;
  bool open_ = false;
  bool closed_ = false;
};

/// One HTTP request on a connection of its own.
class Request {
 public:
  Request(Fixture& fixture, const std::string& method, const std::string& url, std::string_view body = {});

  [[nodiscard]] bool done();
  /// Waits for the answer, and returns its body.
  std::string body();
  [[nodiscard]] int status();
  void abandon() { link_->close(); }

 private:
  Fixture& fixture_;
  std::unique_ptr<Fixture::Link> link_;
};

/// A client over long polling.
class Poller {
 public:
  explicit Poller(Fixture& fixture);
  /// Waits for what one GET brings.
  std::string get();
  std::unique_ptr<Request> begin_get() { return std::make_unique<Request>(fixture_, "GET", url_); }
  std::string post(std::string_view packets);
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

 private:
  Fixture& fixture_;
  std::string url_;
};

/// The text between the quotes that follow `"name":`.
std::string member(std::string_view json, std::string_view name);
/// The same text with ids as "(id)", so that it can be compared.
std::string without_ids(std::string text);
bool is_id(std::string_view text);

}  // namespace live

/// So that a failed comparison shows what was there.
template <>
struct doctest::StringMaker<live::Names> {
  static doctest::String convert(const live::Names& names);
};
