// Measures the library's cost of an emit: emit_loop URL COUNT TEXT_BYTES [TRANSPORT]. Prints one line of JSON, as the peers'
// loops do.
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>

#include <socketio/emitter.hpp>

namespace {

struct Message {
  std::int64_t id;
  const std::string& text;
  template <typename Packer>
  void msgpack_pack(Packer& packer) const {
    packer.pack_map(2);
    packer.pack("id");
    packer.pack(id);
    packer.pack("text");
    packer.pack(text);
  }
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

bool emit(socketio::Emitter& io, std::int64_t count, const std::string& text) {
  for (std::int64_t id = 0; id < count; ++id) {
    io.to("room1").emit("msg", Message{id, text});
  }
  const socketio::EmitSummary summary = io.flush(std::chrono::seconds(60));
  if (!summary.ok()) {
    std::cerr << summary.message << '\n';
  }
  return summary.ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::cerr << "usage: emit_loop URL COUNT TEXT_BYTES [classic|sharded|streams]\n";
    return 1;
  }
  const std::int64_t count = std::stoll(argv[2]);
  const std::string text(std::stoul(argv[3]), 'x');
  const std::string_view transport = argc == 5 ? argv[4] : "classic";
  socketio::EmitterOptions options;
  options.transport = transport == "sharded"   ? socketio::Transport::sharded
                      : transport == "streams" ? socketio::Transport::streams
                                               : socketio::Transport::classic;
  socketio::Emitter io(argv[1], options);
  if (!emit(io, count / 5 + 1, text)) {
    return 1;
  }
  const auto before = std::chrono::steady_clock::now();
  const double cpu_before = cpu_seconds();
  if (!emit(io, count, text)) {
    return 1;
  }
  const double cpu = cpu_seconds() - cpu_before;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - before;
  const auto emits = static_cast<double>(count);
  std::cout << "{\"cpu_us\":" << cpu * 1e6 / emits << ",\"per_s\":" << emits / wall.count() << "}\n";
}
