#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <socketio/common/log.hpp>
#include <socketio/emitter/output_limits.hpp>
#include <socketio/emitter/throttle.hpp>
#include <socketio/redis/client.hpp>

#include "emit_counters.hpp"
#include "publish_router.hpp"

namespace socketio::emitter {

/// Slows the blocking emitter down to the speed of the servers. Asks over the emitter's own connection, so that a reply comes
/// after those to all emits before it.
class ServerPace final : private Throttle::Host {
 public:
  /// The references outlive it. `wait_ms`  see EmitterOptions::slow_server_wait. `closing`  set by another thread: ends a wait.
  ServerPace(Loop& loop, redis::Client& client, const PublishRouter& router, EmitCounters& emits, const Log& log,
             std::uint32_t wait_ms, const std::atomic<bool>& closing);

  /// True if a message may be sent without a look at the servers.
  [[nodiscard]] bool is_easy(std::size_t bytes, std::uint64_t entries) const noexcept {
    return most_kept(bytes) <= easy_bytes_ && entries < entries_due_;
  }
  void sent(std::size_t bytes) noexcept { easy_bytes_ -= most_kept(bytes); }
  /// Looks at the servers, and waits until the message can be sent or the slow ones are given up. Throws Error(too_large) for a
  /// message for which Redis would disconnect every server.
  void make_room(std::size_t bytes);
  /// The fleet has changed: looks before the next message.
  void look_soon() noexcept;

 private:
  /// At least the memory that Redis needs to buffer the message, by a cheap formula.
  [[nodiscard]] static std::uint64_t most_kept(std::size_t bytes) noexcept { return bytes + bytes / 4 + overhead_bytes; }
  static constexpr std::uint64_t overhead_bytes = 128;

  bool learn_limits();
  void refuse_too_large(std::size_t bytes, std::uint64_t kept) const;
  void account();
  void give_up();
  void note(std::string sentence);
  bool run(const std::function<bool()>& done, std::chrono::milliseconds timeout);

  [[nodiscard]] Throttle::Fleet fleet() const override;
  bool read(Readers& readers, std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool may_read() const override { return may_read_; }
  [[nodiscard]] bool is_connected() override;
  [[nodiscard]] std::uint64_t under_way_bytes() override { return 0; }
  void make_way(std::chrono::milliseconds) override {}
  bool settle() override;
  bool pause(std::chrono::milliseconds time) override;
  [[nodiscard]] bool is_interrupted() const override { return closing_; }
  void on_blind() override;

  Loop& loop_;
  redis::Client& client_;
  const PublishRouter& router_;
  EmitCounters& emits_;
  const Log& log_;
  const std::chrono::milliseconds wait_;
  const std::atomic<bool>& closing_;
  Throttle throttle_;
  std::optional<OutputLimits> limits_;
  std::shared_ptr<const ReadersAnswer> asked_;  ///< a question that was not answered in time
  bool may_read_ = true;
  std::uint64_t easy_bytes_;
  std::uint64_t granted_bytes_;     ///< `easy_bytes_` after the last look
  std::uint64_t entries_seen_ = 0;  ///< number of entries at the last look
  std::uint64_t entries_due_;       ///< number of entries at which the next look is due
};

}  // namespace socketio::emitter
