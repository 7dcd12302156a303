// Micro-benchmarks of the codecs on one typical packet: 210 bytes of JSON, 154 of msgpack.
#include <benchmark/benchmark.h>

#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/transcode.hpp>

using namespace socketio;

namespace {

constexpr std::string_view packet =
    R"({"type":2,"data":["chat message",{"from":"user-48213","to":"room-17","text":"Hello, wörld! How are you today?",)"
    R"("ts":1718291823123,"seq":48213,"score":3.14159,"ok":true,"tags":["a","b"],"meta":null}],"nsp":"/"})";
constexpr std::string_view event =
    R"(["chat message",{"from":"user-48213","to":"room-17","text":"Hello, wörld! How are you today?",)"
    R"("ts":1718291823123,"seq":48213,"score":3.14159,"ok":true,"tags":["a","b"],"meta":null}])";

Buffer packed(std::string_view json) {
  Buffer out;
  static_cast<void>(transcode::json_to_msgpack(json, out));
  return out;
}

Buffer broadcast_message() {
  const Buffer data = packed(event);
  const std::vector<Room> rooms{"room-17"};
  broadcast::Outgoing message;
  message.data = data.bytes();
  message.rooms = rooms;
  Buffer out;
  broadcast::encode(out, message);
  return out;
}

void json_to_msgpack(benchmark::State& state) {
  Buffer out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(transcode::json_to_msgpack(packet, out));
  }
}
BENCHMARK(json_to_msgpack);

void msgpack_to_json(benchmark::State& state) {
  const Buffer input = packed(packet);
  Buffer out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(transcode::msgpack_to_json(input.bytes(), out));
  }
}
BENCHMARK(msgpack_to_json);

void check_items_of_packet(benchmark::State& state) {
  const Buffer input = packed(packet);
  for (auto _ : state) {
    benchmark::DoNotOptimize(check_items(input.bytes(), 1));
  }
}
BENCHMARK(check_items_of_packet);

void broadcast_encode(benchmark::State& state) {
  const Buffer data = packed(event);
  const std::vector<Room> rooms{"room-17"};
  broadcast::Outgoing message;
  message.data = data.bytes();
  message.rooms = rooms;
  Buffer out;
  for (auto _ : state) {
    out.clear();
    broadcast::encode(out, message);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(broadcast_encode);

void broadcast_decode(benchmark::State& state) {
  const Buffer input = broadcast_message();
  for (auto _ : state) {
    benchmark::DoNotOptimize(broadcast::decode(input.bytes()));
  }
}
BENCHMARK(broadcast_decode);

}  // namespace

BENCHMARK_MAIN();
