#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <socketio/common/random.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/redis/options.hpp>

#include "single_client.hpp"
#include "slot_map.hpp"

namespace socketio::redis {

/// Decides when a cluster is asked for its slot map: regularly, and soon after something indicates a change.
class SlotMapRefresh {
 public:
  /// `options`  outlive this.
  explicit SlotMapRefresh(const Options& options) noexcept : options_(options) {}

  /// Something indicates a change. Returns the delay after which want() is to be called; nullopt: a query runs, or is due.
  [[nodiscard]] std::optional<std::uint64_t> request(std::uint64_t now_ms, Random& random);
  /// A query is due.
  void want() noexcept { is_wanted_ = true; }
  /// Returns true if a query must begin now; a delay that request() or next() has returned does not count any more.
  [[nodiscard]] bool begin(std::uint64_t now_ms) noexcept;
  void end() noexcept { is_running_ = false; }
  /// To be called after end(). Returns a delay as request() does.
  ///
  /// `is_urgent`  the query has failed, or nodes are away
  [[nodiscard]] std::optional<std::uint64_t> next(bool is_urgent, std::uint64_t now_ms, Random& random);

 private:
  const Options& options_;
  bool is_wanted_ = false;
  bool is_running_ = false;
  bool is_urgent_ = false;  ///< the delay has a cause, it is not the regular one
  bool is_again_ = false;   ///< there was a cause while the query was running
  std::uint64_t began_ms_ = 0;
  std::uint32_t trouble_ = 0;  ///< consecutive queries with a cause, for the back-off
};

/// Asks one node after the other for the slot map, until one returns it. A node that does not reply soon does not delay the
/// next one. Each is asked on a connection of its own: existing ones may be blocked in XREAD, or have subscribed.
class SlotMapQuery {
 public:
  using MakeClient = std::function<std::shared_ptr<SingleClient>(const Endpoint& endpoint)>;

  /// `ended`    called once, on the loop, when map() or why() is known; not when this is destroyed before.
  /// `counters` receives the counters of the connections that are not passed on.
  SlotMapQuery(Loop& loop, MakeClient make, std::vector<Endpoint> nodes, std::function<void()> ended, Counters& counters);
  ~SlotMapQuery();
  SlotMapQuery(const SlotMapQuery&) = delete;
  SlotMapQuery& operator=(const SlotMapQuery&) = delete;

  [[nodiscard]] bool has_ended() const noexcept { return ended_; }
  /// nullopt when no node returned one.
  [[nodiscard]] const std::optional<SlotMap>& map() const noexcept { return map_; }
  [[nodiscard]] const Endpoint& from() const noexcept { return from_; }
  /// The connection on which the map was received.
  [[nodiscard]] std::shared_ptr<SingleClient> take_connection() noexcept { return std::move(connection_); }
  /// Reason of the last failure; a refusal takes precedence over other failures.
  [[nodiscard]] const std::string& why() const noexcept { return why_; }
  [[nodiscard]] bool is_refusal() const noexcept { return is_refusal_; }

 private:
  struct Asked {
    Endpoint endpoint;
    std::shared_ptr<SingleClient> client;  ///< null when it has failed
  };

  void ask_next();
  void took_answer(std::size_t index, CommandResult result);
  void failed(std::size_t index, const std::string& why, bool refusal);
  void drop(std::shared_ptr<SingleClient> client);

  MakeClient make_;
  std::vector<Endpoint> nodes_;
  std::vector<Asked> asked_;
  std::size_t failed_count_ = 0;
  std::function<void()> tell_;
  Counters& counters_;
  bool ended_ = false;
  std::optional<SlotMap> map_;
  Endpoint from_;
  std::shared_ptr<SingleClient> connection_;
  std::string why_;
  bool is_refusal_ = false;
  net::Timer next_timer_;
};

}  // namespace socketio::redis
