#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/shard.hpp>
#include <socketio/common/gather.hpp>

namespace socketio::adapter {

/// Kind of a request: only responses of the same kind are accepted.
enum class RequestKind : std::uint8_t { acks, sockets, rooms, server_side, server_count };

/// A request to the shards of this server and to other servers, with the results received so far. Ends once: when complete, at
/// its deadline, or when its adapter closes. Its timers own it: none is left when it is destroyed.
class PendingRequest final : public AckListener, public std::enable_shared_from_this<PendingRequest> {
 public:
  using Done = std::function<void(PendingRequest& request)>;

  PendingRequest(Scheduler& scheduler, RequestKind kind, Done done, AckArrived arrived = {});

  /// Starts the deadline.
  void start(std::uint64_t timeout_ms);
  /// Sets the number of servers that respond (for acks: servers and shards), and ends the request when it is complete. It does
  /// not complete before this is known.
  void expect(std::size_t responders);
  /// Requests the results of this server's shards.
  void collect_sockets(std::span<Shard* const> shards, const Selection& selection);
  void collect_rooms(std::span<Shard* const> shards);
  /// Counts a response of another server, whose results have been added.
  void add_response();
  void on_clients(std::size_t count) override;
  void on_ack(Bytes arguments) override;
  /// Ends with the results received so far. A complete request whose result is not passed on yet is not marked as timed out.
  void end(bool timed_out);
  /// Ends without a call of `done`.
  void cancel();

  [[nodiscard]] RequestKind kind() const noexcept { return kind_; }
  [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }
  [[nodiscard]] bool is_finished() const noexcept { return servers.is_finished(); }
  /// Number of servers that have not responded; their unknown number counts as one.
  [[nodiscard]] std::size_t missing() const noexcept {
    return (servers.expected() ? servers.missing() : 1) + (shards_left_ != 0 ? 1 : 0);
  }
  /// The result of a request for acks.
  [[nodiscard]] AckSummary take_acks();

  Gather servers;
  Sockets sockets;
  std::unordered_set<std::string> socket_ids;
  std::vector<std::string> rooms;
  std::vector<Buffer> answers;  ///< of servers, or acks

 private:
  void check();
  void take_shard();
  void call_done();

  Scheduler& scheduler_;
  RequestKind kind_;
  Done done_;
  AckArrived arrived_;
  std::size_t shards_left_ = 0;  ///< that have not responded yet
  bool timed_out_ = false;
  Scheduler::TimerId timer_ = 0;
};

}  // namespace socketio::adapter
