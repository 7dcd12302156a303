#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <socketio/emitter/options.hpp>
#include <socketio/redis/client.hpp>

#include "courier.hpp"
#include "ledger.hpp"

namespace socketio::emitter {

/// Emitter without a loop of the application's: a private one that runs inside the calls, under a lock.
class BlockingCore final : public Outlet, private EmitListener {
 public:
  BlockingCore(redis::Options redis, EmitterOptions options);
  ~BlockingCore() override;

  EmitId send_event(const Target& target, Bytes data) override;
  EmitId send_join(const Target& target, std::span<const Room> rooms) override;
  EmitId send_leave(const Target& target, std::span<const Room> rooms) override;
  EmitId send_disconnect(const Target& target, bool close) override;
  EmitId send_server_side(std::string_view nsp, Bytes data) override;

  std::string connect(std::uint64_t timeout_ms);
  EmitSummary flush(std::uint64_t timeout_ms);
  void poll();
  void use_fleet(const EmitterOptions& fleet);
  bool with_client(const std::function<void(redis::Client&)>& ask, const std::function<bool()>& done,
                   std::uint64_t timeout_ms);
  EmitSummary close(std::uint64_t timeout_ms);

  EmitSummary totals() const;
  redis::Counters redis_counters() const;
  redis::State state() const;
  [[nodiscard]] const EmitterOptions& options() const noexcept { return options_; }

 private:
  /// An ended emit that `on_result` has not heard of yet.
  struct Ended {
    EmitResult result;
    std::string message;
  };
  class Turn;

  EmitId send(const Operation& operation);
  EmitId end_selected_nobody();
  void on_emit_ended(EmitId id, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                     std::string_view message) override;
  void wait_for_room(std::size_t bytes);
  void tell(const EmitResult& result) const;
  void log_error(std::string_view message, std::string_view detail) const;
  EmitSummary flush_locked(std::uint64_t timeout_ms);

  mutable std::mutex lock_;
  EmitterOptions options_;
  redis::Log log_;
  std::size_t queue_bytes_max_;
  std::size_t flush_bytes_;
  Courier courier_;
  Ledger ledger_;
  Loop loop_;
  redis::Client client_;
  std::vector<Ended> ended_;
  EmitId last_id_ = 0;
  std::size_t bytes_since_poll_ = 0;
  std::size_t emits_since_poll_ = 0;
  std::uint64_t away_since_ms_ = 0;
  bool closed_ = false;
};

}  // namespace socketio::emitter
