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

/// What all adapters with other servers have in common: operations act on this server's sockets and are said to the others;
/// questions are kept until everybody has answered or their deadline passes.
///
/// A family derives from it. It puts what is to be said into messages (say_..., ask_..., answer_...), and hands in what it
/// hears (heard_...). An asker is named by his uid.
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
  /// What a question is about: only answers that fit are taken.
  enum class Asked : std::uint8_t { acks, sockets, rooms, server_side, server_count };
  /// Who wants an answer, and to what.
  struct Question {
    std::string asker;
    std::string request_id;
  };

  // ---- what a family says ----
  virtual void say_broadcast(const Target& target, Bytes data) = 0;
  virtual void say_join(const Target& target, std::span<const Room> rooms) = 0;
  virtual void say_leave(const Target& target, std::span<const Room> rooms) = 0;
  virtual void say_disconnect(const Target& target, bool close) = 0;
  virtual void say_server_side(Bytes data) = 0;
  virtual void ask_broadcast(std::string_view request_id, const Target& target, Bytes data) = 0;
  virtual void ask_fetch(std::string_view request_id, const Target& target) = 0;
  virtual void ask_server_side(std::string_view request_id, Bytes data) = 0;
  /// Names of rooms; false where the family has no such question.
  virtual bool ask_rooms(std::string_view request_id) = 0;
  virtual void answer_client_count(const Question& question, std::size_t count) = 0;
  /// `value`  the first argument of the client's ack; empty when it had none.
  virtual void answer_ack(const Question& question, Bytes value) = 0;
  virtual void answer_server_side(const Question& question, Bytes value) = 0;
  /// Servers that hear what is asked, this one among them; nothing when that cannot be found out.
  virtual void count_servers(std::function<void(std::optional<std::size_t>)> done) = 0;
  [[nodiscard]] virtual std::string make_request_id() = 0;
  [[nodiscard]] virtual std::uint32_t fetch_timeout_ms(const Target& target) const = 0;
  [[nodiscard]] virtual std::uint32_t requests_timeout_ms() const = 0;

  // ---- what a family hears ----
  void heard_broadcast(const Selection& selection, Bytes data, const Flags& flags);
  void heard_broadcast_with_ack(Question question, const Selection& selection, Bytes data, Flags flags);
  void heard_join(const Selection& selection, const RoomNames& rooms);
  void heard_leave(const Selection& selection, const RoomNames& rooms);
  void heard_disconnect(const Selection& selection, bool close);
  /// `question` is nothing when no answer is wanted.
  void heard_server_side(std::optional<Question> question, Bytes data);
  /// Somebody asked for sockets: `done` gets them in that form. Not called when the adapter is closed before all shards told.
  void heard_fetch(const Selection& selection, Form form, std::function<void(Sockets)> done);
  /// The same for the names of all rooms here.
  void heard_all_rooms(std::function<void(std::vector<std::string>)> done);

  // Answers. `responder` is the uid of who gives it, where the family tells; a second answer of the same one is ignored. One
  // that does not fit the question is malformed.
  [[nodiscard]] bool is_pending(std::string_view request_id) const { return requests_.find(request_id) != requests_.end(); }
  /// What is pending under this id.
  [[nodiscard]] std::optional<Asked> asked(std::string_view request_id) const;
  [[nodiscard]] bool any_pending() const noexcept { return !requests_.empty(); }
  /// `sockets`  a packed array of {id, handshake, rooms, data}; whatever is none of that is skipped.
  void heard_sockets(std::string_view request_id, std::string_view responder, Bytes sockets);
  void heard_rooms(std::string_view request_id, std::string_view responder, std::vector<std::string> rooms);
  void heard_server_side_answer(std::string_view request_id, std::string_view responder, Bytes value);
  void heard_client_count(std::string_view request_id, std::string_view responder, std::size_t count);
  void heard_ack(std::string_view request_id, Bytes value);

  [[nodiscard]] bool is_room_here(std::string_view room) const;
  [[nodiscard]] const std::string& uid() const noexcept { return uid_; }
  [[nodiscard]] Host& host() noexcept { return host_; }
  [[nodiscard]] AdapterCounters& count() noexcept { return counters_; }
  /// Data of clients or of the application, made fit for publishing. Good until the next call.
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
  /// Asks when there are others, and ends the request when there are none.
  void ask_when_counted(const std::shared_ptr<Request>& request, std::function<void()> ask);
  /// The request, if it asked that, and this is the responder's first answer.
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
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for answers that come when this is gone
};

[[nodiscard]] Selection selection_of(const Target& target) noexcept;

}  // namespace socketio::adapter
