#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <socketio/adapter/bus.hpp>
#include <socketio/adapter/streams.hpp>

#include "cluster_adapter.hpp"
#include "stream_id.hpp"
#include "streams_hub.hpp"

namespace socketio::adapter {

/// Adapter of the streams family: messages that a disconnected server must receive later are entries of a stream, which every
/// server reads; requests and responses use pub/sub.
///
/// With recovery, clients receive each event with the id of its entry. This server's own sockets get an event when Redis has
/// returned its id; all operations keep the order of the calls.
///
/// Source: docs/wire.md, "Streams adapter 0.3.x".
class StreamsAdapter final : public ClusterAdapter, private StreamsMember {
 public:
  StreamsAdapter(Host& host, std::shared_ptr<StreamsHub> hub);
  ~StreamsAdapter() override;
  void close() override;

  void apply(const Operation& operation) override;
  void when_delivered(std::function<void()> done) override;
  [[nodiscard]] bool keeps_packets() const noexcept override { return recovery_enabled_ && !link_.closed; }
  void save(SavedSession session) override;
  void recover(std::string_view pid, std::string_view offset, std::function<void(std::optional<SavedSession>)> done) override;
  void catch_up(const SavedSession& session, std::string_view offset,
                std::function<void(std::optional<MissedPackets>)> done) override;

 private:
  struct Replay;
  struct Recovery;
  /// An operation on this server's sockets that waits for the earlier ones.
  struct LocalAction {
    std::function<void(std::string_view offset)> act;  ///< offset: empty when there is none
    std::string offset;
    bool ready = false;
  };
  /// A client whose missed events were replayed up to `until`: entries up to there are not delivered to it again.
  struct Recovered {
    std::string sid;
    StreamId until;
  };

  [[nodiscard]] std::vector<std::string> event_channels(std::span<const Room> rooms) const override;
  void on_stream_reading(std::string_view stream) override;
  void on_stream_entry(std::string_view id, const fleet::Entry& entry) override;

  std::shared_ptr<LocalAction> act_later(std::function<void(std::string_view offset)> act);
  void mark_ready(const std::shared_ptr<LocalAction>& action, std::string offset);
  void run_ready();
  void deliver_entry(std::string_view id, const fleet::Message& message);

  void take_recovery_answer(const std::shared_ptr<Recovery>& recovery);
  void end_recovery(const std::shared_ptr<Recovery>& recovery);
  void next_replay_page(const std::shared_ptr<Replay>& replay);
  void take_replay_page(const std::shared_ptr<Replay>& replay, const redis::CommandResult& result);
  void take_replay_entry(Replay& replay, std::string_view id, const fleet::Entry& entry);
  void end_replay(const std::shared_ptr<Replay>& replay, bool recovered);
  void give_up_recoveries();

  std::shared_ptr<StreamsHub> hub_;
  std::string stream_;
  bool recovery_enabled_;
  std::deque<std::shared_ptr<LocalAction>> local_;
  std::vector<Recovered> recovered_;
  std::unordered_set<std::shared_ptr<Recovery>> recoveries_;  ///< that wait for replies of Redis
  std::unordered_set<std::shared_ptr<Replay>> replays_;       ///< that wait for replies of Redis
};

}  // namespace socketio::adapter
