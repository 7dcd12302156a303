#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <socketio/emitter/options.hpp>
#include <socketio/redis/client.hpp>

#include "emit_counters.hpp"
#include "publish_router.hpp"

namespace socketio::emitter {

using FlushDone = std::function<void(const EmitSummary&)>;

/// Emitter on the application's loop. Kept alive by its callbacks while they run, so that one of them may destroy the emitter.
class LoopCore final : public Outlet, private EmitListener, public std::enable_shared_from_this<LoopCore> {
 public:
  LoopCore(Loop& loop, redis::Options redis, EmitterOptions options);
  ~LoopCore() override;

  EmitId publish(const Operation& operation) override;

  void flush(std::uint64_t timeout_ms, FlushDone done);
  void close(std::uint64_t timeout_ms, FlushDone done);

  [[nodiscard]] const EmitterOptions& options() const noexcept { return options_; }
  [[nodiscard]] const EmitCounters& emits() const noexcept { return emits_; }
  [[nodiscard]] redis::Client& client() noexcept { return *client_; }

 private:
  /// A flush() that waits for the emits made before it.
  struct PendingFlush {
    EmitId last_id;
    std::uint64_t waiting;
    FlushDone done;
    Loop::TimerId deadline;
  };

  void end_selected_nobody_later(EmitId id);
  void end_selected_nobody();
  void notify(const EmitResult& result);
  void on_emit_ended(EmitId tag, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                     std::string_view message) override;
  void on_nothing_held() override;
  void close_client(std::uint64_t timeout_ms);
  void finish_flush(std::list<PendingFlush>::iterator flush);
  void finish_close();
  EmitSummary take_summary();

  EmitterOptions options_;
  redis::Log log_;
  Loop& loop_;
  const bool is_cluster_;
  PublishRouter router_;
  EmitCounters emits_;
  std::optional<redis::Client> client_;  // empty while the destructor ends pending emits
  std::list<PendingFlush> flushes_;
  std::vector<EmitId> selected_nobody_;  ///< emits with an empty list of rooms, which end in the loop's next turn
  std::vector<FlushDone> close_dones_;  ///< of each close() so far
  Loop::TimerId held_timer_ = 0;  ///< while close() waits for emits whose transport is not known
  std::uint64_t close_due_ms_ = 0;
  EmitId last_id_ = 0;
  bool closed_ = false;
  bool client_closed_ = false;
};

}  // namespace socketio::emitter
