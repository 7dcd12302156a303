// The hot paths, one at a time, for counting their instructions: hot_paths NAME COUNT [URL].
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/adapter/classic.hpp>
#include <socketio/adapter/room_index.hpp>
#include <socketio/emitter/encoder.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/redis/client.hpp>

namespace {

using namespace socketio;

/// 210 bytes of JSON, 154 of msgpack.
constexpr std::string_view packet =
    R"({"type":2,"data":["chat message",{"from":"user-48213","to":"room-17","text":"Hello, wörld! How are you today?",)"
    R"("ts":1718291823123,"seq":48213,"score":3.14159,"ok":true,"tags":["a","b"],"meta":null}],"nsp":"/"})";

Buffer packed(std::string_view json) {
  Buffer out;
  if (!transcode::json_to_msgpack(json, out).ok()) {
    std::abort();
  }
  return out;
}

void json_to_msgpack(std::uint64_t count) {
  Buffer out;
  for (; count != 0; --count) {
    out.clear();
    if (!transcode::json_to_msgpack(packet, out).ok()) {
      std::abort();
    }
  }
}

void msgpack_to_json(std::uint64_t count) {
  const Buffer input = packed(packet);
  Buffer out;
  for (; count != 0; --count) {
    out.clear();
    if (!transcode::msgpack_to_json(input.bytes(), out).ok()) {
      std::abort();
    }
  }
}

/// An event with 100 bytes of text, as `Emitter::emit` encodes it.
void encode_event(std::uint64_t count) {
  const Buffer data = packed(R"(["msg",")" + std::string(100, 'x') + R"("])");
  Target target;
  target.rooms = {Room("room1")};
  Encoder encoder;
  std::size_t bytes = 0;
  for (; count != 0; --count) {
    bytes += encoder.encode(Operation::emit(target, data.bytes())).payload.size();
  }
  if (bytes == 1) {
    std::abort();
  }
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

/// Keeps the listeners, and says nothing.
class QuietBus final : public adapter::Bus {
 public:
  void publish(redis::SubscriptionKind, std::string_view, Bytes) override {}
  void subscribe(redis::SubscriptionKind, std::string_view name, redis::MessageListener& listener) override {
    listeners[std::string(name)] = &listener;
  }
  void unsubscribe(redis::SubscriptionKind, std::string_view) override {}
  void count_subscribers(redis::SubscriptionKind, std::string_view,
                         std::function<void(std::optional<std::size_t>)> done) override {
    done(std::nullopt);
  }
  void command(std::span<const std::string_view>, redis::CommandDone done) override { done({}); }
  std::unique_ptr<adapter::StreamReader> read_stream(const adapter::StreamReading&, adapter::StreamListener&) override {
    return nullptr;
  }

  std::map<std::string, redis::MessageListener*> listeners;
};

class StandingClock final : public adapter::Scheduler {
 public:
  [[nodiscard]] std::uint64_t now_ms() const override { return 1; }
  [[nodiscard]] std::int64_t wall_ms() const override { return 1; }
  TimerId call_after(std::chrono::milliseconds, std::function<void()>) override { return 1; }
  void cancel(TimerId) override {}
};

/// A shard that selects its sockets, and writes nothing.
class SelectingShard final : public adapter::Shard {
 public:
  void apply(const adapter::ShardOperation& operation) override { selected += index.collect(operation.selection).size(); }
  void deliver_with_ack(const adapter::Selection&, Bytes, const Flags&, std::uint64_t,
                        std::shared_ptr<adapter::AckListener>) override {}
  void fetch(const adapter::Selection&, adapter::Form, std::function<void(adapter::Sockets)> done) override { done({}); }
  void rooms(std::function<void(std::vector<std::string>)> done) override { done({}); }
  void set_observer(adapter::RoomObserver* observer) override { index.set_observer(observer); }
  [[nodiscard]] bool has_room(std::string_view room) const override { return index.has_room(room); }

  adapter::RoomIndex index;
  std::size_t selected = 0;
};

class OneShard final : public adapter::Host {
 public:
  [[nodiscard]] std::string_view nsp() const override { return "/"; }
  [[nodiscard]] std::span<adapter::Shard* const> shards() override { return {&shard_, 1}; }
  [[nodiscard]] adapter::Scheduler& scheduler() override { return clock_; }
  [[nodiscard]] Random& random() override { return loop_.random(); }
  [[nodiscard]] const adapter::RecoveryOptions& recovery() const override { return recovery_; }
  [[nodiscard]] std::uint64_t next_ack_id() override { return 0; }
  void on_server_side_event(Bytes, std::function<bool(Bytes)>) override {}

  SelectingShard sockets;

 private:
  adapter::Shard* shard_ = &sockets;
  StandingClock clock_;
  Loop loop_;
  adapter::RecoveryOptions recovery_;
};

struct Socket final : adapter::Member {
  Socket() : Member("abcdefghijklmnopqrst") {}
};

/// A broadcast of another server to one room, `room` here being the one that somebody is in.
void receive(std::uint64_t count, std::string_view room) {
  const auto bus = std::make_shared<QuietBus>();
  OneShard host;
  Socket member;
  host.sockets.index.add(member);
  host.sockets.index.join(member, room);
  const auto adapter = classic_adapter(bus)(host);
  redis::MessageListener& listener = *bus->listeners.at("socket.io#/#*");

  const Buffer data = packed(R"(["msg",")" + std::string(100, 'x') + R"("])");
  const std::vector<Room> rooms{Room("room1")};
  broadcast::Outgoing message;
  message.data = data.bytes();
  message.rooms = rooms;
  Buffer payload;
  broadcast::encode(payload, message);
  for (std::uint64_t left = count; left != 0; --left) {
    listener.on_message("socket.io#/#room1#", payload.bytes());
  }
  if (host.sockets.selected != (room == "room1" ? count : 0)) {
    std::abort();
  }
  host.sockets.index.remove(member);
}

void receive_for_absent_room(std::uint64_t count) { receive(count, "another room"); }
void receive_for_one_socket(std::uint64_t count) { receive(count, "room1"); }

// ---- publishing ------------------------------------------------------------------------------------------------------------

/// 100 bytes to one channel, 1024 under way, each answer read and counted.
void publish(std::uint64_t count, const std::string& url) {
  struct Answers final : redis::PublishListener {
    void on_published(std::uint64_t, redis::Outcome outcome, std::int64_t, std::string_view) override {
      good += outcome == redis::Outcome::ok ? 1 : 0;
    }
    std::uint64_t good = 0;
  };
  Loop loop;
  redis::Options options = redis::parse_url(url);
  options.in_flight_max = 1024;
  Answers answers;
  redis::Client client(loop, options);
  client.connect();
  loop.run_until([&] { return client.state() == redis::State::ready; }, std::chrono::seconds(10));
  const std::vector<std::uint8_t> payload(100, 'x');
  std::uint64_t given = 0;
  const auto batch = [&] {
    while (given < count && given - answers.good < 1024) {
      client.publish("socket.io#/#room1#", payload, answers, ++given);
    }
    client.flush();
    return answers.good == count;
  };
  if (!loop.run_until(batch, std::chrono::seconds(60))) {
    std::abort();
  }
  client.close(std::chrono::milliseconds(0));
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string_view, void (*)(std::uint64_t)> paths = {
      {"json_to_msgpack", json_to_msgpack},
      {"msgpack_to_json", msgpack_to_json},
      {"encode_event", encode_event},
      {"receive_for_absent_room", receive_for_absent_room},
      {"receive_for_one_socket", receive_for_one_socket},
  };
  if (argc < 3) {
    std::cerr << "usage: hot_paths NAME COUNT [URL]\n";
    return 1;
  }
  const std::uint64_t count = std::stoull(argv[2]);
  if (const auto found = paths.find(argv[1]); found != paths.end()) {
    found->second(count);
  } else if (argc == 4 && std::string_view(argv[1]) == "publish") {
    publish(count, argv[3]);
  } else {
    std::cerr << "hot_paths: no such path: " << argv[1] << '\n';
    return 1;
  }
}
