#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/emitter/encoder.hpp>
#include <socketio/emitter/find_transport.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::emitter {

/// Transport::automatic: keeps emits until the transport of their namespace is found, then publishes them in their order.
///
/// Redis answers for one namespace at a time. An answer that holds for all of them ends the search. With an answer that holds
/// for one namespace only (no server listens there, or only the namespace's own stream is certain) the others are asked for
/// as well.
class TransportSearch : public std::enable_shared_from_this<TransportSearch> {
 public:
  /// The emitter's side. Each call may destroy the emitter.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void publish_found(redis::Client& client, const Publication& publication, EmitId id) = 0;
    virtual void end_held(EmitId id, redis::Outcome outcome, std::string_view message) = 0;
    /// `fleet` is the fleet of all namespaces. Emits that were kept have been published.
    virtual void on_fleet_found(const TransportSearch& search, const Fleet& fleet) = 0;
    /// No emit is kept any more.
    virtual void on_search_idle() = 0;
  };

  /// `fleet`           names to look for.
  /// `held_bytes_max`  limit for payloads that are kept, beyond the first one; further emits end as not_sent.
  /// `alive`           expires with `sink`.
  TransportSearch(Fleet fleet, std::size_t message_bytes_max, std::size_t held_bytes_max, Loop& loop, Sink& sink,
                  std::weak_ptr<const bool> alive);

  /// Publishes or keeps the operation. False when no server listened in its namespace within the last second: it may go as
  /// classic.
  ///
  /// `bytes`  size of its payload.
  bool publish(redis::Client& client, EmitId id, const Operation& operation, std::size_t bytes);
  /// Asks no more: the client is about to end, and kept emits end with the pending question.
  void stop() noexcept { stopped_ = true; }
  [[nodiscard]] bool is_idle() const noexcept { return held_.empty() && ending_.empty(); }
  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept {
    return held_.empty() || held_bytes_ + bytes <= held_bytes_max_;
  }

 private:
  struct HeldOperation {
    EmitId id;
    OwnedOperation operation;
  };
  /// An emit that ends without being published.
  struct Ending {
    EmitId id;
    redis::Outcome outcome;
    std::string message;
  };

  void ask(redis::Client& client, const std::string& nsp);
  void on_found(redis::Client& client, const std::string& nsp, const FoundTransport& found);
  /// Takes the kept operations of a namespace; of all without one.
  std::vector<HeldOperation> take_held(const std::string* nsp);
  void publish_held(redis::Client& client, Encoder& encoder, const std::vector<HeldOperation>& held);
  void deliver(redis::Client& client, Encoder& encoder, const Operation& operation, EmitId id);
  void end_later(EmitId id, redis::Outcome outcome, std::string message);
  void end_now();

  const Fleet fleet_;
  const std::size_t message_bytes_max_;
  const std::size_t held_bytes_max_;
  Loop& loop_;
  Sink& sink_;
  const std::weak_ptr<const bool> alive_;
  std::vector<HeldOperation> held_;
  std::size_t held_bytes_ = 0;
  std::vector<Ending> ending_;
  std::map<std::string, Encoder, std::less<>> encoders_;         ///< where the answer holds for one namespace only
  std::map<std::string, std::uint64_t, std::less<>> nobody_ms_;  ///< when no server listened in a namespace
  bool is_asking_ = false;
  bool stopped_ = false;
  unsigned attempts_ = 0;
};

}  // namespace socketio::emitter
