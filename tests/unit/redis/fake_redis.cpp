#include "fake_redis.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "support/uninterrupted.hpp"

namespace fake {
namespace {

constexpr int patience_ms = 10'000;

int listen_somewhere(std::uint16_t& port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool good = bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(descriptor, 16) == 0 &&
                    getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  assert(good);
  static_cast<void>(good);
  port = ntohs(address.sin_port);
  return descriptor;
}

/// True when `descriptor` is ready; false when the test ends, or nothing happens.
bool wait_for(int descriptor, short events, int stop_descriptor) {
  std::array<pollfd, 2> both{{{descriptor, events, 0}, {stop_descriptor, POLLIN, 0}}};
  return support::uninterrupted([&] { return poll(both.data(), both.size(), patience_ms); }) > 0 && both[1].revents == 0;
}

}  // namespace

Connection::~Connection() { close(); }

bool Connection::wait(short events) { return descriptor_ >= 0 && wait_for(descriptor_, events, stop_descriptor_); }

bool Connection::fill() {
  std::array<char, 65'536> bytes;
  if (!wait(POLLIN)) {
    return false;
  }
  const ssize_t count = recv(descriptor_, bytes.data(), bytes.size(), 0);
  if (count <= 0) {
    error_ = count < 0 ? errno : 0;
    return false;
  }
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::string Connection::line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) {
      return {};
    }
  }
  std::string text = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return text;
}

std::vector<std::string> Connection::command() {
  const std::string first = line();
  std::vector<std::string> words(first.empty() ? 0 : static_cast<std::size_t>(std::atol(first.c_str() + 1)));
  for (std::string& word : words) {
    const std::string size = line();
    if (size.empty()) {
      return {};
    }
    word = read(static_cast<std::size_t>(std::atol(size.c_str() + 1)) + 2);
    if (word.size() < 2) {
      return {};
    }
    word.resize(word.size() - 2);
  }
  return words;
}

std::string Connection::read(std::size_t count) {
  while (buffer_.size() < count && fill()) {
  }
  std::string text = buffer_.substr(0, count);
  buffer_.erase(0, text.size());
  return text;
}

void Connection::send(std::string_view bytes) {
  while (!bytes.empty() && wait(POLLOUT)) {
    const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) {
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Connection::send_slowly(std::string_view bytes) {
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  for (const char byte : bytes) {
    send({&byte, 1});
  }
}

int Connection::wait_for_end() {
  while (fill()) {
    buffer_.clear();
  }
  return error_;
}

void Connection::close() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

Redis::Redis(Script script)
    : script_(std::move(script)), listener_(listen_somewhere(port_)), stop_descriptor_(eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread([this] { serve(); });
}

Redis::~Redis() {
  const std::uint64_t one = 1;
  static_cast<void>(!write(stop_descriptor_, &one, sizeof(one)));
  thread_.join();
  ::close(listener_);
  ::close(stop_descriptor_);
}

void Redis::serve() {
  while (wait_for(listener_, POLLIN, stop_descriptor_)) {
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted >= 0) {
      Connection connection(accepted, stop_descriptor_);
      script_(connection, connection_count_++);
    }
  }
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  ::close(listen_somewhere(port));
  return port;
}

}  // namespace fake
