#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/ack.hpp>

namespace socketio::server {

/// The acks that one client is asked for, sorted by id. With several threads, ids that two of them have drawn may be added in
/// either order.
class PendingAcks {
 public:
  using Answered = std::function<void(AckStatus status, Bytes array)>;
  struct Entry {
    std::uint64_t id;
    std::uint64_t due_ms;  ///< forgotten by then; the end of time when it is not
    Loop::TimerId timer;   ///< 0 for none
    Answered answered;
  };

  /// Cost  constant where ids grow, as they nearly always do.
  void add(Entry entry);
  /// What was asked by that id is no longer pending. False when nothing was.
  bool take(std::uint64_t id, Entry& entry);
  /// Forgets what is overdue: entries without a timer of their own.
  void drop_overdue(std::uint64_t now_ms);
  [[nodiscard]] std::vector<Entry> take_all() { return std::exchange(entries_, {}); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace socketio::server
