#include "redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <utility>

#include "redis_programs.hpp"
#include "uninterrupted.hpp"

extern char** environ;

namespace support {
namespace {

constexpr int patience_ms = 20'000;

std::uint16_t free_port() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool good = bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(descriptor);
  return good ? ntohs(address.sin_port) : std::uint16_t{0};
}

/// Up to redis-server 7.0, the unix socket, which is opened last, has its own log line; later versions log the same line for
/// all.
constexpr std::array<std::string_view, 2> lines_when_ready = {"ready to accept connections at", "Ready to accept connections unix"};
constexpr std::array<std::string_view, 1> lines_when_sentinel_is_ready = {"Sentinel ID is"};

/// Reads from `descriptor` until one of the texts has arrived. Returns false at the end of file, or when nothing arrives for
/// too long.
bool read_until(int descriptor, std::span<const std::string_view> texts) {
  std::string seen;
  pollfd waiting{descriptor, POLLIN, 0};
  const auto has_come = [&seen](std::string_view text) { return seen.find(text) != std::string::npos; };
  while (std::none_of(texts.begin(), texts.end(), has_come)) {
    std::array<char, 4'096> bytes;
    if (uninterrupted([&] { return poll(&waiting, 1, patience_ms); }) <= 0) {
      return false;
    }
    const ssize_t count = read(descriptor, bytes.data(), bytes.size());
    if (count <= 0) {
      return false;
    }
    seen.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return true;
}

std::string temporary_folder() {
  std::string pattern = "/tmp/socketio-test-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("no temporary folder");
  }
  return pattern;
}

std::string request(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return text;
}

bool is_whole(const std::string& reply) {
  const std::size_t end = reply.find("\r\n");
  if (end == std::string::npos) {
    return false;
  }
  const long size = reply[0] == '$' ? std::strtol(reply.c_str() + 1, nullptr, 10) : -1;
  return size < 0 || reply.size() >= end + 2 + static_cast<std::size_t>(size) + 2;
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> arguments, Listen listen)
    : arguments_(std::move(arguments)), listen_(listen), folder_(temporary_folder()) {
  choose_port_and_launch();
}

RedisServer::RedisServer(const SentinelLines& sentinel, std::vector<std::string> arguments, Listen listen)
    : arguments_(std::move(arguments)), listen_(listen), folder_(temporary_folder()), is_sentinel_(true) {
  std::ofstream(folder_ + "/sentinel.conf") << sentinel.text << '\n';
  choose_port_and_launch();
}

void RedisServer::choose_port_and_launch() {
  // Another process may take the port before the server starts.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    if (launch()) {
      return;
    }
    kill();
  }
  std::filesystem::remove_all(folder_);
  throw std::runtime_error(redis_server_program() + " does not start");
}

RedisServer::~RedisServer() {
  kill();
  std::filesystem::remove_all(folder_);
}

void RedisServer::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
  }
}

void RedisServer::start() {
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (launch()) {
      return;
    }
    kill();
  }
  throw std::runtime_error(redis_server_program() + " does not start again");
}

/// Starts the server and waits until it logs that it accepts connections.
bool RedisServer::launch() {
  const std::string port = std::to_string(port_);
  std::vector<std::string> words = {redis_server_program()};
  if (is_sentinel_) {
    words.insert(words.end(), {folder_ + "/sentinel.conf", "--sentinel"});
  }
  words.insert(words.end(),
               {"--port", listen_ == Listen::tls ? "0" : port, "--bind", "127.0.0.1", "--unixsocket", folder_ + "/redis.sock",
                "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", folder_});
  if (listen_ == Listen::tls) {
    words.insert(words.end(), {"--tls-port", port});
  }
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> pointers;
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
    return false;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  const int status = posix_spawnp(&pid_, words.front().c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  if (status != 0) {
    pid_ = -1;
  }
  const std::span<const std::string_view> awaited = is_sentinel_ ? std::span<const std::string_view>(lines_when_sentinel_is_ready)
                                                                 : std::span<const std::string_view>(lines_when_ready);
  const bool ready = status == 0 && read_until(pipe_ends[0], awaited);
  ::close(pipe_ends[0]);  // its later output is dropped
  return ready;
}

std::string RedisServer::ask(const std::vector<std::string>& words) const {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ + "/redis.sock";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  std::string reply;
  const auto option = std::find(arguments_.begin(), arguments_.end(), "--requirepass");
  const std::string password = option == arguments_.end() ? "" : *(option + 1);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string login = password.empty() ? "" : request({"AUTH", password});
    const std::string bytes_out = login + request(words);
    static_cast<void>(!::send(descriptor, bytes_out.data(), bytes_out.size(), MSG_NOSIGNAL));
    bool logged_in = login.empty();
    std::array<char, 4'096> bytes;
    pollfd waiting{descriptor, POLLIN, 0};
    while (!is_whole(reply) && uninterrupted([&] { return poll(&waiting, 1, patience_ms); }) > 0) {
      const ssize_t count = recv(descriptor, bytes.data(), bytes.size(), 0);
      if (count <= 0) {
        break;
      }
      reply.append(bytes.data(), static_cast<std::size_t>(count));
      if (!logged_in && reply.starts_with("+OK\r\n")) {
        reply.erase(0, 5);
        logged_in = true;
      }
    }
  }
  ::close(descriptor);
  const std::size_t end = reply.find("\r\n");
  if (end == std::string::npos) {
    return {};
  }
  return reply[0] == '$' && reply[1] != '-' ? reply.substr(end + 2, reply.size() - end - 4) : reply.substr(0, end);
}

}  // namespace support
