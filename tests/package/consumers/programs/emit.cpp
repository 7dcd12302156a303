// Emits one event into the fleet on the Redis that the argument names.
#include <chrono>
#include <iostream>

#include <socketio/emitter.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  socketio::Emitter io(argv[1]);
  io.to("kitchen").emit("order", 42, "tea");
  const socketio::EmitSummary summary = io.flush(std::chrono::seconds(10));
  std::cout << summary.confirmed << " sent " << summary.message << '\n';
  return summary.ok() ? 0 : 1;
}
