// Publishes at a constant rate: paced_load URL PER_SECOND SECONDS TEXT_BYTES. Every hundredth event goes to the room "wanted",
// the others to 99 other rooms; the last one, to "wanted", is named "end". Prints one line of JSON: the number of events, the
// time that they took, and the largest delay behind the schedule.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>

#include <socketio/emitter.hpp>

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  if (argc != 5) {
    std::cerr << "usage: paced_load URL PER_SECOND SECONDS TEXT_BYTES\n";
    return 1;
  }
  const double per_second = std::stod(argv[2]);
  const auto total = static_cast<std::uint64_t>(per_second * std::stod(argv[3]));
  const std::string text(std::stoul(argv[4]), 'x');
  socketio::Emitter io(argv[1]);
  const auto begin = Clock::now();
  const auto seconds = [begin] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  double behind = 0;
  for (std::uint64_t sent = 0; sent < total;) {
    const double now = seconds();
    const std::uint64_t due = std::min(total, static_cast<std::uint64_t>(now * per_second) + 1);
    behind = std::max(behind, now - static_cast<double>(sent) / per_second);
    for (; sent < due; ++sent) {
      io.to(sent % 100 == 0 ? "wanted" : "room-" + std::to_string(sent % 100)).emit("msg", sent, text);
    }
    io.poll();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  io.to("wanted").emit("end");
  const socketio::EmitSummary summary = io.flush(std::chrono::seconds(30));
  if (!summary.ok()) {
    std::cerr << summary.message << '\n';
    return 1;
  }
  std::cout << "{\"published\":" << summary.confirmed << ",\"seconds\":" << seconds() << ",\"behind_ms\":" << behind * 1e3
            << "}\n";
}
