#include "http_fixture.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "support/uninterrupted.hpp"

namespace http_test {
namespace {

constexpr int patience_s = 30;

}  // namespace

LoopThread::LoopThread() : loop_(std::make_unique<socketio::Loop>()) {
  thread_ = std::thread([this] {
    while (!loop_->run_until([this] { return ended_; }, std::chrono::seconds(3600))) {
    }
  });
}

LoopThread::~LoopThread() {
  loop_->post([this] { ended_ = true; });
  thread_.join();
}

void LoopThread::run(const std::function<void()>& function) {
  std::promise<void> done;
  loop_->post([&] {
    function();
    done.set_value();
  });
  done.get_future().wait();
}

TwoLoops::TwoLoops(const socketio::HttpOptions& options) {
  using namespace socketio;
  for (std::size_t place = 0; place < 2; ++place) {
    server::HttpSharing sharing;
    sharing.counts = counts_;
    sharing.loop = place;
    sharing.loop_of = [](const server::HttpRequest& request) { return request.path.starts_with("/1") ? 1U : 0U; };
    sharing.send = [this](std::size_t to, server::HttpArrival arrival) {
      auto kept = std::make_shared<server::HttpArrival>(std::move(arrival));
      threads[to].loop().post([this, to, kept] {
        if (servers[to] != nullptr) {  // a connection may still come while the test ends
          servers[to]->adopt(std::move(*kept));
        }
      });
    };
    const auto handle = [place](const std::shared_ptr<server::HttpExchange>& exchange) {
      exchange->read_body(1'000'000, [exchange, place](Bytes body, bool, bool) {
        const std::string text = std::to_string(place) + ":" + std::string(as_text(body));
        exchange->respond(200, {}, as_bytes(text));
      });
    };
    threads[place].run(
        [&] { servers[place] = std::make_unique<server::HttpServer>(threads[place].loop(), options, handle, sharing); });
  }
  threads[0].run([this] {
    const std::string error = servers[0]->listen("127.0.0.1", 0);
    assert(error.empty());
    static_cast<void>(error);
    port_ = servers[0]->port();
  });
}

TwoLoops::~TwoLoops() {
  for (std::size_t place = 0; place < 2; ++place) {
    threads[place].run([this, place] { servers[place].reset(); });
  }
}

void TwoLoops::close() {
  for (std::size_t place = 0; place < 2; ++place) {
    std::promise<void> done;
    threads[place].loop().post([&] { servers[place]->close(patience_s * 1'000, [&done] { done.set_value(); }); });
    done.get_future().wait();
  }
}

HttpFixture::HttpFixture(socketio::server::HttpHandler handler, socketio::HttpOptions options) {
  thread.run([&] {
    server = std::make_unique<socketio::server::HttpServer>(thread.loop(), std::move(options), std::move(handler));
    const std::string error = server->listen("127.0.0.1", 0);
    assert(error.empty());
    static_cast<void>(error);
    port_ = server->port();
  });
}

HttpFixture::~HttpFixture() {
  thread.run([this] { server.reset(); });
}

socketio::HttpCounters HttpFixture::counters() {
  return thread.ask([this] { return server->counters(); });
}

std::size_t HttpFixture::connection_count() {
  return thread.ask([this] { return server->connection_count(); });
}

bool HttpFixture::wait(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(patience_s);
  while (!thread.ask(condition)) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

bool HttpFixture::wait_for_connection_count(std::size_t count) {
  return wait([this, count] { return server->connection_count() == count; });
}

Client::Client(std::uint16_t port, const char* address) {
  const bool ipv6 = std::string_view(address).find(':') != std::string_view::npos;
  sockaddr_storage where{};
  socklen_t size = 0;
  if (ipv6) {
    auto& to = reinterpret_cast<sockaddr_in6&>(where);
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(port);
    inet_pton(AF_INET6, address, &to.sin6_addr);
    size = sizeof(to);
  } else {
    auto& to = reinterpret_cast<sockaddr_in&>(where);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, address, &to.sin_addr);
    size = sizeof(to);
  }
  descriptor_ = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{patience_s, 0};
  const int on = 1;
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  connected_ = support::uninterrupted([&] {  // Linux goes on waiting when it is called again
                 return connect(descriptor_, reinterpret_cast<const sockaddr*>(&where), size);
               }) == 0;
}

Client::~Client() { close(); }

Client::Client(Client&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      connected_(other.connected_),
      was_reset_(other.was_reset_),
      buffer_(std::move(other.buffer_)) {}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = support::uninterrupted([&] { return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (count < 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Client::fill() {
  std::array<char, 65'536> bytes;
  const ssize_t count = support::uninterrupted([&] { return recv(descriptor_, bytes.data(), bytes.size(), 0); });
  was_reset_ = count < 0 && errno == ECONNRESET;
  if (count <= 0) {
    return false;
  }
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

Response Client::response(bool bodiless) {
  Response answer;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      return answer;
    }
  }
  answer.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.c_str() + 9);
  constexpr std::string_view length = "Content-Length: ";
  if (const std::size_t at = answer.head.find(length); at != std::string::npos && !bodiless) {
    answer.body = read(static_cast<std::size_t>(std::atol(answer.head.c_str() + at + length.size())));
  }
  return answer;
}

std::string Client::read(std::size_t count) {
  while (buffer_.size() < count && fill()) {
  }
  std::string text = buffer_.substr(0, count);
  buffer_.erase(0, text.size());
  return text;
}

std::string Client::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

void Client::end_output() { shutdown(descriptor_, SHUT_WR); }

void Client::reset() {
  const linger now{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close();
}

void Client::close() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

std::string get(std::string_view url, std::string_view more) {
  return "GET " + std::string(url) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more) + "\r\n";
}

}  // namespace http_test
