#pragma once

#include "doctor.hpp"

namespace socketio::cli::fleet {

/// A request to the servers of one namespace, for the sockets in a room: it costs nothing when no server has the room. The
/// responses arrive on channels that no server counts.
class Question final : private redis::MessageListener {
 public:
  using Clock = std::chrono::steady_clock;

  /// `room`  empty: a room that does not exist.
  Question(Examination& fleet, Bus bus, const std::string& nsp, std::string room);

  /// Sends the request and waits for responses. False when it could not be sent.
  bool ask();
  /// Repeats the request while responses are slow, so that a single pause is not reported.
  void ask_slow_ones_again();

  [[nodiscard]] Bus bus() const noexcept { return bus_; }
  [[nodiscard]] const std::string& nsp() const noexcept { return nsp_; }
  /// The channel of the request.
  [[nodiscard]] const std::string& channel() const noexcept { return main_; }
  [[nodiscard]] bool by_shards() const noexcept { return by_shards_; }

  /// Number of subscribers, counted as servers count them.
  [[nodiscard]] std::uint64_t counted() const noexcept { return counted_; }
  /// Classic: subscribers of the response channel.
  [[nodiscard]] std::uint64_t others() const noexcept { return others_; }
  /// Subscribers that are known to be servers.
  [[nodiscard]] std::uint64_t servers() const;
  [[nodiscard]] std::uint64_t answered() const noexcept { return answered_; }
  [[nodiscard]] std::uint64_t slowest_ms() const noexcept { return slowest_ms_; }
  [[nodiscard]] Clock::time_point asked_at() const noexcept { return asked_at_; }
  /// Sharded, streams: uids with a response channel, uids that responded, and those with sockets in the room.
  [[nodiscard]] const std::set<std::string>& uids() const noexcept { return uids_; }
  [[nodiscard]] const std::set<std::string>& answered_uids() const noexcept { return answered_uids_; }
  [[nodiscard]] const std::set<std::string>& uids_with_sockets() const noexcept { return with_sockets_; }

  /// Response time from which an event loop counts as busy, because the request itself costs nothing.
  static constexpr std::uint64_t slow_ms = 500;
  /// Slow responses are reported only after this many slow requests in a row.
  static constexpr int slow_tries = 3;

 private:
  bool publish();
  bool count();
  [[nodiscard]] Buffer encode() const;
  void on_message(std::string_view channel, Bytes payload) override;
  void on_subscribed(std::string_view, std::string_view error) override { refused_ = !error.empty(); }
  void note_time();

  Examination& fleet_;
  const Bus bus_;
  const bool by_shards_;  ///< requests use sharded pub/sub
  const std::string nsp_;
  const std::string main_;
  const std::string uid_;  ///< taps do not respond to it, and it does not count as a server
  const std::string room_;
  std::string request_id_;
  Buffer scratch_;
  bool refused_ = false;
  std::uint64_t counted_ = 0;
  std::uint64_t others_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t slowest_ms_ = 0;
  Clock::time_point asked_at_;
  std::set<std::string> uids_;
  std::set<std::string> answered_uids_;
  std::set<std::string> with_sockets_;
  redis::Client client_;  ///< declared last, because closing it calls back into the others
};

}  // namespace socketio::cli::fleet
