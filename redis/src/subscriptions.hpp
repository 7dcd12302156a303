#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/redis/types.hpp>

namespace socketio::redis {

/// A subscription that Redis has refused.
struct RefusedSubscription {
  SubscriptionKind kind = SubscriptionKind::channel;
  std::string name;
  std::string error;  ///< Redis' text
};

/// A sentence for people: the refused subscription, the reason, the consequence, and the permission that is missing.
///
/// `who`   begins the sentence: "Redis at redis://host:6379"
/// `user`  of the ACL; empty: the default user
[[nodiscard]] std::string describe(const RefusedSubscription& refused, std::string_view who, std::string_view user);

/// The subscriptions of a client.
class SubscriptionSet {
 public:
  virtual ~SubscriptionSet() = default;
  /// Subscribing again to the same name replaces the listener; the new one is called when Redis confirms again.
  virtual void add(SubscriptionKind kind, std::string_view name, MessageListener& listener) = 0;
  virtual void remove(SubscriptionKind kind, std::string_view name) = 0;
  /// True if there are too many.
  [[nodiscard]] virtual bool is_full() const noexcept { return false; }
  /// True after the first subscription: from then on the connection is used for nothing else.
  [[nodiscard]] bool in_use() const noexcept { return in_use_; }
  /// Number of subscriptions that Redis has neither confirmed nor refused since their connection began.
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept { return unconfirmed_count_; }
  /// Number of subscriptions that Redis has refused, and not confirmed since.
  [[nodiscard]] std::size_t refused_count() const noexcept { return refused_.size(); }
  [[nodiscard]] bool is_refused(SubscriptionKind kind, std::string_view name) const;
  /// One of the refused subscriptions. Precondition: refused_count() is not 0.
  [[nodiscard]] RefusedSubscription first_refused() const;

 protected:
  using Name = std::pair<SubscriptionKind, std::string>;
  /// `error`  Redis' text; empty: it is not refused
  void set_refusal(SubscriptionKind kind, std::string_view name, std::string_view error);

  std::size_t unconfirmed_count_ = 0;
  std::map<Name, std::string> refused_;  ///< and Redis' text
  bool in_use_ = false;
};

/// Subscriptions on one connection, and their status on the current one.
///
/// A command requests many names, and a few commands are sent at a time; Redis confirms name by name, in order. It refuses a
/// whole command when one of its names is not allowed, so the names of a refused command are requested again one by one.
class Subscriptions final : public SubscriptionSet {
 public:
  struct Confirmed {
    MessageListener* listener;
    std::string name;
    std::string error;  ///< reason why Redis refused it, or empty
    bool is_lost;       ///< it was confirmed, and was lost
  };

  [[nodiscard]] std::size_t size() const noexcept { return names_[0].size() + names_[1].size() + names_[2].size(); }
  [[nodiscard]] bool is_full() const noexcept override { return size() >= limits::subscriptions_max; }

  void add(SubscriptionKind kind, std::string_view name, MessageListener& listener) override;
  void remove(SubscriptionKind kind, std::string_view name) override;
  /// As remove(), but sends nothing to Redis.
  void forget(SubscriptionKind kind, std::string_view name);
  /// The listener of a confirmed subscription; null when there is none.
  [[nodiscard]] MessageListener* find(SubscriptionKind kind, std::string_view name) const;

  /// Starts with a new connection: all subscriptions must be requested on it.
  void connection_began();
  void connection_ended();
  /// Appends commands for the next requests, only a few at a time. Returns true if it appended any.
  bool write_requests(Buffer& output);
  /// True while confirmations are pending.
  [[nodiscard]] bool awaiting() const noexcept { return !sent_.empty(); }

  /// Handles the confirmation of `name`. Returns false when Redis should have confirmed something else.
  bool confirm(SubscriptionKind kind, bool subscribed, std::string_view name);
  /// Handles a subscription that Redis has ended itself, as it does with channels whose slot has moved: requests it again.
  void lost(SubscriptionKind kind, std::string_view name);
  /// Handles the refusal of the oldest command. Precondition: awaiting().
  void refuse(std::string_view error);
  /// True if names were refused on this connection, and not requested again since.
  [[nodiscard]] bool any_refused() const noexcept { return any_refused_; }
  /// Requests refused subscriptions again: permissions may have changed. Their listeners are called only if the answer differs.
  void request_refused();
  /// The next event for a listener, if any. Events of subscriptions that were removed meanwhile are left out.
  std::optional<Confirmed> next_news();

 private:
  struct Subscription {
    MessageListener* listener = nullptr;
    std::uint64_t id = 0;  ///< id of its newest request
    bool open = false;     ///< counted in unconfirmed_count_
    bool live = false;     ///< Redis sends its messages on this connection
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };
  using Names = std::unordered_map<std::string, Subscription, Hash, std::equal_to<>>;
  struct Request {
    SubscriptionKind kind;
    bool subscribe;
    bool alone;  ///< in a command of its own, with no other name
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
  void take_command(Command& command);
  Command take_sent();

  std::array<Names, 3> names_;  ///< by kind
  std::deque<Request> requests_;
  std::deque<Command> sent_;  ///< not confirmed completely
  std::size_t sent_name_count_ = 0;
  std::size_t sent_name_bytes_ = 0;
  std::deque<News> news_;
  std::uint64_t last_id_ = 0;
  bool connected_ = false;
  bool any_refused_ = false;
};

}  // namespace socketio::redis
