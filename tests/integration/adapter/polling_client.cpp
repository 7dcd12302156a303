#include "polling_client.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace support {
namespace {

constexpr int patience_turns = 20'000;  // each at least a millisecond

}  // namespace

PollingClient::PollingClient(socketio::Loop& loop, std::uint16_t port) : loop_(loop) {
  descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("no connection to the server");
  }
  const std::string open = receive();  // 0{"sid":"...",
  const std::string name = "\"sid\":\"";
  const std::size_t begin = open.find(name);
  if (begin == std::string::npos) {
    throw std::runtime_error("no session: " + open);
  }
  path_ += "&sid=" + open.substr(begin + name.size(), open.find('"', begin + name.size()) - begin - name.size());
}

PollingClient::~PollingClient() { ::close(descriptor_); }

void PollingClient::send(const std::string& packets) { static_cast<void>(ask("POST", packets)); }
std::string PollingClient::receive() { return ask("GET", ""); }

std::string PollingClient::ask(const std::string& method, const std::string& body) {
  const std::string request = method + " " + path_ +
                              " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                              body;
  std::size_t written = 0;
  std::string answer;
  std::size_t head_size = 0;
  std::size_t wanted = std::string::npos;
  for (int turn = 0; turn < patience_turns && answer.size() < wanted; ++turn) {
    if (written < request.size()) {
      const ssize_t count =
          ::send(descriptor_, request.data() + written, request.size() - written, MSG_DONTWAIT | MSG_NOSIGNAL);
      written += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    loop_.run_until([] { return false; }, std::chrono::milliseconds(1));
    std::array<char, 16'384> bytes;
    const ssize_t count = recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count == 0) {
      throw std::runtime_error("the server ended the connection: " + answer);
    }
    answer.append(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    const std::size_t head_end = answer.find("\r\n\r\n");
    const std::string name = "Content-Length: ";
    if (wanted == std::string::npos && head_end != std::string::npos) {
      const std::size_t length = answer.find(name);
      head_size = head_end + 4;
      wanted = head_size + (length < head_end ? std::strtoull(answer.c_str() + length + name.size(), nullptr, 10) : 0);
    }
  }
  if (answer.size() != wanted || answer.find(" 200 ") > head_size) {
    throw std::runtime_error("not the answer that was expected: " + answer.substr(0, 300));
  }
  return answer.substr(head_size);
}

}  // namespace support
