#include "fake_cluster.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

namespace fake {
namespace {

/// Takes the first command out of `input` when it is whole.
std::optional<Words> take_command(std::string& input) {
  std::size_t position = 0;
  const auto line = [&]() -> std::optional<long> {
    const std::size_t end = input.find("\r\n", position);
    if (end == std::string::npos) {
      return std::nullopt;
    }
    const long value = std::atol(input.c_str() + position + 1);
    position = end + 2;
    return value;
  };
  const auto count = line();
  Words words;
  for (long index = 0; count && index < *count; ++index) {
    const auto size = line();
    if (!size || input.size() < position + static_cast<std::size_t>(*size) + 2) {
      return std::nullopt;
    }
    words.push_back(input.substr(position, static_cast<std::size_t>(*size)));
    position += static_cast<std::size_t>(*size) + 2;
  }
  if (!count) {
    return std::nullopt;
  }
  input.erase(0, position);
  return words;
}

void send_all(int descriptor, const std::string& bytes) {
  static_cast<void>(!::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

}  // namespace

Node::Node() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), wake_descriptor_(eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Node::~Node() {
  stop();
  ::close(wake_descriptor_);
}

void Node::answer_by(Answer answer) {
  const std::lock_guard guard(mutex_);
  answer_ = std::move(answer);
}

void Node::set_slots(std::string reply) {
  const std::lock_guard guard(mutex_);
  slots_ = std::move(reply);
}

void Node::send_to_all(const std::string& bytes) {
  {
    const std::lock_guard guard(mutex_);
    unasked_.push_back(bytes);
  }
  wake();
}

void Node::send_to_oldest(const std::string& bytes) {
  {
    const std::lock_guard guard(mutex_);
    for_oldest_ += bytes;
  }
  wake();
}

void Node::drop_connections() {
  drop_ = true;
  wake();
}

void Node::stop() {
  stop_ = true;
  wake();
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::vector<Words> Node::commands() const {
  const std::lock_guard guard(mutex_);
  return commands_;
}

std::size_t Node::count(const std::string& name) const {
  const std::lock_guard guard(mutex_);
  return static_cast<std::size_t>(
      std::count_if(commands_.begin(), commands_.end(), [&](const Words& words) { return words[0] == name; }));
}

void Node::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_descriptor_, &one, sizeof(one)));
}

std::string Node::reply_to(const Words& words) {
  Answer answer;
  {
    const std::lock_guard guard(mutex_);
    if (words.size() == 2 && words[0] == "CLUSTER" && words[1] == "SLOTS") {
      ++slots_asked_;
      return slots_;
    }
    if (words == Words{"PING"}) {
      return "+PONG\r\n";
    }
    commands_.push_back(words);
    answer = answer_;
  }
  const std::string reply = answer ? answer(words) : std::string();
  return reply.empty() && (words[0] == "ASKING" || words[0] == "AUTH" || words[0] == "CLIENT") ? "+OK\r\n" : reply;
}

void Node::take(Client& client) {
  std::array<char, 65'536> bytes;
  const ssize_t count = recv(client.descriptor, bytes.data(), bytes.size(), 0);
  if (count <= 0) {
    ::close(std::exchange(client.descriptor, -1));
    return;
  }
  client.input.append(bytes.data(), static_cast<std::size_t>(count));
  while (const auto words = take_command(client.input)) {
    send_all(client.descriptor, reply_to(*words));
  }
}

void Node::serve() {
  while (!stop_) {
    std::vector<pollfd> waiting{{listener_, POLLIN, 0}, {wake_descriptor_, POLLIN, 0}};
    for (const Client& client : clients_) {
      waiting.push_back({client.descriptor, POLLIN, 0});
    }
    poll(waiting.data(), waiting.size(), -1);
    if (waiting[1].revents != 0) {
      std::uint64_t count = 0;
      static_cast<void>(!read(wake_descriptor_, &count, sizeof(count)));
    }
    std::vector<std::string> unasked;
    std::string for_oldest;
    {
      const std::lock_guard guard(mutex_);
      unasked.swap(unasked_);
      for_oldest.swap(for_oldest_);
    }
    if (!clients_.empty()) {
      send_all(clients_.front().descriptor, for_oldest);
    }
    const bool drop = drop_.exchange(false) || stop_;
    for (std::size_t index = 0; index < clients_.size(); ++index) {
      for (const std::string& one : unasked) {
        send_all(clients_[index].descriptor, one);
      }
      if (drop) {
        ::close(std::exchange(clients_[index].descriptor, -1));
      } else if (waiting[index + 2].revents != 0) {
        take(clients_[index]);
      }
    }
    std::erase_if(clients_, [](const Client& client) { return client.descriptor < 0; });
    if (waiting[0].revents != 0 && !stop_) {
      if (const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); accepted >= 0) {
        clients_.push_back({accepted, {}});
      }
    }
  }
  for (const Client& client : clients_) {
    ::close(client.descriptor);
  }
  ::close(listener_);
}

std::string text_reply(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

std::string slots_reply(const std::vector<std::pair<int, std::uint16_t>>& ranges, const std::string& host) {
  std::string reply = "*" + std::to_string(ranges.size()) + "\r\n";
  int first = 0;
  for (const auto& [last, port] : ranges) {
    reply += "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) + "\r\n*3\r\n" + text_reply(host) + ":" +
             std::to_string(port) + "\r\n" + text_reply("id") + "";
    first = last + 1;
  }
  return reply;
}

}  // namespace fake
