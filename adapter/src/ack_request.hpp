#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/shard.hpp>

namespace socketio::adapter {

/// One broadcast that waits for acks from clients here and on other servers. It completes when every expected report of the
/// number of clients asked has arrived, and that many acks; or at its deadline. Its timers own it: none is left when it is
/// destroyed.
class AckRequest final : public AckListener, public std::enable_shared_from_this<AckRequest> {
 public:
  AckRequest(Scheduler& scheduler, AckArrived arrived, AckDone done);

  /// Starts the deadline.
  void start(std::uint64_t timeout_ms);
  /// Sets the number of expected reports: shards and servers. The request does not complete before this is known.
  void expect(std::size_t reports);
  void on_clients(std::size_t count) override;
  void on_ack(Bytes arguments) override;
  /// Ends with the acks received so far. A complete request whose result is not passed on yet is not marked as timed out.
  void give_up();

 private:
  void check();
  void finish();

  Scheduler& scheduler_;
  AckArrived arrived_;
  AckDone done_;
  AckSummary summary_;
  std::size_t reports_ = 0;
  std::size_t reports_expected_ = 0;
  bool expectation_known_ = false;
  bool finished_ = false;
  Scheduler::TimerId timer_ = 0;
};

}  // namespace socketio::adapter
