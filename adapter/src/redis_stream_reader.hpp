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

/// Reads one stream with its own connection, which waits in XREAD.
///
///   finding   requests the last entry, and begins after it: no later entry is missed; checks that XREAD is allowed
///   reading   repeats XREAD from the last entry received
///
/// After a connection was lost, and whenever an XREAD returns no entries, it checks whether the stream went backwards, because
/// Redis restarted with older data or none. Then it continues after the last entry that exists.
class RedisStreamReader final : public StreamReader {
 public:
  RedisStreamReader(Loop& loop, redis::Options options, const StreamReading& reading, StreamListener& listener);
  ~RedisStreamReader() override;
  [[nodiscard]] std::string_view position() const noexcept override { return position_text_; }

  /// True when no later entry is missed.
  [[nodiscard]] bool is_reading() const noexcept { return reading_; }
  /// Reason of the last interruption; empty when nothing has failed.
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }
  /// Sets the function that is called when is_reading() changes, with each new reason, and at destruction (`ended`).
  void on_change(std::function<void(bool ended, std::string_view why)> changed) { changed_ = std::move(changed); }

 private:
  /// Command whose reply is pending: one at most.
  enum class Asked : std::uint8_t { nothing, position, entries };

  void go_on();
  void find_position();
  void ask_whether_allowed();
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
  std::string refusal_;  ///< why Redis refuses XREAD; empty when it does not
  Asked asked_ = Asked::nothing;
  std::uint64_t retry_ = 0;  ///< a timer of the loop
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  redis::Client client_;  ///< last: its destructor ends pending commands, which use the other members
};

}  // namespace socketio::adapter
