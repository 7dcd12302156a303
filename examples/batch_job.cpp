// A batch job: a million events into one room of a running fleet.
#include <chrono>
#include <iostream>

#include <socketio/emitter.hpp>

int main(int argc, char** argv) {
  socketio::Emitter io(argc > 1 ? argv[1] : "redis://127.0.0.1:6379");
  for (int order = 1; order <= 1'000'000; ++order) {
    io.to("kitchen").emit("order", order, "tea");
  }
  const socketio::EmitSummary summary = io.flush(std::chrono::seconds(10));
  std::cout << summary.confirmed << " sent, " << summary.no_receivers << " reached no server, " << summary.reached_fewer
            << " fewer servers than before. " << summary.message << summary.note << '\n';
  return summary.reached_all() ? 0 : 1;
}
