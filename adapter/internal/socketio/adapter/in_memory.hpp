#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <socketio/adapter/adapter.hpp>

namespace socketio::adapter {

class PendingRequest;

/// Adapter of a single server. With recovery it keeps broadcast packets, and the sessions of clients that lost their
/// connection.
///
/// Source: docs/wire_server.md, "Connection-state recovery".
class InMemoryAdapter final : public Adapter {
 public:
  explicit InMemoryAdapter(Host& host);
  ~InMemoryAdapter() override;

  void apply(const Operation& operation) override;
  void broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) override;
  void fetch(const Target& target, FetchDone done) override;
  void all_rooms(std::function<void(std::vector<std::string>)> done) override;
  void server_count(std::function<void(std::size_t)> done) override;
  void server_side_emit_with_ack(Bytes data, ServerAnswersDone done) override;
  [[nodiscard]] bool keeps_packets() const noexcept override { return recovery_.enabled; }
  void save(SavedSession session) override;
  void recover(std::string_view pid, std::string_view offset, std::function<void(std::optional<SavedSession>)> done) override;
  void catch_up(const SavedSession& session, std::string_view offset,
                std::function<void(std::optional<MissedPackets>)> done) override;
  [[nodiscard]] AdapterCounters counters() const override { return counters_; }
  void close() override;

  [[nodiscard]] std::size_t packet_count() const noexcept { return packets_.size(); }
  [[nodiscard]] std::size_t session_count() const noexcept { return sessions_.size(); }

 private:
  /// Milliseconds, and the position among the packets of the same millisecond: packets are in the order of their offsets.
  using Offset = std::pair<std::uint64_t, std::uint64_t>;
  struct StoredPacket {
    Offset offset;
    std::uint64_t due_ms;
    std::shared_ptr<const Buffer> data;  ///< with the offset as its last argument; shared with running deliveries
    std::vector<std::string> rooms;
    std::vector<std::string> except;
    std::size_t size_bytes;  ///< including the names of the rooms
  };
  struct StoredSession {
    SavedSession session;
    std::uint64_t due_ms;
    Offset saved_at;  ///< offset of the last packet at that time
  };
  using PacketPlace = std::deque<StoredPacket>::const_iterator;

  /// Position from which to replay for a client that has received the packet `offset`. Empty when it cannot be determined: the
  /// packet is no longer kept, and is not the one that the session names.
  [[nodiscard]] std::optional<PacketPlace> first_missed(const std::string& pid, std::string_view offset) const;
  [[nodiscard]] bool is_kept(const Target& target) const noexcept;
  std::shared_ptr<const Buffer> keep(const Target& target, Bytes data);
  void drop_oldest_packet();
  void drop_oldest_session();
  Offset next_offset();
  static std::string text_of(const Offset& offset);
  static std::optional<Offset> parse_offset(std::string_view text);
  void drop_expired();
  void clean_later();

  Host& host_;
  RecoveryOptions recovery_;
  AdapterCounters counters_;
  std::deque<StoredPacket> packets_;
  std::size_t packet_bytes_ = 0;
  std::unordered_map<std::string, StoredSession> sessions_;
  std::deque<std::pair<std::uint64_t, std::string>> session_order_;  ///< time at which each expires, oldest first
  Offset last_offset_{0, 0};
  Offset last_dropped_{0, 0};
  Scheduler::TimerId cleaning_ = 0;
  std::vector<std::weak_ptr<PendingRequest>> pending_;
};

}  // namespace socketio::adapter
