// Lower bound for a server: raw_fan PORT REDIS_URL write|coalesce. Sends messages of the channel "raw#all" to every client in a
// WebSocket frame, those of "raw#rN" to the client N, and drops those of other rooms. `write` makes one system call per client
// and message, as a server must that receives one message at a time; `coalesce` makes one per client for all messages that
// arrive from Redis together. No handshake except HTTP's, no joining of rooms, no codec.
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system.hpp"

using namespace bench;

namespace {

/// Consumes one message of the subscription: its channel and its payload, which are its last two parts. False when it is not
/// complete yet.
bool take_message(std::string_view& bytes, std::string_view& channel, std::string_view& last) {
  std::string_view rest = bytes;
  const auto number = [&](char kind, std::size_t& value) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) {
      return false;
    }
    if (rest.front() != kind) {
      fail("Redis says " + std::string(rest.substr(0, end)));
    }
    std::from_chars(rest.data() + 1, rest.data() + end, value);
    rest.remove_prefix(end + 2);
    return true;
  };
  std::size_t parts = 0;
  if (!number('*', parts)) {
    return false;
  }
  for (; parts > 0; --parts) {
    std::size_t size = 0;
    if (!number('$', size) || rest.size() < size + 2) {
      return false;
    }
    channel = std::exchange(last, rest.substr(0, size));
    rest.remove_prefix(size + 2);
  }
  bytes = rest;
  return true;
}

constexpr std::string_view prefix = "raw#";

class RawFan {
 public:
  RawFan(std::uint16_t port, std::uint16_t redis_port, bool coalesce)
      : coalesce_(coalesce),
        epoll_(::epoll_create1(0)),
        listener_(::socket(AF_INET, SOCK_STREAM, 0)),
        redis_(connect_to(redis_port)) {
    write_all(redis_, "*2\r\n$10\r\nPSUBSCRIBE\r\n$5\r\nraw#*\r\n");
    char confirmed[64];
    if (::read(redis_, confirmed, sizeof confirmed) <= 0) {
      fail("subscribe");
    }
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 511) != 0) {
      fail("listen");
    }
    add(listener_, EPOLLIN);
    add(redis_, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::vector<epoll_event> events(256);
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int index = 0; index < count; ++index) {
        const epoll_event& event = events[static_cast<std::size_t>(index)];
        if (event.data.fd == listener_) {
          accept();
        } else if (event.data.fd == redis_) {
          fan_out();
        } else {
          on_client(event.data.fd, event.events);
        }
      }
    }
  }

 private:
  struct Client {
    bool upgraded = false;
    std::string frames;  // frames for this client alone, from one read of Redis
    std::string queue;   // bytes that the socket has not accepted yet
  };

  void add(int fd, std::uint32_t what) { control(EPOLL_CTL_ADD, fd, what); }

  void control(int operation, int fd, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, operation, fd, &event);
  }

  void accept() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      return;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (clients_.size() <= static_cast<std::size_t>(fd)) {
      clients_.resize(static_cast<std::size_t>(fd) + 1);
    }
    clients_[static_cast<std::size_t>(fd)] = {};
    add(fd, EPOLLIN);
  }

  void on_client(int fd, std::uint32_t what) {
    Client& client = clients_[static_cast<std::size_t>(fd)];
    if ((what & EPOLLOUT) != 0) {
      const std::string queue = std::exchange(client.queue, {});
      send(fd, queue);
      if (client.queue.empty()) {
        control(EPOLL_CTL_MOD, fd, EPOLLIN);
      }
    }
    if ((what & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) {
      return;
    }
    char ignored[4096];
    if (::read(fd, ignored, sizeof ignored) <= 0) {
      ::close(fd);
      client = {};
    } else if (!client.upgraded) {  // the load sends its request in one piece, always with the key of RFC 6455's example
      client.upgraded = true;
      upgraded_.push_back(fd);
      std::string answer =
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
      append_frame(answer, "40");
      send(fd, answer);
    }
  }

  void fan_out() {
    buffer_.resize(used_ + (1 << 18));
    const ssize_t size = ::read(redis_, buffer_.data() + used_, buffer_.size() - used_);
    if (size <= 0) {
      fail("Redis has gone");
    }
    used_ += static_cast<std::size_t>(size);
    std::string_view rest(buffer_.data(), used_);
    frames_.clear();
    std::string_view channel;
    for (std::string_view payload; take_message(rest, channel, payload);) {
      const std::string_view room = channel.substr(prefix.size());
      if (room == "all") {
        append_frame(frames_, payload);
      } else if (room.starts_with('r')) {
        add_for_one(room.substr(1), payload);
      }
      if (!coalesce_) {
        send_gathered();
      }
    }
    send_gathered();
    std::memmove(buffer_.data(), rest.data(), rest.size());
    used_ = rest.size();
  }

  void add_for_one(std::string_view number, std::string_view payload) {
    std::size_t index = 0;
    if (std::from_chars(number.data(), number.data() + number.size(), index).ec != std::errc() || index >= upgraded_.size()) {
      return;
    }
    std::string& frames = clients_[static_cast<std::size_t>(upgraded_[index])].frames;
    if (frames.empty()) {
      some_.push_back(upgraded_[index]);
    }
    append_frame(frames, payload);
  }

  void send_gathered() {
    send_all();
    for (const int fd : some_) {
      std::string& frames = clients_[static_cast<std::size_t>(fd)].frames;
      send(fd, frames);
      frames.clear();
    }
    some_.clear();
  }

  void send_all() {
    if (frames_.empty()) {
      return;
    }
    for (std::size_t fd = 0; fd < clients_.size(); ++fd) {
      if (clients_[fd].upgraded) {
        send(static_cast<int>(fd), frames_);
      }
    }
    frames_.clear();
  }

  void send(int fd, std::string_view bytes) {
    Client& client = clients_[static_cast<std::size_t>(fd)];
    if (client.queue.empty()) {
      const ssize_t written = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written < 0 && errno != EAGAIN) {
        return;  // the client has closed; its end of file follows
      }
      bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
      if (bytes.empty()) {
        return;
      }
      control(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
    }
    client.queue += bytes;
  }

  bool coalesce_;
  int epoll_;
  int listener_;
  int redis_;
  std::vector<Client> clients_;  // by descriptor
  std::vector<int> upgraded_;    // client N at index N; all stay open until the measurement ends
  std::vector<int> some_;        // clients with frames of their own
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::string frames_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fail("usage: raw_fan PORT REDIS_URL write|coalesce");
  }
  RawFan(static_cast<std::uint16_t>(std::stoi(argv[1])), port_of(argv[2]), std::string_view(argv[3]) == "coalesce").run();
}
