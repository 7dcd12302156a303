#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <socketio/common/random.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/server/engine_options.hpp>

#include "http/deadline_queue.hpp"
#include "engine_answers.hpp"
#include "engine_polling.hpp"
#include "engine_session.hpp"
#include "websocket/websocket_connection.hpp"

namespace socketio::server {

/// The sessions of an Engine.IO server, and the state that they share.
struct EngineShared {
  EngineShared(Loop& shared_loop, EngineOptions server_options);

  /// Adds a session.
  EngineSession& add(std::unique_ptr<EngineSession> session);
  [[nodiscard]] EngineSession* find(std::string_view id) const;
  /// True for the id of a session that exists, also when it has ended.
  [[nodiscard]] bool is_used(std::string_view id) const { return sessions_.find(id) != sessions_.end(); }
  /// All sessions, including those that wait for their last GET.
  [[nodiscard]] std::vector<EngineSession*> sessions() const;
  /// Removes a session; it is destroyed at the end of the turn, when none of its functions is running any more.
  void bury(EngineSession& session);
  [[nodiscard]] bool is_drained() const noexcept { return sessions_.empty(); }
  /// Calls `drained` at the end of a turn, once there are no sessions.
  void when_drained(std::function<void()> drained);
  /// Returns the memory of a long queue to the system at the end of the turn; the allocator would keep it for ever.
  void give_memory_back();
  /// Calls the session's flush() at the end of the turn.
  void flush_later(EngineSession& session);

  EngineOptions options;
  EngineCounters counters;
  EngineAnswers answers;
  EngineFrames frames;
  Counter open_count;  ///< sessions whose listeners have not received on_closed()

  DeadlineQueue ping_due;      ///< the server's turn to ping
  DeadlineQueue pong_due;      ///< the client's turn to answer
  DeadlineQueue silence_due;   ///< revision 3: the client's turn to ping
  DeadlineQueue last_get_due;  ///< of sessions that the server closed while no GET was pending
  DeadlineQueue progress_due;  ///< of sessions above the limit of their queue
  DeadlineQueue upgrade_due;
  DeadlineQueue release_due;  ///< of polling clients that want to upgrade
  WebSocketHost websockets;

 private:
  void end_turn();
  void trim();

  /// The server's ids are random: any part of them is as good as a hash of all.
  struct Hash {
    using is_transparent = void;
    bool made = false;  ///< by generate_id: not random everywhere
    std::size_t operator()(std::string_view id) const noexcept {
      if (made || id.size() < sizeof(std::size_t)) {
        return std::hash<std::string_view>()(id);
      }
      std::size_t hash = 0;
      std::memcpy(&hash, id.data(), sizeof hash);
      return hash;
    }
    std::size_t operator()(const std::unique_ptr<EngineSession>& session) const noexcept { return (*this)(session->id()); }
  };
  struct Equal {
    using is_transparent = void;
    static std::string_view id(std::string_view id) noexcept { return id; }
    static std::string_view id(const std::unique_ptr<EngineSession>& session) noexcept { return session->id(); }
    template <typename Left, typename Right>
    bool operator()(const Left& left, const Right& right) const noexcept {
      return id(left) == id(right);
    }
  };

  Loop& loop_;
  net::TurnEnd turn_end_;
  std::uint64_t memory_given_back_ms_ = 0;
  bool memory_is_free_ = false;
  std::vector<EngineSession*> to_flush_;
  std::vector<std::unique_ptr<EngineSession>> dead_;
  std::vector<std::function<void()>> drained_;
  std::unordered_set<std::unique_ptr<EngineSession>, Hash, Equal> sessions_;
};

}  // namespace socketio::server
