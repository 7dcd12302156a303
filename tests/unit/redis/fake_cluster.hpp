#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fake {

using Words = std::vector<std::string>;

/// A node of a cluster: answers command by command, on any number of connections, on a thread of its own.
class Node {
 public:
  /// Answers one command; an empty answer is none. Called on the node's thread. The node answers CLUSTER SLOTS and PING
  /// itself, and CLIENT, AUTH and ASKING when a test does not.
  using Answer = std::function<std::string(const Words&)>;
  Node();
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  void answer_by(Answer answer);
  /// What CLUSTER SLOTS answers.
  void set_slots(std::string reply);
  /// Sends to all connections, unasked.
  void send_to_all(const std::string& bytes);
  /// The same, to the connection that has been there longest.
  void send_to_oldest(const std::string& bytes);
  /// Closes the connections that there are.
  void drop_connections();
  /// From now on nobody can connect. Drops the connections, too.
  void stop();

  /// The commands that came, without CLUSTER SLOTS and PING.
  [[nodiscard]] std::vector<Words> commands() const;
  /// Of those, how many have this name.
  [[nodiscard]] std::size_t count(const std::string& name) const;
  [[nodiscard]] int slots_asked() const noexcept { return slots_asked_; }

 private:
  struct Client {
    int descriptor;
    std::string input;
  };
  void serve();
  void take(Client& client);
  std::string reply_to(const Words& words);
  void wake() const;

  mutable std::mutex mutex_;
  Answer answer_;
  std::string slots_;
  std::vector<Words> commands_;
  std::vector<std::string> unasked_;
  std::string for_oldest_;
  std::atomic<int> slots_asked_ = 0;
  std::atomic<bool> drop_ = false;
  std::atomic<bool> stop_ = false;
  std::uint16_t port_ = 0;
  int listener_;
  int wake_descriptor_;
  std::vector<Client> clients_;
  std::thread thread_;
};

/// An answer to CLUSTER SLOTS: the last slot of each range, and the port of its owner. `host` is announced for all.
std::string slots_reply(const std::vector<std::pair<int, std::uint16_t>>& ranges, const std::string& host = "127.0.0.1");

std::string text_reply(const std::string& text);

}  // namespace fake
