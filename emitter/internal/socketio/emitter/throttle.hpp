#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <socketio/emitter/output_limits.hpp>
#include <socketio/emitter/output_room.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::emitter {

/// Connections in CLIENT LIST that receive what is published, except those of our own tools.
struct Readers {
  /// A connection that runs XREAD.
  struct OfStream {
    bool waits = false;  ///< it waits for an entry: it has read all there were
    std::chrono::seconds idle{0};
  };
  std::map<std::string, std::uint64_t, std::less<>> kept_bytes;  ///< output buffer of each subscriber by client id, if any
  std::map<std::string, OfStream, std::less<>> of_streams;       ///< connections that run XREAD, by client id
};
Readers readers_in(std::string_view clients);
/// The reply to a CLIENT LIST.
struct ReadersAnswer {
  std::optional<redis::Outcome> outcome;  ///< empty until it has arrived
  Readers readers;
};
/// Sends CLIENT LIST. The reply may arrive at any later time: whoever waits no longer drops the result.
std::shared_ptr<const ReadersAnswer> ask_readers(redis::Client& client);

/// Slows a sender down to the speed of the servers: Redis closes the connections of slow subscribers, and streams drop entries
/// that were not read yet. It waits by calls of its host, and reports there.
class Throttle {
 public:
  using Clock = std::chrono::steady_clock;

  struct Fleet {
    bool has_subscribers = true;
    std::uint64_t stream_length_max = 0;  ///< entries that a stream keeps; 0: nothing goes into a stream
  };
  /// The sending side.
  class Host {
   public:
    virtual ~Host() = default;
    [[nodiscard]] virtual Fleet fleet() const = 0;
    /// Reads CLIENT LIST. False when Redis does not permit it, or has not replied after `timeout`.
    virtual bool read(Readers& readers, std::chrono::milliseconds timeout) = 0;
    /// False once Redis has refused CLIENT LIST.
    [[nodiscard]] virtual bool may_read() const = 0;
    [[nodiscard]] virtual bool is_connected() = 0;
    /// Bytes that read() may not have seen, as Redis will buffer them per server.
    [[nodiscard]] virtual std::uint64_t under_way_bytes() = 0;
    /// Waits at most this long for pending results.
    virtual void make_way(std::chrono::milliseconds time) = 0;
    /// Waits for all pending results. False: the sender is to stop.
    virtual bool settle() = 0;
    /// Waits. False: the sender is to stop.
    virtual bool pause(std::chrono::milliseconds time) = 0;
    [[nodiscard]] virtual bool is_interrupted() const { return false; }
    /// Called each time a wait for slow servers begins or goes on.
    virtual void on_slow() {}
    /// Called each time that CLIENT LIST is needed and Redis has refused it.
    virtual void on_blind() = 0;
  };
  enum class Result : std::uint8_t {
    go_on,
    interrupted,  ///< by the host
    stalled,      ///< the receivers have read nothing for the timeout: stalled()
  };
  /// Why a message cannot be sent without loss.
  struct Stalled {
    bool is_stream = false;
    std::uint64_t kept_bytes = 0;  ///< bytes that Redis buffers for the slowest subscriber
    std::uint64_t readers = 0;     ///< stream: number of readers,
    std::uint64_t standing = 0;    ///< those of them that read nothing,
    std::uint64_t entries = 0;     ///< and entries that wait there
  };

  /// `timeout`  time without progress after which receivers count as stalled.
  Throttle(Host& host, std::chrono::milliseconds timeout) : host_(host), timeout_(timeout) {}

  /// Must be called once the limits of Redis are known.
  void begin(const OutputLimit& subscribers, const OutputLimit& stream_readers = {});
  /// Waits until a message can be sent.
  ///
  /// `bytes`        its size for subscribers; 0 for one that only goes into a stream.
  /// `entry_bytes`  its size as an entry of a stream; 0 for one that goes into none.
  Result make_room(std::uint64_t bytes, std::uint64_t entry_bytes = 0);
  void sent(std::uint64_t bytes, std::uint64_t entries = 1, std::uint64_t entry_bytes = 0);
  /// Measures if that is due. Must be called regularly, because other publishers may fill the buffers too.
  void look();

  /// The reason of the last Result::stalled.
  [[nodiscard]] const Stalled& stalled() const noexcept { return stalled_; }
  /// Waits no more for the receivers that have stalled. Returns their number.
  std::size_t give_up();
  /// Bytes and entries that may be sent before the next make_room().
  [[nodiscard]] std::uint64_t easy_bytes() const noexcept { return room_.easy_bytes(); }
  [[nodiscard]] std::uint64_t easy_entries() const;
  [[nodiscard]] std::uint64_t easy_entry_bytes() const noexcept {
    return entry_bytes_max_ > entry_bytes_ ? entry_bytes_max_ - entry_bytes_ : 0;
  }

 private:
  /// A subscriber with a non-empty output buffer.
  struct Seen {
    std::uint64_t kept_bytes = 0;
    std::uint64_t arrived_bytes = 0;  ///< of this sender, when `kept_bytes` was seen first
    bool is_concerned = true;         ///< it receives what is sent, as far as is known
    bool is_given_up = false;
    Clock::time_point moved_at{};  ///< when `kept_bytes` was seen first
  };
  enum class Looked : std::uint8_t { yes, not_yet, impossible };

  Looked look_at(Readers& readers, Clock::time_point answered_at);
  Looked measure(Readers& readers, Clock::time_point answered_at);
  std::uint64_t slowest(const Readers& readers, std::uint64_t arrived_bytes);
  [[nodiscard]] bool is_stream_full(std::uint64_t entry_bytes) const;
  void forget_entries() noexcept { entries_ = entry_bytes_ = 0; }
  void report_blindness();
  Result wait_for_subscribers(std::uint64_t bytes);
  Result wait_for_stream();

  Host& host_;
  const std::chrono::milliseconds timeout_;
  OutputRoom room_;
  std::map<std::string, Seen, std::less<>> seen_;
  std::set<std::string> given_up_readers_;  ///< of streams: not waited for any more
  std::set<std::string> standing_readers_;  ///< of streams: those that read nothing, at the last measurement
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t entries_ = 0;  ///< entries sent since all readers had read the whole stream
  /// Bytes of these entries. A reader may get all of them in one reply, for which Redis has a limit, too.
  std::uint64_t entry_bytes_ = 0;
  std::uint64_t entry_bytes_max_ = UINT64_MAX;
  Clock::time_point looked_at_{};
  Stalled stalled_;
};

}  // namespace socketio::emitter
