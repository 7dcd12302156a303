#pragma once

#include <cstdint>
#include <optional>

#include <socketio/common/random.hpp>
#include <socketio/redis/options.hpp>

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

}  // namespace socketio::redis
