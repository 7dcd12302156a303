#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "commands.hpp"
#include "context.hpp"
#include "liveness.hpp"
#include "login.hpp"
#include "reply_reader.hpp"
#include "retry.hpp"
#include "subscriptions.hpp"

namespace socketio::redis {

/// Receives what happens on a connection. Called from the loop.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  /// Keeps the listener and the session alive.
  [[nodiscard]] virtual std::shared_ptr<const void> hold() = 0;
  virtual void on_logged_in() = 0;
  /// Redis may have confirmed, refused or ended subscriptions.
  virtual void on_subscriptions_changed() = 0;
  /// The connection cannot be used; close it.
  virtual void on_failure(const Login::Failure& failure) = 0;
  /// Everything that has arrived was handled: callbacks may be called.
  virtual void on_events_end() = 0;
};

/// The conversation with one server, without I/O: log-in, commands, subscriptions and signs of life. It begins anew with each
/// connection; commands that wait, and subscriptions, outlive a lost connection.
class Session final : public MessageSink {
 public:
  /// `counts_refused`  counts refused subscriptions
  Session(Context& context, Retry& retry, bool counts_refused, SessionListener& listener)
      : context_(context),
        retry_(retry),
        listener_(listener),
        counts_refused_(counts_refused),
        login_(context.options),
        liveness_(in_ms(context.options.command_timeout), in_ms(context.options.keepalive)),
        commands_(context, subscriptions_, retry) {}

  [[nodiscard]] Commands& commands() noexcept { return commands_; }
  [[nodiscard]] const Commands& commands() const noexcept { return commands_; }
  [[nodiscard]] Subscriptions& subscriptions() noexcept { return subscriptions_; }
  [[nodiscard]] Liveness& liveness() noexcept { return liveness_; }
  [[nodiscard]] bool has_begun() const noexcept { return reader_ != nullptr; }
  [[nodiscard]] bool is_logged_in() const noexcept { return is_logged_in_; }

  /// There is a connection.
  ///
  /// `needs_reply`  Redis must have answered before commands are written
  void begin(bool needs_reply, std::uint64_t now_ms);
  /// The connection is lost.
  void end();
  void take_bytes(Bytes bytes, std::uint64_t now_ms);
  /// Fills `parts` with the bytes to write next, and returns their number.
  ///
  /// `with_commands`  commands may be written, too
  std::size_t gather(std::span<Bytes> parts, std::uint64_t now_ms, bool with_commands);
  /// The connection ends: commands that the system has taken are in flight then, and those that it has taken partly wait.
  ///
  /// `later_taken`  the system has taken what Writer::hold() holds
  void settle_writes(bool later_taken);
  [[nodiscard]] Liveness::Verdict check_replies(std::uint64_t now_ms);
  /// Sends PING if that is due. Returns the time until the next call.
  [[nodiscard]] std::uint64_t keep_alive(std::uint64_t now_ms);
  /// The reader, with the part of a reply that was read so far, and the number of replies that are pending.
  [[nodiscard]] std::pair<std::shared_ptr<ReplyReader>, std::size_t> take_reader();

  /// Requests the subscriptions that have changed, once all commands issued before the first one have completed: after it,
  /// Redis accepts no others.
  void request_subscriptions();
  void deliver_subscriptions();
  void on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) override;

 private:
  void log_in();
  void note_served();
  void fail_broken(std::string_view what);
  void take_item(ReplyReader& current, ReplyReader::Item item);
  void take_reply(ReplyReader& current, bool is_number);
  void take_unasked(ReplyReader& current, bool is_number);
  void take_confirmation(ReplyReader& current, bool subscribed);

  Context& context_;
  Retry& retry_;
  SessionListener& listener_;
  const bool counts_refused_;
  bool is_logged_in_ = false;
  bool has_served_ = false;
  std::shared_ptr<ReplyReader> reader_;  ///< its users hold a reference, because a callback may end the connection
  Login login_;
  Liveness liveness_;
  Subscriptions subscriptions_;
  Commands commands_;
};

}  // namespace socketio::redis
