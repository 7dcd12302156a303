#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/ack.hpp>

namespace socketio::server {

/// The pending acks of one client, sorted by id. With several threads, ids that two of them have drawn may be added in either
/// order.
class PendingAcks {
 public:
  using Answered = std::function<void(AckStatus status, Bytes array)>;
  struct Entry {
    std::uint64_t id;
    std::uint64_t due_ms;  ///< dropped by then; the largest value when it is not
    Loop::TimerId timer;   ///< 0 for none
    Answered answered;
  };

  /// Cost  constant when ids grow, as they nearly always do.
  void add(Entry entry);
  /// Removes the entry with that id, and moves it to `entry`. False when there is none.
  bool take(std::uint64_t id, Entry& entry);
  /// Drops overdue entries without a timer of their own.
  void drop_overdue(std::uint64_t now_ms);
  /// Removes all entries, and calls each with that status.
  void end_all(Loop& loop, AckStatus status);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace socketio::server
