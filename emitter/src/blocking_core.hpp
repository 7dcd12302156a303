#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <socketio/emitter/options.hpp>
#include <socketio/redis/client.hpp>

#include "publish_router.hpp"

namespace socketio::emitter {

/// Emitter with its own loop, which runs inside the calls, under a lock.
class BlockingCore final : public Outlet, private EmitListener {
 public:
  BlockingCore(redis::Options redis, EmitterOptions options);
  ~BlockingCore() override;

  EmitId publish(const Operation& operation) override;

  std::string connect(std::uint64_t timeout_ms);
  EmitSummary flush(std::uint64_t timeout_ms);
  void poll();
  void use_fleet(const EmitterOptions& fleet);
  bool with_client(const std::function<void(redis::Client&)>& ask, const std::function<bool()>& done, std::uint64_t timeout_ms);
  EmitSummary close(std::uint64_t timeout_ms);

  EmitSummary totals();
  redis::Counters redis_counters();
  redis::State state();
  [[nodiscard]] const EmitterOptions& options() const noexcept { return options_; }

 private:
  /// An ended emit that is not reported to `on_result` yet.
  struct Ended {
    EmitResult result;
    std::string message;
  };
  /// State that belongs to one process: a forked child gets its own.
  struct State;
  class Turn;

  void begin_in_child();
  void leave_state_to_parent();
  EmitId end_selected_nobody();
  void on_emit_ended(EmitId tag, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                     std::string_view message) override;
  bool wait_for_room(std::size_t bytes);
  void notify(const EmitResult& result) const;
  void log_error(std::string_view message, std::string_view detail) const;
  EmitSummary flush_locked(std::uint64_t timeout_ms);

  EmitterOptions options_;
  const redis::Options redis_;
  unsigned forks_;  ///< fork_count() of the process that the state belongs to
  std::atomic<bool> closing_ = false;
  std::unique_ptr<State> state_;
  EmitId last_id_ = 0;
};

}  // namespace socketio::emitter
