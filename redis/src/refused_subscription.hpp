#pragma once

#include <string>
#include <string_view>

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

}  // namespace socketio::redis
