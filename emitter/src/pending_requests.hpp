#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <socketio/common/gather.hpp>
#include <socketio/emitter/asking.hpp>
#include <socketio/fleet/message.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::emitter {

/// A pending request. `take` and `done` are set by the caller and build the result.
struct PendingRequest {
  fleet::Request::Kind kind = fleet::Request::Kind::sockets;
  Target target;
  Buffer event;  ///< acks, server_side: packed [event, args...]
  asking::Options options;
  /// Adds a response to the result. Returns false for a response that is not counted: a duplicate, or one of the wrong kind.
  std::function<bool(const fleet::Message& response, std::uint64_t after_ms)> take;
  std::function<void(asking::Answered)> done;
  /// Set for a request that channel names can satisfy: receives the names, and no server is asked.
  std::function<void(std::vector<std::string>)> take_names;

  std::string id;
  bool asked = false;
  bool published = false;  ///< Redis has accepted the request
  asking::Answered answered;
  Gather gather;
  std::size_t bytes = 0;
  std::vector<std::string> listed;  ///< servers whose response channels existed shortly before the deadline
  std::uint64_t began_ms = 0;
  std::uint64_t asked_ms = 0;
  Loop::TimerId deadline = 0;
  Loop::TimerId listing = 0;

  [[nodiscard]] fleet::Request view() const noexcept { return {kind, id, target, event.bytes()}; }
};

/// The requests that have not ended, by number, and the responses to them. Each ends once; its `done` may destroy this.
class PendingRequests {
 public:
  using Number = std::uint64_t;

  explicit PendingRequests(Loop& loop) : loop_(loop) {}

  Number add(std::unique_ptr<PendingRequest> request);
  /// Null when the request has ended.
  [[nodiscard]] PendingRequest* find(Number number);
  [[nodiscard]] bool empty() const noexcept { return requests_.empty(); }
  /// The requests that have not been sent and fulfil a condition, in their order.
  [[nodiscard]] std::vector<Number> unsent(const std::function<bool(const PendingRequest&)>& which) const;

  /// Passes on responses with its id from now on.
  void await_responses(Number number);
  void on_response(const fleet::Message& response, std::size_t bytes);
  /// Sets the error of requests whose responses may be lost.
  void on_responses_lost(const std::string& why);

  /// Ends the request when it is complete.
  void check(Number number);
  /// Ends the request with what was received.
  void finish(Number number);
  void fail(Number number, std::string why);
  /// Fails the requests that have not been sent and fulfil a condition.
  void fail_unsent(const std::function<bool(const PendingRequest&)>& which, const std::string& why);
  void fail_all(const std::string& why);

 private:
  Loop& loop_;
  std::map<Number, std::shared_ptr<PendingRequest>> requests_;  // shared: a callback may end the request that calls it
  std::unordered_map<std::string, Number> by_id_;
  Number last_number_ = 0;
};

}  // namespace socketio::emitter
