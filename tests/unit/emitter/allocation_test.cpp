// What an emit costs in allocations, once the memory that is kept has been made: nothing.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/emitter.hpp>
#include <support/allocations.hpp>

#include "../redis/fake_redis.hpp"

namespace allocation_test {

using namespace std::chrono_literals;
using socketio::Bytes;
using socketio::EmitId;
using socketio::Encoder;
using socketio::Room;
using socketio::Target;

namespace {

/// Encodes like an emitter, and sends nothing.
class EncodingOutlet final : public socketio::Outlet {
 public:
  EmitId publish(const socketio::Operation& operation) override {
    const auto publication = encoder_.encode(operation);
    bytes_ += publication.channel.size() + publication.payload.size();
    return ++count_;
  }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  Encoder encoder_;
  std::uint64_t bytes_ = 0;
  EmitId count_ = 0;
};

/// Few enough for the buffers of a socket, so that a slow test machine makes no difference.
constexpr int emits = 200;

/// Calls the function `emits` times to warm up, and again: what the second time allocates in all.
template <typename Function>
std::uint64_t allocations_of(const Function& function) {
  for (int count = 0; count < emits; ++count) {
    function(count);
  }
  const std::uint64_t before = allocations::count();
  for (int count = 0; count < emits; ++count) {
    function(count);
  }
  return allocations::count() - before;
}

const std::string text(100, 'x');

}  // namespace

TEST_CASE("allocations: each of them is counted") {
  const std::uint64_t before = allocations::count();
  const auto number = std::make_unique<int>(1);
  CHECK(allocations::count() == before + 1);
  std::vector<char> bytes(1'000, 'x');
  CHECK(allocations::count() == before + 2);
  socketio::Buffer buffer;
  buffer.append(socketio::as_bytes(text));
  CHECK(allocations::count() == before + 3);
}

TEST_CASE("allocations: encoding an event to one room makes none") {
  EncodingOutlet outlet;
  const socketio::NamespaceEmitter io(outlet, Target{});
  const socketio::TargetedEmitter kitchen = io.to("kitchen");
  CHECK(allocations_of([&](int number) { kitchen.emit("order", number, "tea", 2.5, true, nullptr, text); }) == 0);
  CHECK(outlet.bytes() > 2 * emits * text.size());
}

TEST_CASE("allocations: neither do rooms, exceptions, flags and JSON") {
  EncodingOutlet outlet;
  const socketio::NamespaceEmitter io = socketio::NamespaceEmitter(outlet, Target{}).of("/a-namespace-with-a-long-name");
  const socketio::TargetedEmitter chosen =
      io.to({"a room with a name that is stored apart", Room::number(7)}).except("night").volatile_().compress(false);
  CHECK(allocations_of([&](int number) { chosen.emit("order", number, text); }) == 0);
  CHECK(allocations_of([&](int) { chosen.emit("order", socketio::Json{R"({"drink":["tea",1.5,{"milk":null}]})"}); }) == 0);
}

TEST_CASE("allocations: choosing one room anew for each emit costs one") {
  EncodingOutlet outlet;
  const socketio::NamespaceEmitter io(outlet, Target{});
  CHECK(allocations_of([&](int number) { io.to("kitchen").emit("order", number); }) == emits);
}

TEST_CASE("allocations: the blocking emitter sends and accounts without any") {
  fake::Redis server([](fake::Connection& connection, int) {
    for (bool open = true; open;) {  // answers come late, as many as possible wait for them
      for (int count = 0; count < emits; ++count) {
        open = !connection.command().empty();
      }
      for (int count = 0; open && count < emits; ++count) {
        connection.send(":1\r\n");
      }
    }
  });
  socketio::Emitter io(server.url());
  REQUIRE(io.connect(10s) == "");
  const socketio::TargetedEmitter kitchen = io.to("kitchen");
  const auto emit_all = [&] {
    for (int number = 0; number < emits; ++number) {
      kitchen.emit("order", number, "tea", text);
    }
  };
  emit_all();
  REQUIRE(io.flush(10s).confirmed == emits);
  emit_all();
  REQUIRE(io.flush(10s).confirmed == emits);

  const std::uint64_t before = allocations::count();
  emit_all();
  CHECK(allocations::count() == before);
  REQUIRE(io.flush(10s).confirmed == emits);
  CHECK(allocations::count() - before < 20);  // of the flush itself, however many answers it reads
}

}  // namespace allocation_test
