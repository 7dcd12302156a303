#include "clients.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system.hpp"

namespace bench {
namespace {

constexpr std::uint64_t watched = ~std::uint64_t{0};
constexpr std::size_t connecting_max = 64;
constexpr std::string_view upgrade_end = "\r\n\r\n";

struct FrameHead {
  std::size_t size_bytes = 0;  // 0: not complete yet
  std::uint64_t payload_bytes = 0;
};

FrameHead frame_head(std::string_view bytes) {
  if (bytes.size() < 2) {
    return {};
  }
  if (bytes[0] != '\x81') {
    fail("a frame that is no whole text message");
  }
  const auto byte = [&](std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); };
  const std::size_t more = byte(1) == 127 ? 8 : byte(1) == 126 ? 2 : 0;
  if (more == 0) {
    return {2, byte(1)};
  }
  if (bytes.size() < 2 + more) {
    return {};
  }
  std::uint64_t size = 0;
  for (std::size_t index = 2; index < 2 + more; ++index) {
    size = size << 8 | byte(index);
  }
  return {2 + more, size};
}

}  // namespace

Clients::Clients(std::vector<std::uint16_t> ports, std::size_t namespaces, bool raw, OnMessage on_message)
    : ports_(std::move(ports)),
      namespaces_(namespaces),
      raw_(raw),
      on_message_(std::move(on_message)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(1 << 18) {}

std::string Clients::namespace_of(std::size_t index) const {
  return namespaces_ == 0 ? "/" : "/n" + std::to_string(index % namespaces_);
}

void Clients::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = watched;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    fail("epoll_ctl");
  }
}

void Clients::open(std::size_t index) {
  Client& client = clients_[index];
  client.fd = connect_to(ports_[index % ports_.size()]);
  write_all(
      client.fd,
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  ::fcntl(client.fd, F_SETFL, O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = index;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event) != 0) {
    fail("epoll_ctl");
  }
}

void Clients::connect(std::size_t count) {
  const std::uint64_t deadline = now_ns() + 60'000'000'000;
  while (connected_ < count) {
    while (clients_.size() < count && clients_.size() - connected_ < connecting_max) {
      clients_.emplace_back();
      open(clients_.size() - 1);
    }
    poll(100);
    if (now_ns() > deadline) {
      fail("only " + std::to_string(connected_) + " clients were connected within a minute");
    }
  }
}

void Clients::join() {
  if (raw_) {
    return;
  }
  for (std::size_t index = 0; index < clients_.size(); ++index) {
    const std::string nsp = namespaces_ == 0 ? "" : namespace_of(index) + ",";
    send(index, "42" + nsp + R"(["join","r)" + std::to_string(index) + "\"]");
    send(index, "42" + nsp + R"(["join","all"])");
    if (index % 64 == 0) {
      poll(0);
    }
  }
}

bool Clients::poll(int timeout_ms) {
  std::array<epoll_event, 512> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  if (count < 0 && errno != EINTR) {
    fail("epoll_wait");
  }
  bool readable = false;
  for (int index = 0; index < count; ++index) {
    const std::uint64_t whose = events[static_cast<std::size_t>(index)].data.u64;
    if (whose == watched) {
      readable = true;
    } else {
      read(whose);
    }
  }
  return readable;
}

void Clients::read(std::size_t index) {
  const ssize_t size = ::read(clients_[index].fd, buffer_.data(), buffer_.size());
  if (size == 0) {
    errno = 0;
    fail("the server has closed the connection of client " + std::to_string(index));
  }
  if (size < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return;
    }
    fail("read from the server");
  }
  feed(index, {buffer_.data(), static_cast<std::size_t>(size)});
}

void Clients::feed(std::size_t index, std::string_view bytes) {
  Client& client = clients_[index];
  std::string joined;
  if (!client.head.empty()) {
    joined = std::exchange(client.head, {});
    joined += bytes;
    bytes = joined;
  }
  if (!client.upgraded) {
    const std::size_t end = bytes.find(upgrade_end);
    if (end == std::string_view::npos) {
      client.head = bytes;
      return;
    }
    if (!bytes.starts_with("HTTP/1.1 101 ")) {
      errno = 0;
      fail("the server does not upgrade: " + std::string(bytes.substr(0, bytes.find('\r'))));
    }
    client.upgraded = true;
    bytes.remove_prefix(end + upgrade_end.size());
  }
  while (take_frame(index, bytes)) {
  }
}

/// Consumes a frame, or a part of the current one. Returns false when more bytes are needed.
bool Clients::take_frame(std::size_t index, std::string_view& bytes) {
  Client& client = clients_[index];
  if (client.skip_bytes == 0) {
    const FrameHead head = frame_head(bytes);
    const std::size_t wanted = std::min<std::uint64_t>(head.payload_bytes, prefix_bytes);
    if (head.size_bytes == 0 || bytes.size() < head.size_bytes + wanted) {
      client.head = bytes;
      return false;
    }
    bytes.remove_prefix(head.size_bytes);
    client.event = false;
    on_packet(index, bytes.substr(0, wanted));
    client.skip_bytes = head.payload_bytes;
  }
  const std::size_t here = std::min<std::uint64_t>(client.skip_bytes, bytes.size());
  bytes.remove_prefix(here);
  client.skip_bytes -= here;
  if (client.skip_bytes == 0 && client.event) {
    on_message_(client.id);
  }
  return !bytes.empty();
}

void Clients::on_packet(std::size_t index, std::string_view start) {
  Client& client = clients_[index];
  if (start.starts_with("42")) {
    constexpr std::string_view name = R"(["msg",)";
    const std::size_t at = start.find(name);
    if (at == std::string_view::npos) {
      fail("an event that nobody has sent: " + std::string(start));
    }
    start.remove_prefix(at + name.size());
    client.event = std::from_chars(start.data(), start.data() + start.size(), client.id).ec == std::errc();
  } else if (start.starts_with("40")) {
    ++connected_;
  } else if (start.starts_with("0")) {
    send(index, namespaces_ == 0 ? "40" : "40" + namespace_of(index) + ",");
  } else if (start == "2") {
    send(index, "3");
  } else {
    fail("a packet that is not expected: " + std::string(start));
  }
}

/// Sends a short packet in a frame that is masked, as the protocol requires; a mask of zeros leaves the bytes unchanged.
void Clients::send(std::size_t index, std::string_view packet) {
  std::string frame = {'\x81', static_cast<char>(0x80 | packet.size()), 0, 0, 0, 0};
  frame += packet;
  write_all(clients_[index].fd, frame);
}

}  // namespace bench
