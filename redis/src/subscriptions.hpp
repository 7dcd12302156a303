#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/redis/client.hpp>

#include "refused_subscription.hpp"

namespace socketio::redis {

/// What a client is subscribed to, and how far Redis knows of it on the current connection.
///
/// Requests go out many names to a command, a few commands at a time; Redis confirms name by name, in order. It refuses a whole
/// command when one of its names is not allowed, so the names of a refused command are asked for one by one.
class Subscriptions {
 public:
  struct Confirmed {
    MessageListener* listener;
    std::string name;
    std::string error;  ///< why Redis refused it, or empty
    bool is_lost;       ///< it was confirmed, and is so no more
  };

  /// True once there has been a subscription: the connection is for nothing else from then on.
  [[nodiscard]] bool in_use() const noexcept { return in_use_; }
  /// Subscriptions that Redis has neither confirmed nor refused on this connection.
  [[nodiscard]] std::size_t open_count() const noexcept { return open_count_; }
  [[nodiscard]] std::size_t size() const noexcept { return names_[0].size() + names_[1].size() + names_[2].size(); }

  /// Subscribing again to the same name gives it to the new listener, who is told when Redis confirms once more.
  void add(SubscriptionKind kind, std::string_view name, MessageListener& listener);
  void remove(SubscriptionKind kind, std::string_view name);
  /// As remove(), but nothing is requested of Redis.
  void forget(SubscriptionKind kind, std::string_view name);
  /// Who hears messages of a confirmed subscription; null when nobody does.
  [[nodiscard]] MessageListener* find(SubscriptionKind kind, std::string_view name) const;

  /// A new connection knows nothing: everything is to be requested.
  void connection_began();
  void connection_ended();
  /// Appends commands for what is to be requested; not more than a few at a time. Returns whether it appended any.
  bool write_requests(Buffer& output);
  /// True while Redis owes confirmations.
  [[nodiscard]] bool awaiting() const noexcept { return !sent_.empty(); }

  /// Redis has confirmed `name`. Returns false when it should have confirmed something else.
  bool confirm(SubscriptionKind kind, bool subscribed, std::string_view name);
  /// Redis has ended a subscription by itself, as it does with channels whose slot has moved: asks for it again.
  void lost(SubscriptionKind kind, std::string_view name);
  /// Redis has refused the oldest command. Precondition: awaiting().
  void refuse(std::string_view error);
  /// Subscriptions that Redis has refused on this connection, and not confirmed since.
  [[nodiscard]] std::size_t refused_count() const noexcept { return refused_count_; }
  /// True when this one is among them.
  [[nodiscard]] bool is_refused(SubscriptionKind kind, std::string_view name) const;
  /// One of them. Precondition: refused_count() is not 0.
  [[nodiscard]] RefusedSubscription first_refused() const;
  /// True when names were refused on this connection, and not asked for again since.
  [[nodiscard]] bool any_refused() const noexcept { return any_refused_; }
  /// Asks for these again: rights may have changed. Their listeners hear of it when the answer is another one.
  void request_refused();
  /// What the listeners have to be told; the next one, if any. One that was unsubscribed meanwhile is left out.
  std::optional<Confirmed> next_news();

 private:
  struct Subscription {
    MessageListener* listener = nullptr;
    std::uint64_t id = 0;  ///< of its newest request
    bool open = false;     ///< counted in open_count_
    bool live = false;     ///< Redis sends its messages on this connection
    std::string refusal;   ///< why Redis refused it on this connection
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };
  using Names = std::unordered_map<std::string, Subscription, Hash, std::equal_to<>>;
  struct Request {
    SubscriptionKind kind;
    bool subscribe;
    bool alone;  ///< in a command of its own
    std::uint64_t id;
    std::string name;
  };
  struct Command {
    std::vector<Request> requests;
    std::size_t name_bytes = 0;
    std::size_t confirmed_count = 0;
  };
  struct News {
    SubscriptionKind kind;
    std::uint64_t id;
    std::string name;
    std::string error;
    bool is_lost = false;
  };

  Names& names(SubscriptionKind kind) noexcept { return names_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const Names& names(SubscriptionKind kind) const noexcept { return names_[static_cast<std::size_t>(kind)]; }
  void settle(const Request& request, std::string_view error);
  void set_refusal(Subscription& subscription, std::string_view error);
  void take_command(Command& command);
  Command take_sent();

  std::array<Names, 3> names_;  ///< by kind
  std::deque<Request> requests_;
  std::deque<Command> sent_;  ///< not confirmed whole
  std::size_t sent_name_count_ = 0;
  std::size_t sent_name_bytes_ = 0;
  std::deque<News> news_;
  std::uint64_t last_id_ = 0;
  std::size_t open_count_ = 0;
  std::size_t refused_count_ = 0;
  bool in_use_ = false;
  bool connected_ = false;
  bool any_refused_ = false;
};

}  // namespace socketio::redis
