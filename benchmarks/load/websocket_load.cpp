// Measures what deliveries cost servers. Prints one line of JSON for each line of standard input, and one at the start for the
// connections:
//
//   websocket_load --servers PORT:PID[,PORT:PID...] --redis URL --clients N [--namespaces N] [--raw]
//
//   join                      client i joins the rooms r<i> and "all"
//   window K COUNT BYTES      COUNT broadcasts to all clients, K of them pending at a time
//   paced RATE COUNT BYTES    COUNT broadcasts, RATE per second; with latencies
//   rooms R COUNT BYTES       events for the rooms r0 ... r<R-1> in turn, one client in each, 64 pending at a time
//   absent COUNT BYTES        events for empty rooms; every hundredth is for r0, and 800 are pending at a time
//   fetch COUNT               requests of the classic adapter for all sockets, one at a time
//
// CPU time is that of the servers per unit of work, from before the first publish until after the last event has arrived.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <deque>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients.hpp"
#include "system.hpp"

namespace bench {
namespace {

struct Options {
  std::vector<std::uint16_t> ports;
  std::vector<pid_t> processes;
  std::string redis;
  std::size_t clients = 0;
  std::size_t namespaces = 0;
  bool raw = false;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int index = 1; index < argc; ++index) {
    const std::string option = argv[index];
    const std::string value = option != "--raw" && index + 1 < argc ? argv[++index] : "";
    if (option == "--servers") {
      std::istringstream servers(value);
      for (std::string server; std::getline(servers, server, ',');) {
        options.ports.push_back(static_cast<std::uint16_t>(std::stoi(server)));
        options.processes.push_back(std::stoi(server.substr(server.find(':') + 1)));
      }
    } else if (option == "--redis") {
      options.redis = value;
    } else if (option == "--clients") {
      options.clients = std::stoul(value);
    } else if (option == "--namespaces") {
      options.namespaces = std::stoul(value);
    } else if (option == "--raw") {
      options.raw = true;
    } else {
      fail("websocket_load has no option " + option);
    }
  }
  return options;
}

class Load {
 public:
  explicit Load(Options options)
      : options_(std::move(options)),
        clients_(options_.ports, options_.namespaces, options_.raw, [this](std::uint64_t id) { on_message(id); }),
        redis_(connect_to(port_of(options_.redis))) {
    ::fcntl(0, F_SETFL, O_NONBLOCK);
    clients_.watch(0);
    clients_.watch(redis_);
  }

  void connect() {
    begin();
    clients_.connect(options_.clients);
    print(options_.clients);
  }

  /// Handles one line. Unknown ones end the process.
  void run(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    double first = 0;
    std::size_t count = 0;
    std::size_t bytes = 0;
    if (command == "join") {
      join();
    } else if (command == "window" && words >> first >> count >> bytes) {
      window(static_cast<std::size_t>(first), count, bytes);
    } else if (command == "paced" && words >> first >> count >> bytes) {
      paced(first, count, bytes);
    } else if (command == "rooms" && words >> first >> count >> bytes) {
      rooms(static_cast<std::size_t>(first), count, bytes);
    } else if (command == "absent" && words >> count >> bytes) {
      absent(count, bytes);
    } else if (command == "fetch" && words >> count) {
      fetch(count);
    } else {
      fail("websocket_load does not know " + line);
    }
  }

  /// Waits for lines until standard input ends, and keeps the connections alive meanwhile.
  void serve() {
    std::string input;
    for (;;) {
      clients_.poll(1000);
      drain_redis();
      char chunk[4096];
      ssize_t size = 0;
      while ((size = ::read(0, chunk, sizeof chunk)) > 0) {
        input.append(chunk, static_cast<std::size_t>(size));
      }
      const bool ended = size == 0;
      for (std::size_t end = 0; (end = input.find('\n')) != std::string::npos;) {
        const std::string line = input.substr(0, end);
        input.erase(0, end + 1);
        run(line);
      }
      if (ended) {
        return;
      }
    }
  }

 private:
  struct Sent {
    std::uint64_t at_ns;
    std::size_t awaited;  // deliveries not received yet
  };

  void begin() {
    deadline_ns_ = now_ns() + 120'000'000'000;
    latencies_ns_.clear();
    began_ns_ = now_ns();
    cpu_began_ns_ = cpu_ns(options_.processes);
  }

  /// Prints CPU time and rate of `units` units of work, and the latencies if they were kept.
  void print(std::size_t units) {
    const auto cpu = static_cast<double>(cpu_ns(options_.processes) - cpu_began_ns_);
    const auto wall = static_cast<double>(now_ns() - began_ns_);
    std::printf("{\"cpu_us\":%.4f,\"per_s\":%.1f", cpu / 1e3 / static_cast<double>(units),
                static_cast<double>(units) / wall * 1e9);
    if (!latencies_ns_.empty()) {
      std::sort(latencies_ns_.begin(), latencies_ns_.end());
      const auto of = [&](double share) {
        return static_cast<double>(
                   latencies_ns_[static_cast<std::size_t>(share * static_cast<double>(latencies_ns_.size() - 1))]) /
               1e3;
      };
      std::printf(",\"p50_us\":%.1f,\"p99_us\":%.1f", of(0.5), of(0.99));
    }
    std::printf("}\n");
    std::fflush(stdout);
  }

  void on_message(std::uint64_t id) {
    if (id < first_id_ || id - first_id_ >= sent_.size()) {
      return;  // of a broadcast that was abandoned before the measurement
    }
    Sent& sent = sent_[id - first_id_];
    if (keep_latencies_) {
      latencies_ns_.push_back(now_ns() - sent.at_ns);
    }
    if (--sent.awaited == 0) {
      ++completed_;
    }
  }

  /// Publishes an event for the room, with the next id. It is complete after `awaited` deliveries.
  void publish(std::size_t client, const std::string& room, const std::string& text, std::size_t awaited) {
    const std::uint64_t id = first_id_ + sent_.size();
    sent_.push_back({now_ns(), awaited});
    append(client, room, id, text);
    flush();
  }

  void append(std::size_t client, const std::string& room, std::uint64_t id, const std::string& text) {
    if (options_.raw) {
      append_publish(out_, "raw#" + room, packet(id, text));
    } else {
      const std::string nsp = clients_.namespace_of(client);
      append_publish(out_, "socket.io#" + nsp + "#" + room + "#", broadcast(nsp, room, id, text));
    }
  }

  void flush() {
    write_all(redis_, out_);
    out_.clear();
  }

  void step(int timeout_ms) {
    clients_.poll(timeout_ms);
    drain_redis();
    if (now_ns() > deadline_ns_) {
      errno = 0;
      fail("only " + std::to_string(completed_) + " of " + std::to_string(sent_.size()) +
           " events were complete in two minutes");
    }
  }

  /// Reads and drops Redis' replies; an error ends the process.
  void drain_redis() {
    char replies[4096];
    const ssize_t size = ::recv(redis_, replies, sizeof replies, MSG_DONTWAIT);
    if (size == 0 || (size > 0 && replies[0] == '-')) {
      fail("Redis refuses what is published");
    }
  }

  void reset() {
    first_id_ += sent_.size();
    sent_.clear();
    completed_ = 0;
  }

  /// Joins the rooms. Joining has no response: it is complete when every client receives the same broadcast (with namespaces,
  /// one in each). Each attempt waits longer, because some servers need time for a broadcast to 16,000 clients.
  void join() {
    begin();
    clients_.join();
    const std::size_t spaces = std::max<std::size_t>(1, options_.namespaces);
    std::uint64_t wait_ns = 200'000'000;
    for (bool all = false; !all; wait_ns *= 2) {
      reset();
      for (std::size_t space = 0; space < spaces; ++space) {
        publish(space, "all", "", (clients_.size() - space + spaces - 1) / spaces);
      }
      const std::uint64_t until = now_ns() + wait_ns;
      while (completed_ < spaces && now_ns() < until) {
        step(20);
      }
      all = completed_ == spaces;
    }
    print(clients_.size());
  }

  void window(std::size_t width, std::size_t count, std::size_t bytes) {
    const std::string text(bytes, 'x');
    const std::size_t spaces = std::max<std::size_t>(1, options_.namespaces);
    reset();
    begin();
    while (completed_ < count) {
      while (sent_.size() < count && sent_.size() - completed_ < width) {
        const std::size_t space = sent_.size() % spaces;
        publish(space, "all", text, (clients_.size() - space + spaces - 1) / spaces);
      }
      step(1000);
    }
    print(count * clients_.size() / spaces);
  }

  void paced(double per_second, std::size_t count, std::size_t bytes) {
    const std::string text(bytes, 'x');
    reset();
    begin();
    keep_latencies_ = true;
    while (completed_ < count) {
      const double due_ns = static_cast<double>(sent_.size()) / per_second * 1e9 + static_cast<double>(began_ns_);
      const double wait_ns = due_ns - static_cast<double>(now_ns());
      if (sent_.size() < count && wait_ns <= 0) {
        publish(0, "all", text, clients_.size());
      }
      step(sent_.size() == count ? 100 : static_cast<int>(std::clamp(std::ceil(wait_ns / 1e6), 0.0, 100.0)));
    }
    print(count * clients_.size());
    keep_latencies_ = false;
  }

  void rooms(std::size_t rooms, std::size_t count, std::size_t bytes) {
    constexpr std::size_t width = 64;
    const std::string text(bytes, 'x');
    reset();
    begin();
    while (completed_ < count) {
      while (sent_.size() < count && sent_.size() - completed_ < width) {
        const std::size_t client = sent_.size() % std::min(rooms, clients_.size());
        publish(client, "r" + std::to_string(client), text, 1);
      }
      step(1000);
    }
    print(count);
  }

  void absent(std::size_t count, std::size_t bytes) {
    constexpr std::size_t batch = 100;
    constexpr std::size_t batches_under_way = 8;
    constexpr std::size_t room_count = 997;
    const std::string text(bytes, 'x');
    reset();
    begin();
    for (std::size_t published = 0; published < count || completed_ < sent_.size();) {
      while (published < count && sent_.size() - completed_ < batches_under_way) {
        for (std::size_t index = 1; index < batch; ++index) {
          append(0, "nobody-" + std::to_string((published + index) % room_count), 0, text);
        }
        publish(0, "r0", text, 1);
        published += batch;
      }
      step(1000);
    }
    print(sent_.size() * batch);
  }

  /// Measures requests for all sockets. Responses arrive on one channel: a message there has seven lines and no line break in
  /// its payload.
  void fetch(std::size_t count) {
    const int answers = connect_to(port_of(options_.redis));
    const std::string channel = "socket.io-response#/#";
    write_all(answers, "*2\r\n$9\r\nSUBSCRIBE\r\n$" + std::to_string(channel.size()) + "\r\n" + channel + "\r\n");
    std::vector<char> buffer(1 << 18);
    const auto await_lines = [&](std::size_t lines) {
      for (std::size_t seen = 0; seen < lines;) {
        pollfd waited{answers, POLLIN, 0};
        if (::poll(&waited, 1, 10'000) != 1) {
          fail("no answer to a request for sockets");
        }
        const ssize_t size = ::read(answers, buffer.data(), buffer.size());
        if (size <= 0) {
          fail("read from Redis");
        }
        seen += static_cast<std::size_t>(std::count(buffer.begin(), buffer.begin() + size, '\n'));
      }
    };
    await_lines(6);
    begin();
    for (std::size_t request = 0; request < count; ++request) {
      append_publish(
          out_, "socket.io-request#/#",
          R"({"uid":"load","requestId":")" + std::to_string(request) + R"(","type":5,"opts":{"rooms":[],"except":[]}})");
      flush();
      await_lines(7 * options_.ports.size());
      step(0);
    }
    print(count);
    ::close(answers);
  }

  Options options_;
  std::uint64_t first_id_ = 1;
  std::deque<Sent> sent_;  // by id, from first_id_ on
  std::size_t completed_ = 0;
  bool keep_latencies_ = false;
  std::vector<std::uint64_t> latencies_ns_;
  std::uint64_t began_ns_ = 0;
  std::uint64_t cpu_began_ns_ = 0;
  std::uint64_t deadline_ns_ = 0;
  std::string out_;
  Clients clients_;
  int redis_;
};

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::Load load(bench::parse(argc, argv));
  load.connect();
  load.serve();
}
