#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/adapter/bus.hpp>
#include <socketio/redis/client.hpp>

#include "stream_id.hpp"

namespace socketio::adapter {

/// Reads one stream by a connection of its own, which waits in XREAD.
///
///   finding   asks for the last entry, and begins behind it: nothing that comes later is missed
///   reading   XREAD from the last entry heard, again and again
///
/// After a connection was lost, and whenever the stream was silent, it looks whether the stream went backwards: a Redis that
/// came back with older data, or none. Then it goes on behind what is there.
class RedisStreamReader final : public StreamReader {
 public:
  RedisStreamReader(Loop& loop, redis::Options options, const StreamReading& reading, StreamListener& listener);
  ~RedisStreamReader() override;
  [[nodiscard]] std::string_view position() const noexcept override { return position_text_; }

  /// From now on no entry is missed.
  [[nodiscard]] bool is_reading() const noexcept { return reading_; }
  /// Why it did not go on reading the last time; empty when nothing has failed.
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }
  /// Called when that changes, with each new reason, and at the end.
  void on_change(std::function<void(bool ended, std::string_view why)> changed) { changed_ = std::move(changed); }

 private:
  /// The question that Redis owes an answer to: never two.
  enum class Asked : std::uint8_t { nothing, position, entries };

  void go_on();
  void find_position();
  [[nodiscard]] bool is_answered(const redis::CommandResult& result);
  void took_last_entry(const redis::CommandResult& result);
  void read();
  void took_entries(const redis::CommandResult& result);
  void hear(const redis::Reply& entries);
  void go_to(const StreamId& id);
  void try_again_later(std::string_view why);
  void set_reading(bool reading, std::string_view why);

  Loop& loop_;
  StreamReading settings_;
  StreamListener& listener_;
  std::function<void(bool, std::string_view)> changed_;
  StreamId position_{0, 0};
  std::string position_text_;
  bool knows_position_ = false;
  bool reading_ = false;
  std::string last_error_;
  Asked asked_ = Asked::nothing;
  std::uint64_t retry_ = 0;  ///< a timer of the loop
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  redis::Client client_;  ///< last: it ends what waits for the others
};

}  // namespace socketio::adapter
