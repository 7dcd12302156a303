#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/adapter.hpp>

#include "pending_requests.hpp"

namespace socketio::adapter {

/// Common part of all adapters with other servers: operations act on this server's sockets and are published to the others;
/// requests are kept until all servers have responded or their deadline passes.
///
/// Each family derives from it. The family encodes and publishes messages (publish_operation, request_..., respond_...), and
/// passes on received ones (on_...). A server that sends a request is identified by its uid.
class ClusterAdapter : public Adapter {
 public:
  ClusterAdapter(Host& host, std::string uid);
  ~ClusterAdapter() override;

  void apply(const Operation& operation) override;
  void broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) override;
  void fetch(const Target& target, FetchDone done) override;
  void all_rooms(std::function<void(std::vector<std::string>)> done) override;
  void server_count(std::function<void(std::size_t)> done) override;
  void server_side_emit_with_ack(Bytes data, ServerAnswersDone done) override;
  [[nodiscard]] bool keeps_packets() const noexcept override { return false; }
  void save(SavedSession) override {}
  void recover(std::string_view pid, std::string_view offset, std::function<void(std::optional<SavedSession>)> done) override;
  void catch_up(const SavedSession& session, std::string_view offset,
                std::function<void(std::optional<MissedPackets>)> done) override;
  [[nodiscard]] AdapterCounters counters() const override { return counters_; }
  void close() override;

 protected:
  /// Sender and id of a request that needs a response.
  struct Question {
    std::string asker;
    std::string request_id;
  };

  // ---- messages that a family publishes ----
  virtual void publish_operation(const Operation& operation) = 0;
  virtual void request_acks(std::string_view request_id, const Target& target, Bytes data) = 0;
  virtual void request_sockets(std::string_view request_id, const Target& target) = 0;
  virtual void request_server_side(std::string_view request_id, Bytes data) = 0;
  /// Requests the names of rooms; false in a family without such a request.
  virtual bool request_rooms(std::string_view request_id) = 0;
  virtual void respond_client_count(const Question& question, std::size_t count) = 0;
  /// `value`  the first argument of the client's ack; empty when it had none.
  virtual void respond_ack(const Question& question, Bytes value) = 0;
  virtual void respond_server_side(const Question& question, Bytes value) = 0;
  /// Counts the servers that receive requests, this one among them; empty when that is not known.
  virtual void count_servers(std::function<void(std::optional<std::size_t>)> done) = 0;
  [[nodiscard]] virtual std::string make_request_id() = 0;
  [[nodiscard]] virtual std::uint32_t fetch_timeout_ms(const Target& target) const = 0;
  [[nodiscard]] virtual std::uint32_t requests_timeout_ms() const = 0;

  // ---- messages that a family has received ----
  void apply_here(const ShardOperation& operation);
  void on_broadcast_with_ack(Question question, const Selection& selection, Bytes data, Flags flags);
  /// `question` is empty when no response is wanted.
  void on_server_side(std::optional<Question> question, Bytes data);
  /// Handles a request for sockets: `done` gets them in that form. Not called when the adapter is closed before all shards
  /// responded.
  void on_fetch(const Selection& selection, Form form, std::function<void(Sockets)> done);
  /// Handles a request for the names of all rooms here. `done` is not called when the adapter is closed before all shards
  /// responded.
  void on_all_rooms(std::function<void(std::vector<std::string>)> done);

  /// The pending requests of this server, which take the responses.
  [[nodiscard]] PendingRequests& requests() noexcept { return requests_; }

  [[nodiscard]] bool is_room_here(std::string_view room) const;
  [[nodiscard]] const std::string& uid() const noexcept { return uid_; }
  [[nodiscard]] Host& host() noexcept { return host_; }
  [[nodiscard]] AdapterCounters& count() noexcept { return counters_; }
  /// Makes data of clients or of the application fit for publishing. Valid until the next call.
  [[nodiscard]] Bytes publishable(Bytes data);
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }

 private:
  class AckResponder;

  /// A request to the shards of this server, made for another server.
  std::shared_ptr<PendingRequest> collector(PendingRequest::Done done);
  /// Counts the servers, then sends the request when there are others, and ends it when there are none.
  void send_when_counted(const std::shared_ptr<PendingRequest>& request, std::function<void()> ask);

  Host& host_;
  std::string uid_;
  AdapterCounters counters_;
  Buffer publishable_;
  PendingRequests requests_;
  bool closed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for callbacks that run after the adapter is destroyed
};

}  // namespace socketio::adapter
