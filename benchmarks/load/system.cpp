#include "system.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <msgpack.hpp>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

void fail(const std::string& what) {
  std::fprintf(stderr, "%s%s%s\n", what.c_str(), errno != 0 ? ": " : "", errno != 0 ? std::strerror(errno) : "");
  std::exit(1);
}

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

std::uint64_t cpu_ns(const std::vector<pid_t>& processes) {
  std::uint64_t sum = 0;
  for (const pid_t pid : processes) {
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
      std::uint64_t running = 0;
      std::ifstream(task.path() / "schedstat") >> running;
      sum += running;
    }
  }
  return sum;
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    fail("socket");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("connect to port " + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

std::uint16_t port_of(std::string_view url) {
  return static_cast<std::uint16_t>(std::stoi(std::string(url.substr(url.rfind(':') + 1))));
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      fail("write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string packet(std::uint64_t id, std::string_view text) {
  std::string out = R"(42["msg",)" + std::to_string(id) + ",\"";
  out += text;
  out += "\"]";
  return out;
}

void append_frame(std::string& out, std::string_view payload) {
  out += '\x81';
  const auto append_size = [&](int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      out += static_cast<char>(payload.size() >> shift);
    }
  };
  if (payload.size() < 126) {
    append_size(1);
  } else if (payload.size() < 65536) {
    out += '\x7e';
    append_size(2);
  } else {
    out += '\x7f';
    append_size(8);
  }
  out += payload;
}

namespace {

struct Appender {
  std::string& out;
  void write(const char* bytes, std::size_t size) { out.append(bytes, size); }
};

}  // namespace

std::string broadcast(std::string_view nsp, std::string_view room, std::uint64_t id, std::string_view text) {
  std::string out;
  out.reserve(text.size() + 128);
  Appender appender{out};
  msgpack::packer<Appender> packer(appender);
  packer.pack_array(3);
  packer.pack("load");
  packer.pack_map(3);
  packer.pack("type");
  packer.pack(2);
  packer.pack("data");
  packer.pack_array(3);
  packer.pack("msg");
  packer.pack(id);
  packer.pack(text);
  packer.pack("nsp");
  packer.pack(nsp);
  packer.pack_map(3);
  packer.pack("rooms");
  packer.pack_array(1);
  packer.pack(room);
  packer.pack("except");
  packer.pack_array(0);
  packer.pack("flags");
  packer.pack_map(0);
  return out;
}

void append_publish(std::string& out, std::string_view channel, std::string_view payload) {
  out += "*3\r\n$7\r\nPUBLISH\r\n";
  for (const std::string_view word : {channel, payload}) {
    out += '$';
    out += std::to_string(word.size());
    out += "\r\n";
    out += word;
    out += "\r\n";
  }
}

}  // namespace bench
