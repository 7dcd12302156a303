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

  /// Subscribers and responses of one request.
  struct Responses {
    std::uint64_t counted = 0;  ///< subscribers, counted as servers count them
    std::uint64_t others = 0;   ///< classic: subscribers of the response channel
    std::uint64_t answered = 0;
    std::uint64_t slowest_ms = 0;
    Clock::time_point asked_at{};
    // Of sharded and streams servers.
    std::set<std::string> uids;  ///< with a response channel
    std::set<std::string> answered_uids;
    std::set<std::string> uids_with_sockets;  ///< in the room
  };
  [[nodiscard]] const Responses& responses() const noexcept { return seen_; }
  /// Subscribers that are known to be servers.
  [[nodiscard]] std::uint64_t servers() const;
  [[nodiscard]] Bus bus() const noexcept { return bus_; }
  [[nodiscard]] const std::string& nsp() const noexcept { return nsp_; }
  /// The channel of the request.
  [[nodiscard]] const std::string& channel() const noexcept { return main_; }
  [[nodiscard]] bool by_shards() const noexcept { return by_shards_; }

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
  Responses seen_;
  redis::Client client_;  ///< declared last, because closing it calls back into the others
};

}  // namespace socketio::cli::fleet
