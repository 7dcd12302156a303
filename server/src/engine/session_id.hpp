#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/server/engine.hpp>
#include <socketio/server/id.hpp>

namespace socketio::server {

/// The id of a session: the server's, or one that EngineOptions::generate_id has made, which is kept apart because few servers
/// have such ids, and every session has an id.
class SessionId {
 public:
  static constexpr std::size_t made_bytes_max = 64;

  SessionId(const Id& id) noexcept : id_(id) {}  // NOLINT: implicit on purpose
  /// `text`  one that is_possible(). With several loops the character that names the loop is appended.
  SessionId(std::string text, const LoopNumber& number) : made_(std::make_unique<const std::string>(std::move(text))) {
    if (number.loops > 1) {
      made_ = std::make_unique<const std::string>(*made_ + Id::character_of(number.loop));
    }
  }

  [[nodiscard]] static bool is_possible(std::string_view text) noexcept {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    return !text.empty() && text.size() <= made_bytes_max && text.find_first_not_of(allowed) == std::string_view::npos;
  }

  [[nodiscard]] std::string_view text() const noexcept { return made_ != nullptr ? std::string_view(*made_) : id_.text(); }

 private:
  std::unique_ptr<const std::string> made_;
  Id id_{};
};

}  // namespace socketio::server
