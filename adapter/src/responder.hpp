#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster_link.hpp"
#include "pending_requests.hpp"

namespace socketio::adapter {

/// Performs the operations of other servers on this server's sockets, and responds to their requests.
class Responder {
 public:
  /// `link`  outlives this.
  explicit Responder(ClusterLink& link) noexcept : link_(link) {}

  /// Acts on a message that is not a response.
  void act_on(const fleet::Message& message);
  void apply(const ShardOperation& operation);

 private:
  /// Sender and id of a request that needs a response.
  struct Requester {
    std::string uid;
    std::string request_id;
  };

  void emit_with_ack(Requester requester, const fleet::Message& message);
  void server_side(Requester requester, const fleet::Message& message);
  void respond_sockets(Requester requester, const fleet::Message& message);
  void respond_rooms(Requester requester);
  void act_on_single_socket(Requester requester, const fleet::Message& message);
  void respond(const Requester& requester, fleet::Response response);
  /// Collects results of this server's shards. `done` is not called when the adapter is closed before all have responded.
  std::shared_ptr<PendingRequest> collector(PendingRequest::Done done);

  ClusterLink& link_;
};

}  // namespace socketio::adapter
