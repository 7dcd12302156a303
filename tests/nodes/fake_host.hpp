#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/room_index.hpp>

#include "fake_time.hpp"
#include "support/golden.hpp"

namespace nodes {

using socketio::Buffer;
using socketio::Bytes;
using socketio::adapter::AckListener;
using socketio::adapter::Selection;

/// A client's socket that records what it receives.
class FakeSocket final : public socketio::adapter::Member {
 public:
  explicit FakeSocket(std::string id) : Member(std::move(id)) {}

  std::vector<golden::Json> received;  ///< each a list: the packet's text, then its attachments in hexadecimal
  std::string handshake = R"({"address":"127.0.0.1","auth":{}})";  ///< JSON, as is `data`
  std::string data = "{}";
  std::optional<Buffer> packed_data;  ///< instead of `data`, for values that JSON cannot represent
  bool disconnected = false;
  bool closed = false;
  /// The ack that it sends, as a JSON array; empty: it never sends one.
  std::optional<std::string> answer;
  std::uint64_t answers_after_ms = 0;
  /// Pending requests for its ack.
  std::vector<std::shared_ptr<AckListener>> asked;

  /// Sends a packed array as the ack to all of them.
  void acknowledge(Bytes array);
};

/// Sockets on one loop. With `late_ms`, it responds to requests only after that time, like a shard of another loop.
class FakeShard final : public socketio::adapter::Shard {
 public:
  explicit FakeShard(FakeTime& time) : time_(time) {}
  ~FakeShard() override;

  FakeSocket& add(std::string id, std::initializer_list<std::string_view> rooms = {});
  void remove(FakeSocket& socket);
  [[nodiscard]] std::vector<std::string> rooms_of(const FakeSocket& socket) const;
  socketio::adapter::RoomIndex& index() noexcept { return index_; }

  std::optional<std::uint64_t> late_ms;
  std::size_t delivery_count = 0;  ///< events given to it

  void apply(const socketio::adapter::ShardOperation& operation) override;
  void deliver_with_ack(const Selection& selection, Bytes data, const socketio::Flags& flags, std::uint64_t ack_id,
                        std::shared_ptr<AckListener> listener) override;
  void fetch(const Selection& selection, socketio::adapter::Form form,
             std::function<void(socketio::adapter::Sockets)> done) override;
  void rooms(std::function<void(std::vector<std::string>)> done) override;
  [[nodiscard]] bool has_room(std::string_view room) const override { return index_.has_room(room); }
  void set_observer(socketio::adapter::RoomObserver* observer) override { index_.set_observer(observer); }

 private:
  void answer_now_or_late(std::function<void()> answer);

  FakeTime& time_;
  socketio::adapter::RoomIndex index_;
  std::vector<std::unique_ptr<FakeSocket>> sockets_;
};

/// Generates the ids that a test needs, from characters of ids::make_short()'s alphabet, and then bytes by seed.
class GivenRandom final : public socketio::Random {
 public:
  explicit GivenRandom(std::uint64_t seed) : dice_(seed) {}
  void give(std::string_view short_id);
  /// As give(), for ids::make_hex().
  void give_hex(std::string_view hex_id);
  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::vector<std::uint8_t> given_;
  Dice dice_;
};

/// A namespace with shards.
class FakeHost final : public socketio::adapter::Host {
 public:
  FakeHost(FakeTime& time, std::string nsp, std::uint64_t seed, std::size_t shard_count = 1);

  [[nodiscard]] std::string_view nsp() const override { return nsp_; }
  [[nodiscard]] std::span<socketio::adapter::Shard* const> shards() override { return shards_; }
  [[nodiscard]] socketio::adapter::Scheduler& scheduler() override { return time_; }
  [[nodiscard]] GivenRandom& random() override { return random_; }
  [[nodiscard]] const socketio::adapter::RecoveryOptions& recovery() const override { return recovery_; }
  [[nodiscard]] std::uint64_t next_ack_id() override { return ack_id_++; }
  void on_server_side_event(Bytes data, std::function<bool(Bytes array)> answer) override;

  FakeShard& shard(std::size_t index = 0) { return *own_shards_[index]; }
  void start_ack_ids_at(std::uint64_t id) { ack_id_ = id; }
  void keep_sessions_for_ms(std::uint32_t duration_ms) {
    recovery_.enabled = true;
    recovery_.max_disconnection = std::chrono::milliseconds(duration_ms);
  }

  std::vector<std::string> events;          ///< from other servers, as JSON
  std::optional<std::string> event_answer;  ///< a JSON array that it sends at once; empty: it keeps the request open
  std::vector<std::function<bool(Bytes)>> open_questions;

 private:
  FakeTime& time_;
  std::string nsp_;
  GivenRandom random_;
  std::vector<std::unique_ptr<FakeShard>> own_shards_;
  std::vector<socketio::adapter::Shard*> shards_;
  socketio::adapter::RecoveryOptions recovery_;
  std::uint64_t ack_id_ = 0;
};

/// JSON text as msgpack.
Buffer packed(std::string_view json);
/// Msgpack as JSON text.
std::string json(Bytes packed);

}  // namespace nodes
