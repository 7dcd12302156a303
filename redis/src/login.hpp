#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

namespace socketio::redis {

/// True for the error that Redis sends when it has too many connections, whatever the command was. It then closes the
/// connection.
[[nodiscard]] inline bool is_too_many(std::string_view error) noexcept {
  return error.starts_with("ERR max number of clients");
}

/// The log-in on one connection: AUTH, ROLE, SELECT, CLIENT SETNAME, in one write. Commands wait for the replies, because after
/// a refused step they could reach the wrong database.
class Login {
 public:
  /// `options`  outlive this.
  explicit Login(const Options& options) noexcept : options_(options) {}

  /// Appends the commands to `output`.
  ///
  /// `needs_reply`  sends PING when nothing else is to be sent
  void begin(Buffer& output, bool needs_reply);
  void connection_ended() noexcept { steps_.clear(); }
  /// True while replies are pending.
  [[nodiscard]] bool is_pending() const noexcept { return !steps_.empty(); }

  struct Failure {
    std::string why;            ///< a sentence
    bool is_refusal = false;    ///< a retry is of little use
    bool is_no_master = false;  ///< the sentinels named a server that is not the master
  };
  /// Handles the reply to the oldest command. Precondition: is_pending().
  ///
  /// `who`  begins the sentence: "Redis at redis://host:6379"
  [[nodiscard]] std::optional<Failure> take_reply(const Reply& reply, const std::string& who);

 private:
  enum class Step : std::uint8_t { auth, role, select, set_name, ping };

  [[nodiscard]] Failure refused(Step step, const std::string& error, const std::string& who) const;
  [[nodiscard]] std::string without_password(std::string text) const;

  const Options& options_;
  std::deque<Step> steps_;  ///< not answered yet
};

}  // namespace socketio::redis
