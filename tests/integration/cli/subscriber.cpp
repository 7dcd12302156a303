#include "subscriber.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

#include "tool.hpp"
#include <support/uninterrupted.hpp>

namespace support {
namespace {

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (support::uninterrupted([&] { return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address); }) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

std::optional<std::string> take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  std::string line(bytes.substr(0, end));
  bytes.remove_prefix(end + 2);
  return line;
}

/// Removes one reply from the front of the buffer: a line, or the texts of an array.
std::optional<std::vector<std::string>> take_reply(std::string& buffer) {
  std::string_view bytes = buffer;
  const auto head = take_line(bytes);
  if (!head) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  if (!head->starts_with('*')) {
    texts.push_back(*head);
  }
  for (int left = head->starts_with('*') ? std::atoi(head->c_str() + 1) : 0; left > 0; --left) {
    const auto size_line = take_line(bytes);
    if (!size_line) {
      return std::nullopt;
    }
    if (!size_line->starts_with('$')) {
      texts.push_back(*size_line);
      continue;
    }
    const auto size = static_cast<std::size_t>(std::atol(size_line->c_str() + 1));
    if (bytes.size() < size + 2) {
      return std::nullopt;
    }
    texts.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size + 2);
  }
  buffer.erase(0, buffer.size() - bytes.size());
  return texts;
}

}  // namespace

Subscriber::Subscriber(std::uint16_t port, std::string user, std::string password)
    : Subscriber(port, std::move(user), std::move(password), "PSUBSCRIBE *\r\nSUBSCRIBE socket.io-request#/#") {}

Subscriber::Subscriber(std::uint16_t port, const Channel& channel)
    : Subscriber(port, {}, {}, channel.command + " " + channel.name) {}

Subscriber::Subscriber(std::uint16_t port, std::string user, std::string password, std::string subscription)
    : port_(port),
      user_(std::move(user)),
      password_(std::move(password)),
      subscription_(std::move(subscription)),
      thread_([this] { run(); }) {
  if (!eventually([this] { return ready_.load(); })) {
    stop_ = true;
    thread_.join();
    throw std::runtime_error("the subscriber cannot subscribe");
  }
}

Subscriber::~Subscriber() {
  stop_ = true;
  thread_.join();
}

void Subscriber::run() {
  while (!stop_) {
    const int fd = connect_to(port_);
    if (fd < 0) {
      ::poll(nullptr, 0, 1);
      continue;
    }
    std::string hello = password_.empty() ? "" : "AUTH " + user_ + " " + password_ + "\r\n";
    hello += subscription_ + "\r\n";
    if (::send(fd, hello.data(), hello.size(), MSG_NOSIGNAL) > 0) {
      while (!stop_ && serve(fd)) {
      }
    }
    ready_ = false;
    ::close(fd);
  }
}

/// Reads messages until the connection ends or the destructor stops the thread.
bool Subscriber::serve(int fd) {
  std::string buffer;
  while (!stop_) {
    pollfd watched{fd, POLLIN, 0};
    if (paused_) {
      ::poll(nullptr, 0, 1);
      continue;
    }
    if (::poll(&watched, 1, 20) == 0) {
      continue;
    }
    char piece[65536];
    const ssize_t count = ::recv(fd, piece, sizeof piece, 0);
    if (count <= 0) {
      return false;
    }
    buffer.append(piece, static_cast<std::size_t>(count));
    const bool as_server = subscription_.starts_with("PSUBSCRIBE *\r\n");
    const std::lock_guard guard(lock_);
    while (const auto reply = take_reply(buffer)) {
      if (reply->size() == 3 && reply->front().ends_with("subscribe")) {
        ready_ = !as_server || reply->front() == "subscribe";
      } else if (as_server ? reply->front() == "pmessage" : reply->front().ends_with("message")) {
        channels_.push_back((*reply)[reply->size() - 2]);
        payloads_.push_back(reply->back());
      }
    }
  }
  return false;
}

std::size_t Subscriber::count() const {
  const std::lock_guard guard(lock_);
  return payloads_.size();
}

std::vector<std::string> Subscriber::payloads() const {
  const std::lock_guard guard(lock_);
  return payloads_;
}

std::vector<std::string> Subscriber::channels() const {
  const std::lock_guard guard(lock_);
  return channels_;
}

bool Subscriber::has(std::size_t messages) const {
  return eventually([this, messages] { return count() >= messages; });
}

std::vector<int> Subscriber::numbers() const {
  std::vector<int> result;
  for (const std::string& payload : payloads()) {
    const std::size_t mark = payload.find('<');
    if (mark != std::string::npos) {
      result.push_back(std::atoi(payload.c_str() + mark + 1));
    }
  }
  return result;
}

}  // namespace support
