// Lower bound for a publisher: raw_emit URL COUNT TEXT_BYTES. Writes the commands of 512 events at once to a blocking socket,
// reads the 512 replies, and repeats. Prints one line of JSON, as the other loops do.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <unistd.h>

#include "system.hpp"

using namespace bench;

namespace {

constexpr std::size_t batch = 512;

void emit(int redis, std::size_t count, const std::string& text) {
  std::string out;
  std::vector<char> replies(1 << 16);
  for (std::size_t sent = 0; sent < count;) {
    const std::size_t now = std::min(batch, count - sent);
    out.clear();
    for (std::size_t index = 0; index < now; ++index) {
      append_publish(out, "socket.io#/#room1#", broadcast("/", "room1", sent + index, text));
    }
    write_all(redis, out);
    for (std::size_t seen = 0; seen < now;) {
      const ssize_t size = ::read(redis, replies.data(), replies.size());
      if (size <= 0) {
        fail("Redis has gone");
      }
      seen += static_cast<std::size_t>(std::count(replies.begin(), replies.begin() + size, '\n'));
    }
    sent += now;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fail("usage: raw_emit URL COUNT TEXT_BYTES");
  }
  const std::size_t count = std::stoul(argv[2]);
  const std::string text(std::stoul(argv[3]), 'x');
  const int redis = connect_to(port_of(argv[1]));
  emit(redis, count / 5 + 1, text);
  const std::uint64_t cpu = cpu_ns({::getpid()}), wall = now_ns();
  emit(redis, count, text);
  const auto per_emit = [&](std::uint64_t since, std::uint64_t until) {
    return static_cast<double>(until - since) / static_cast<double>(count);
  };
  const double cpu_each = per_emit(cpu, cpu_ns({::getpid()})), wall_each = per_emit(wall, now_ns());
  std::printf("{\"cpu_us\":%.4f,\"per_s\":%.1f}\n", cpu_each / 1e3, 1e9 / wall_each);
}
