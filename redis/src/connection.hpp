#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/net/stream.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/tls.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

#include "liveness.hpp"
#include "login.hpp"
#include "reply_reader.hpp"
#include "reports.hpp"
#include "silent_connection.hpp"
#include "subscriptions.hpp"
#include "writer.hpp"

namespace socketio::redis {

/// The server of a connection, or of the last one, for people.
struct ServerName {
  std::string where;     ///< "redis://host:6379"
  std::string who;       ///< begins sentences: "Redis at redis://host:6379"
  std::string url_kind;  ///< part of the application's URL after redis or rediss: "+sentinel"
};

/// Receives what happens on a Connection. Called from the loop.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  /// Keeps the listener and the connection alive.
  [[nodiscard]] virtual std::shared_ptr<const void> hold() = 0;
  virtual void on_logged_in() = 0;
  /// Redis has answered the oldest command, and it is not a publish that has succeeded. The reply is integer() or reply() of
  /// `reader`.
  virtual void on_answer(const Entry& entry, ReplyReader& reader, ReplyReader::Item item) = 0;
  /// Redis has executed a command, or confirmed a subscription: the first on this connection.
  virtual void on_served() = 0;
  /// Redis may have confirmed, refused or ended subscriptions.
  virtual void on_subscriptions_changed() = 0;
  /// The connection cannot be used; close() it.
  virtual void on_failure(const Login::Failure& failure) = 0;
  /// Everything that has arrived was handled: callbacks may be called.
  virtual void on_events_end() = 0;
  /// True if the commands that wait must not be written yet.
  [[nodiscard]] virtual bool holds_commands(std::uint64_t now_ms) = 0;
};

/// Connects Login, Liveness, Subscriptions, Writer and ReplyReader to a stream and timers. It is opened again and again; what
/// waits in the writer's queue, and the subscriptions, outlive a lost connection.
class Connection final : public net::StreamListener, public MessageSink {
 public:
  struct Surroundings {
    Loop& loop;
    const Options& options;
    const ServerName& name;
    Reports& reports;
    Counters& counters;
    net::TurnEnd& turn_end;
    ConnectionListener& listener;
  };
  /// `counts_refused`  counts refused subscriptions
  Connection(const Surroundings& surroundings, std::shared_ptr<net::TlsContext> tls, bool counts_refused);

  [[nodiscard]] const Writer& writer() const noexcept { return writer_; }
  [[nodiscard]] Writer& writer() noexcept { return writer_; }
  [[nodiscard]] const Subscriptions& subscriptions() const noexcept { return subscriptions_; }
  [[nodiscard]] Subscriptions& subscriptions() noexcept { return subscriptions_; }
  [[nodiscard]] bool is_open() const noexcept { return stream_ != nullptr; }
  [[nodiscard]] bool is_logged_in() const noexcept { return is_logged_in_; }
  /// A sentence about the step that has not ended in time.
  [[nodiscard]] std::string why_timed_out() const;

  /// `needs_reply`  Redis must have answered before commands are written
  void open(const Endpoint& endpoint, bool needs_reply);
  /// Commands that the system had not taken completely wait for the next connection.
  void close();
  /// As close(), for ever: subscriptions are not reported as lost.
  void end();
  void write_out();
  /// To be called before close() when waiting commands end: those that the system has taken are in flight then, and those that
  /// it has taken partly wait.
  void settle_writes();
  /// Redis has sent what it must not send.
  void fail_broken(std::string_view what);
  void note_served() {
    if (!has_served_) [[unlikely]] {
      has_served_ = true;
      listener_.on_served();
    }
  }
  /// Requests the subscriptions that have changed, once all commands issued before the first one have completed.
  void request_subscriptions();
  void deliver_subscriptions();

  void on_connected() override;
  void on_bytes(Bytes bytes) override;
  void on_writable() override;
  void on_lost(const net::StreamError& error) override;
  void on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) override;

 private:
  void drop();
  void log_in();
  bool write_once(std::uint64_t now_ms);
  [[nodiscard]] bool may_write_commands(std::uint64_t now_ms);
  void take_item(ReplyReader& current, ReplyReader::Item item);
  void take_reply(ReplyReader& current, ReplyReader::Item item);
  void take_unasked(ReplyReader& current, ReplyReader::Item item);
  void take_confirmation(ReplyReader& current, bool subscribed);
  void check_replies();
  void keep_alive();
  void set_aside();
  void forget_silent();

  Loop& loop_;
  const Options& options_;
  const ServerName& name_;
  Reports& reports_;
  Counters& counters_;
  net::TurnEnd& turn_end_;
  ConnectionListener& listener_;
  const std::shared_ptr<net::TlsContext> tls_;
  const bool counts_refused_;

  std::unique_ptr<net::Stream> stream_;
  std::shared_ptr<ReplyReader> reader_;       ///< its users hold a reference, because a callback may end the connection
  std::unique_ptr<SilentConnection> silent_;  ///< the previous one, if it timed out and is kept: nothing may overtake it
  bool needs_reply_ = false;
  bool first_bytes_ = true;  ///< nothing was received on this connection yet
  bool is_logged_in_ = false;
  bool has_served_ = false;
  Login login_;
  Liveness liveness_;
  Writer writer_;
  Subscriptions subscriptions_;

  net::Timer answer_timer_;
  net::Timer alive_timer_;
  net::Timer refused_timer_;  ///< until refused subscriptions are requested again
  net::Timer silent_timer_;   ///< delay for which commands still wait for the `silent_` connection
};

}  // namespace socketio::redis
