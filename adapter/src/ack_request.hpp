#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/shard.hpp>

namespace socketio::adapter {

/// One broadcast that waits for acks, whoever gives them: it is over when everybody who was to tell how many clients he asked
/// has told, and so many acks have come; or at its deadline. Its timers own it: destroying it leaves none behind.
class AckRequest final : public AckListener, public std::enable_shared_from_this<AckRequest> {
 public:
  AckRequest(Scheduler& scheduler, AckArrived arrived, AckDone done);

  /// The deadline runs from now.
  void start(std::uint64_t timeout_ms);
  /// How many are to tell: shards and servers. Not over before this is known.
  void expect(std::size_t reports);
  void on_clients(std::size_t count) override;
  void on_ack(Bytes arguments) override;
  /// Ends with what came so far. Where everything has come and only the telling is left, tells it.
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
