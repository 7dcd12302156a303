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
#include <utility>
#include <vector>

#include <socketio/adapter/adapter.hpp>

#include "ack_request.hpp"

namespace socketio::adapter {

/// Common part of all adapters with other servers: operations act on this server's sockets and are published to the others;
/// requests are kept until all servers have responded or their deadline passes.
///
/// Each family derives from it. The family encodes and publishes messages (say_..., ask_..., answer_...), and passes on
/// received ones (heard_...). A server that sends a request is identified by its uid.
class ClusterAdapter : public Adapter {
 public:
  ClusterAdapter(Host& host, std::string uid);
  ~ClusterAdapter() override;

  void broadcast(const Target& target, Bytes data) override;
  void broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) override;
  void join(const Target& target, std::span<const Room> rooms) override;
  void leave(const Target& target, std::span<const Room> rooms) override;
  void disconnect(const Target& target, bool close) override;
  void fetch(const Target& target, FetchDone done) override;
  void all_rooms(std::function<void(std::vector<std::string>)> done) override;
  void server_count(std::function<void(std::size_t)> done) override;
  void server_side_emit(Bytes data) override;
  void server_side_emit_with_ack(Bytes data, ServerAnswersDone done) override;
  [[nodiscard]] bool keeps_packets() const noexcept override { return false; }
  void save(SavedSession) override {}
  void recover(std::string_view pid, std::string_view offset, std::function<void(std::optional<SavedSession>)> done) override;
  void catch_up(const SavedSession& session, std::string_view offset,
                std::function<void(std::optional<MissedPackets>)> done) override;
  [[nodiscard]] AdapterCounters counters() const override { return counters_; }
  void close() override;

 protected:
  /// Kind of a request: only responses of the same kind are accepted.
  enum class Asked : std::uint8_t { acks, sockets, rooms, server_side, server_count };
  /// Sender and id of a request that needs a response.
  struct Question {
    std::string asker;
    std::string request_id;
  };

  // ---- messages that a family publishes ----
  virtual void say_broadcast(const Target& target, Bytes data) = 0;
  virtual void say_join(const Target& target, std::span<const Room> rooms) = 0;
  virtual void say_leave(const Target& target, std::span<const Room> rooms) = 0;
  virtual void say_disconnect(const Target& target, bool close) = 0;
  virtual void say_server_side(Bytes data) = 0;
  virtual void ask_broadcast(std::string_view request_id, const Target& target, Bytes data) = 0;
  virtual void ask_fetch(std::string_view request_id, const Target& target) = 0;
  virtual void ask_server_side(std::string_view request_id, Bytes data) = 0;
  /// Requests the names of rooms; false in a family without such a request.
  virtual bool ask_rooms(std::string_view request_id) = 0;
  virtual void answer_client_count(const Question& question, std::size_t count) = 0;
  /// `value`  the first argument of the client's ack; empty when it had none.
  virtual void answer_ack(const Question& question, Bytes value) = 0;
  virtual void answer_server_side(const Question& question, Bytes value) = 0;
  /// Counts the servers that receive requests, this one among them; empty when that is not known.
  virtual void count_servers(std::function<void(std::optional<std::size_t>)> done) = 0;
  [[nodiscard]] virtual std::string make_request_id() = 0;
  [[nodiscard]] virtual std::uint32_t fetch_timeout_ms(const Target& target) const = 0;
  [[nodiscard]] virtual std::uint32_t requests_timeout_ms() const = 0;

  // ---- messages that a family has received ----
  void heard_broadcast(const Selection& selection, Bytes data, const Flags& flags);
  void heard_broadcast_with_ack(Question question, const Selection& selection, Bytes data, Flags flags);
  void heard_join(const Selection& selection, const RoomNames& rooms);
  void heard_leave(const Selection& selection, const RoomNames& rooms);
  void heard_disconnect(const Selection& selection, bool close);
  /// `question` is empty when no response is wanted.
  void heard_server_side(std::optional<Question> question, Bytes data);
  /// Handles a request for sockets: `done` gets them in that form. Not called when the adapter is closed before all shards
  /// responded.
  void heard_fetch(const Selection& selection, Form form, std::function<void(Sockets)> done);
  /// Handles a request for the names of all rooms here. `done` is not called when the adapter is closed before all shards
  /// responded.
  void heard_all_rooms(std::function<void(std::vector<std::string>)> done);

  // Responses. `responder` is the uid of the responding server, in families that send it; a second response of the same server
  // is ignored. A response that does not fit the request is malformed.
  [[nodiscard]] bool is_pending(std::string_view request_id) const { return requests_.find(request_id) != requests_.end(); }
  /// Kind of the request that is pending under this id.
  [[nodiscard]] std::optional<Asked> asked(std::string_view request_id) const;
  [[nodiscard]] bool any_pending() const noexcept { return !requests_.empty(); }
  /// `sockets`  a packed array of {id, handshake, rooms, data}; other elements are skipped.
  void heard_sockets(std::string_view request_id, std::string_view responder, Bytes sockets);
  void heard_rooms(std::string_view request_id, std::string_view responder, std::vector<std::string> rooms);
  void heard_server_side_answer(std::string_view request_id, std::string_view responder, Bytes value);
  void heard_client_count(std::string_view request_id, std::string_view responder, std::size_t count);
  void heard_ack(std::string_view request_id, Bytes value);

  [[nodiscard]] bool is_room_here(std::string_view room) const;
  [[nodiscard]] const std::string& uid() const noexcept { return uid_; }
  [[nodiscard]] Host& host() noexcept { return host_; }
  [[nodiscard]] AdapterCounters& count() noexcept { return counters_; }
  /// Makes data of clients or of the application fit for publishing. Valid until the next call.
  [[nodiscard]] Bytes publishable(Bytes data);
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }

 private:
  struct Request;
  class ForeignAsker;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using Requests = std::unordered_map<std::string, std::shared_ptr<Request>, Hash, std::equal_to<>>;

  std::shared_ptr<Request> begin_request(Asked asked, std::uint32_t timeout_ms, std::function<void(Request&)> finish);
  /// Counts the servers, then sends the request when there are others, and ends it when there are none.
  void ask_when_counted(const std::shared_ptr<Request>& request, std::function<void()> ask);
  /// Returns the request, if it is of that kind and this is the responder's first response.
  std::shared_ptr<Request> take_answer(std::string_view request_id, std::string_view responder, Asked asked);
  void check(const std::shared_ptr<Request>& request);
  void finish(const std::shared_ptr<Request>& request, bool timed_out);
  void collect_sockets_here(const Target& target, const std::shared_ptr<Request>& request);
  void collect_rooms_here(const std::shared_ptr<Request>& request);

  Host& host_;
  std::string uid_;
  AdapterCounters counters_;
  Buffer publishable_;
  Requests requests_;
  bool closed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for callbacks that run after the adapter is destroyed
};

}  // namespace socketio::adapter
