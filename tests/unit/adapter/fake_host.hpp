#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/value.hpp>

// What an adapter stands on, in the hands of a test: time that moves when it is told, and shards that write down what they are
// asked.
namespace fake {

using namespace socketio;

class Scheduler final : public adapter::Scheduler {
 public:
  [[nodiscard]] std::uint64_t now_ms() const override { return now_ms_; }
  [[nodiscard]] std::int64_t wall_ms() const override { return wall_ms_; }
  TimerId call_after(std::chrono::milliseconds after, std::function<void()> function) override;
  void cancel(TimerId timer) override;

  /// Lets time pass, and what is due be called.
  void advance(std::uint64_t by_ms);
  void set_wall_ms(std::int64_t wall_ms) { wall_ms_ = wall_ms; }
  [[nodiscard]] std::size_t timer_count() const noexcept { return timers_.size(); }

 private:
  std::uint64_t now_ms_ = 1'000;
  std::int64_t wall_ms_ = 1'700'000'000'000;
  TimerId last_id_ = 0;
  std::map<std::pair<std::uint64_t, TimerId>, std::function<void()>> timers_;  ///< by when they are due
};

/// "rooms a,b except c", as a text.
std::string text_of(const adapter::Selection& selection);

class Shard final : public adapter::Shard {
 public:
  struct Asked {
    std::uint64_t ack_id;
    std::uint32_t timeout_ms;
    std::shared_ptr<adapter::AckListener> listener;
  };

  void apply(const adapter::ShardOperation& operation) override;
  void deliver_with_ack(const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                        std::shared_ptr<adapter::AckListener> listener) override;
  void fetch(const adapter::Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) override;
  void rooms(std::function<void(std::vector<std::string>)> done) override { done(room_names); }
  void set_observer(adapter::RoomObserver*) override {}
  [[nodiscard]] bool has_room(std::string_view) const override { return true; }

  std::size_t client_count = 0;  ///< how many it says it has asked
  std::vector<std::string> room_names;
  std::vector<std::string> socket_names;
  std::vector<std::string> calls;
  std::vector<Asked> asked;
  std::function<void()> on_deliver;
};

class Host final : public adapter::Host, public Random {
 public:
  explicit Host(std::size_t shard_count = 1, const adapter::RecoveryOptions& recovery = {});

  [[nodiscard]] std::string_view nsp() const override { return "/"; }
  [[nodiscard]] std::span<adapter::Shard* const> shards() override { return pointers_; }
  [[nodiscard]] adapter::Scheduler& scheduler() override { return time; }
  [[nodiscard]] Random& random() override { return *this; }
  [[nodiscard]] const adapter::RecoveryOptions& recovery() const override { return recovery_; }
  [[nodiscard]] std::uint64_t next_ack_id() override { return next_ack_id_++; }
  void on_server_side_event(Bytes, std::function<bool(Bytes)>) override {}
  void fill(std::span<std::uint8_t> bytes) override;

  Scheduler time;
  std::vector<std::unique_ptr<Shard>> shard;

 private:
  std::vector<adapter::Shard*> pointers_;
  adapter::RecoveryOptions recovery_;
  std::uint64_t next_ack_id_ = 0;
};

/// A packed [event, args...].
template <typename... Args>
Buffer event(const EventName& name, const Args&... args) {
  Buffer packed;
  arguments::pack_event(packed, name, args...);
  return packed;
}
/// Any packed array as JSON.
std::string json(Bytes packed);

}  // namespace fake
