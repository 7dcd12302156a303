#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pending_request.hpp"

namespace socketio::adapter {

/// The requests of a server to the others that are pending, by id, and the responses to them.
///
/// `responder` is the uid of the responding server, in families that send it; a second response of the same server is ignored.
/// A response that does not fit the request is malformed.
class PendingRequests {
 public:
  PendingRequests(Scheduler& scheduler, AdapterCounters& counters) : scheduler_(scheduler), counters_(counters) {}
  /// Ends requests for acks; drops the others.
  ~PendingRequests();
  PendingRequests(const PendingRequests&) = delete;
  PendingRequests& operator=(const PendingRequests&) = delete;

  std::shared_ptr<PendingRequest> add(std::string id, RequestKind kind, PendingRequest::Done done, AckArrived arrived = {});
  /// Ends all with the results received so far.
  void end_all();

  [[nodiscard]] bool empty() const noexcept { return requests_.empty(); }
  /// Kind of the request that is pending under this id.
  [[nodiscard]] std::optional<RequestKind> kind_of(std::string_view id) const;

  /// `sockets`  a packed array of {id, handshake, rooms, data}; other elements are skipped.
  void on_sockets(std::string_view id, std::string_view responder, Bytes sockets);
  void on_rooms(std::string_view id, std::string_view responder, std::vector<std::string> rooms);
  void on_server_side_answer(std::string_view id, std::string_view responder, Bytes value);
  void on_client_count(std::string_view id, std::string_view responder, std::uint64_t count);
  /// `value`  the first argument of the client's ack; empty when it had none.
  void on_ack(std::string_view id, Bytes value);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  /// Returns the request, if it is of that kind and this is the responder's first response.
  std::shared_ptr<PendingRequest> take(std::string_view id, std::string_view responder, RequestKind kind);

  Scheduler& scheduler_;
  AdapterCounters& counters_;
  std::unordered_map<std::string, std::shared_ptr<PendingRequest>, Hash, std::equal_to<>> requests_;
};

}  // namespace socketio::adapter
