#include "redis_cluster.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "redis_programs.hpp"

extern char** environ;

namespace support {
namespace {

constexpr std::size_t primary_count = 3;

void wait_for(const std::function<bool()>& done, const char* what) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error(std::string("the cluster does not get well: ") + what);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void need(const RedisServer& node, const std::vector<std::string>& words) {
  if (const std::string answer = node.ask(words); answer != "+OK") {
    throw std::runtime_error("a node of the cluster does not do " + words[0] + " " + words[1] + ": " + answer);
  }
}

std::string port_text(const RedisServer& node) { return std::to_string(node.port()); }

}  // namespace

RedisCluster::RedisCluster(std::size_t replicas_each, std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), first_count_(primary_count * (1 + replicas_each)) {
  std::vector<std::string> words = {"create"};
  for (std::size_t index = 0; index < first_count_; ++index) {
    start_node();
    words.push_back(address(index));
  }
  words.insert(words.end(), {"--cluster-replicas", std::to_string(replicas_each)});
  redis_cli(std::move(words));
  wait_until_well();
}

void RedisCluster::start_node() {
  std::vector<std::string> all = {"--cluster-enabled",     "yes",        "--cluster-node-timeout",     "1000",
                                  "--cluster-config-file", "nodes.conf", "--repl-diskless-sync-delay", "0"};
  all.insert(all.end(), arguments_.begin(), arguments_.end());
  nodes_.push_back(std::make_unique<RedisServer>(all));
  removed_.push_back(false);
}

std::string RedisCluster::address(std::size_t index) const { return "127.0.0.1:" + port_text(*nodes_[index]); }

void RedisCluster::redis_cli(std::vector<std::string> words) const {
  words.insert(words.begin(), {redis_cli_program(), "--cluster"});
  words.emplace_back("--cluster-yes");
  if (const auto option = std::find(arguments_.begin(), arguments_.end(), "--requirepass"); option != arguments_.end()) {
    words.insert(words.end(), {"--no-auth-warning", "-a", *(option + 1)});
  }
  std::vector<char*> pointers;
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, words.front().c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = -1;
  if (failed != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
    throw std::runtime_error(words[0] + " --cluster " + words[2] + " fails");
  }
}

std::string RedisCluster::url() const {
  std::string url = "redis+cluster://";
  for (std::size_t index = 0; index < first_count_; ++index) {
    url += (index == 0 ? "" : ",") + address(index);
  }
  return url;
}

/// The owner's line in CLUSTER NODES has "myself,master - ... first-last first-last [slot->-id]".
std::size_t RedisCluster::owner_of(std::uint16_t slot, std::size_t asked) const {
  const std::string nodes = nodes_[asked]->ask({"CLUSTER", "NODES"});
  std::size_t begin = 0;
  while (begin < nodes.size()) {
    const std::size_t end = std::min(nodes.find('\n', begin), nodes.size());
    std::string line = nodes.substr(begin, end - begin) + " ";
    begin = end + 1;
    std::vector<std::string> words;
    for (std::size_t space = 0; (space = line.find(' ')) != std::string::npos; line.erase(0, space + 1)) {
      words.push_back(line.substr(0, space));
    }
    for (std::size_t word = 8; word < words.size(); ++word) {
      if (words[word].empty() || words[word][0] == '[') {
        continue;
      }
      const std::size_t dash = words[word].find('-');
      const int first = std::stoi(words[word]);
      const int last = dash == std::string::npos ? first : std::stoi(words[word].substr(dash + 1));
      if (slot < first || slot > last) {
        continue;
      }
      for (std::size_t index = 0; index < nodes_.size(); ++index) {
        if (words[1].find(":" + port_text(*nodes_[index]) + "@") != std::string::npos) {
          return index;
        }
      }
    }
  }
  return nodes_.size();
}

void RedisCluster::begin_move(std::uint16_t slot, std::size_t from, std::size_t to) {
  need(node(to), {"CLUSTER", "SETSLOT", std::to_string(slot), "IMPORTING", id(from)});
  need(node(from), {"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", id(to)});
}

/// Moves one key at a time; tests have few keys.
void RedisCluster::move_keys(std::uint16_t slot, std::size_t from, std::size_t to) {
  const std::string script = "local keys = redis.call('CLUSTER', 'GETKEYSINSLOT', ARGV[1], 1) return keys[1] or ''";
  for (std::string key; !(key = node(from).ask({"EVAL", script, "0", std::to_string(slot)})).empty();) {
    need(node(from), {"MIGRATE", "127.0.0.1", port_text(node(to)), key, "0", "5000"});
  }
}

void RedisCluster::end_move(std::uint16_t slot, std::size_t to) {
  need(node(to), {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id(to)});
  for (std::size_t index = 0; index < nodes_.size(); ++index) {
    if (index != to && !removed_[index] && node(index).pid() > 0) {
      static_cast<void>(node(index).ask({"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id(to)}));  // replicas refuse
    }
  }
}

void RedisCluster::move_slot(std::uint16_t slot, std::size_t from, std::size_t to) {
  begin_move(slot, from, to);
  move_keys(slot, from, to);
  end_move(slot, to);
}

std::size_t RedisCluster::add_node() {
  start_node();
  redis_cli({"add-node", address(nodes_.size() - 1), address(0)});
  wait_until_well();
  return nodes_.size() - 1;
}

void RedisCluster::remove_node(std::size_t index) {
  redis_cli({"del-node", address(0), id(index)});
  removed_[index] = true;
}

bool RedisCluster::is_well() const {
  const auto count = std::count(removed_.begin(), removed_.end(), false);
  const std::string known = "cluster_known_nodes:" + std::to_string(count) + "\r";
  for (std::size_t index = 0; index < nodes_.size(); ++index) {
    if (removed_[index] || nodes_[index]->pid() <= 0) {
      continue;
    }
    const std::string info = nodes_[index]->ask({"CLUSTER", "INFO"});
    const bool is_replica = nodes_[index]->ask({"CLUSTER", "NODES"}).find("myself,slave") != std::string::npos;
    const bool follows =
        !is_replica || nodes_[index]->ask({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
    if (info.find("cluster_state:ok") == std::string::npos || info.find(known) == std::string::npos || !follows) {
      return false;
    }
  }
  return true;
}

void RedisCluster::wait_until_well() const {
  wait_for([this] { return is_well(); }, "its nodes do not agree");
}

}  // namespace support
