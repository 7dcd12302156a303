#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <socketio/net/loop.hpp>
#include <socketio/server/http.hpp>

namespace http_test {

/// Runs functions on a loop of its own thread until it is destroyed.
class LoopThread {
 public:
  LoopThread();
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  [[nodiscard]] socketio::Loop& loop() noexcept { return *loop_; }
  /// Calls `function` on the loop's thread and waits for it.
  void run(const std::function<void()>& function);
  template <typename Function>
  auto ask(Function function) {
    decltype(function()) answer{};
    run([&] { answer = function(); });
    return answer;
  }

 private:
  std::unique_ptr<socketio::Loop> loop_;
  bool ended_ = false;
  std::thread thread_;
};

/// An HttpServer on 127.0.0.1, on a thread of its own.
class HttpFixture {
 public:
  explicit HttpFixture(socketio::server::HttpHandler handler, socketio::HttpOptions options = {});
  ~HttpFixture();
  HttpFixture(const HttpFixture&) = delete;
  HttpFixture& operator=(const HttpFixture&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] socketio::HttpCounters counters();
  [[nodiscard]] std::size_t connection_count();
  /// Returns after the loop has turned once.
  void let_turn() {
    thread.run([] {});
  }
  /// Waits until `condition`, asked on the loop's thread, is true. False after half a minute.
  bool wait(const std::function<bool()>& condition);
  bool wait_for_connection_count(std::size_t count);

  LoopThread thread;
  std::unique_ptr<socketio::server::HttpServer> server;

 private:
  std::uint16_t port_ = 0;
};

/// Two loops with an HttpServer each, of which the first listens. A request whose path begins with "/1" belongs to the second,
/// others to the first. Answers are "0:" or "1:", by who gives them, and the request's body.
class TwoLoops {
 public:
  explicit TwoLoops(const socketio::HttpOptions& options = {});
  ~TwoLoops();
  TwoLoops(const TwoLoops&) = delete;
  TwoLoops& operator=(const TwoLoops&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// Connections on both.
  [[nodiscard]] std::size_t open() const noexcept { return counts_->total(); }
  /// Closes both, and waits until nothing is left.
  void close();

  std::array<LoopThread, 2> threads;
  std::array<std::unique_ptr<socketio::server::HttpServer>, 2> servers;

 private:
  std::shared_ptr<socketio::net::OpenCounts> counts_ = std::make_shared<socketio::net::OpenCounts>(2);
  std::uint16_t port_ = 0;
};

struct Response {
  int status = 0;  ///< 0: none came
  std::string head;
  std::string body;
  [[nodiscard]] bool has(std::string_view line) const { return head.find(std::string(line) + "\r\n") != std::string::npos; }
};

/// A client that sends what it is told. Waits at most half a minute for anything.
class Client {
 public:
  explicit Client(std::uint16_t port, const char* address = "127.0.0.1");
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;

  [[nodiscard]] bool connected() const noexcept { return connected_; }
  /// False when the other side has closed.
  bool send(std::string_view bytes);
  /// The next answer, by its Content-Length; to HEAD, which has none, without a body.
  Response response(bool bodiless = false);
  std::string read(std::size_t count);
  /// All that comes until the other side ends; `reset` tells how.
  std::string read_to_end();
  /// True when the other side ends, orderly or not, with nothing more to read.
  bool ended() { return read_to_end().empty(); }
  [[nodiscard]] bool was_reset() const noexcept { return was_reset_; }
  void end_output();
  void reset();
  void close();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  bool fill();

  int descriptor_;
  bool connected_ = false;
  bool was_reset_ = false;
  std::string buffer_;
};

std::string get(std::string_view url, std::string_view more = {});

}  // namespace http_test
