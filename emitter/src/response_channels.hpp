#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/fleet/dialect.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::emitter {

[[nodiscard]] constexpr redis::SubscriptionKind redis_kind(fleet::ChannelKind kind) noexcept {
  return static_cast<redis::SubscriptionKind>(kind);
}
static_assert(redis_kind(fleet::ChannelKind::shard) == redis::SubscriptionKind::shard);

/// The response channels of namespaces, subscribed on a connection of their own.
class ResponseChannels final : private redis::MessageListener {
 public:
  /// Any of these may destroy the ResponseChannels.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_response(Bytes payload) = 0;
    /// A channel was confirmed.
    virtual void on_confirmed() = 0;
    /// Redis refuses a channel of this namespace: none of its channels is subscribed any more.
    virtual void on_refused(const std::string& nsp, std::string_view error) = 0;
    /// The connection was lost, and responses with it. No channel is confirmed until Redis has confirmed it again.
    virtual void on_responses_lost(std::string_view why) = 0;
  };

  /// `listener`  outlives this.
  ResponseChannels(Loop& loop, redis::Options redis, Listener& listener);

  /// Subscribes to the channels of a namespace, unless it has channels already. Connects when that was not done before.
  void listen(const std::string& nsp, const std::function<std::vector<fleet::Channel>()>& channels_of);
  /// True when Redis has confirmed all channels of this namespace.
  [[nodiscard]] bool are_confirmed(const std::string& nsp) const;

 private:
  struct Channels {
    std::vector<fleet::Channel> all;
    std::set<std::string, std::less<>> unconfirmed;
  };

  void forget(const std::string& nsp);
  void on_lost(std::string_view why);
  void on_message(std::string_view channel, Bytes payload) override;
  void on_subscribed(std::string_view channel, std::string_view error) override;

  Listener& listener_;
  std::map<std::string, Channels> by_nsp_;
  std::map<std::string, std::string, std::less<>> nsp_of_;
  redis::Client client_;
};

}  // namespace socketio::emitter
