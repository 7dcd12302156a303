#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/shard.hpp>
#include <socketio/common/gather.hpp>
#include <socketio/fleet/dialect.hpp>

namespace socketio::adapter {

/// Kind of a request: only responses of the same kind are accepted.
enum class RequestKind : std::uint8_t {
  acks,
  sockets,
  rooms,
  server_side,
  server_count,
  local,  ///< to the shards of this server only
};

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
  /// Requests the results of this server's shards; a request of kind `local` ends when all have responded.
  void collect_sockets(std::span<Shard* const> shards, const Selection& selection, Form form = Form::msgpack);
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

/// The requests of a server to the others that are pending, by id, and the responses to them.
///
/// Where responses contain the uid of their server, a second response of the same server is ignored. A response that does not
/// fit the request is malformed.
class PendingRequests final : public fleet::PendingIds {
 public:
  /// `sockets_tell_rooms`  requests for rooms get whole sockets as responses.
  PendingRequests(Scheduler& scheduler, AdapterCounters& counters, bool sockets_tell_rooms)
      : scheduler_(scheduler), counters_(counters), sockets_tell_rooms_(sockets_tell_rooms) {}
  /// Ends requests for acks; drops the others.
  ~PendingRequests() override;
  PendingRequests(const PendingRequests&) = delete;
  PendingRequests& operator=(const PendingRequests&) = delete;

  /// Adds a request with a deadline. A `timeout_ms` of 0 is no deadline; for acks it ends the request in the next turn.
  std::shared_ptr<PendingRequest> add(const std::string& id, RequestKind kind, std::uint64_t timeout_ms,
                                      PendingRequest::Done done, AckArrived arrived = {});
  /// Ends all with the results received so far.
  void end_all();

  [[nodiscard]] bool empty() const noexcept override { return requests_.empty(); }
  [[nodiscard]] bool contains(std::string_view id) const override { return requests_.contains(id); }

  /// Adds a response to its request.
  void on_response(const fleet::Message& response);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  void on_sockets(const fleet::Message& response);
  void on_rooms(const fleet::Message& response);
  void on_ack(const fleet::Message& response);
  /// Returns the request, if it is of that kind and this is the responder's first response.
  std::shared_ptr<PendingRequest> take(const fleet::Message& response, RequestKind kind);

  Scheduler& scheduler_;
  AdapterCounters& counters_;
  const bool sockets_tell_rooms_;
  std::unordered_map<std::string, std::shared_ptr<PendingRequest>, Hash, std::equal_to<>> requests_;
};

}  // namespace socketio::adapter
