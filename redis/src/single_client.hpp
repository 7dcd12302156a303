#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/net/random.hpp>
#include <socketio/net/stream.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/tls.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/redis/client.hpp>

#include "client_core.hpp"
#include "output_queue.hpp"
#include "reply_reader.hpp"
#include "resp.hpp"
#include "sentinels.hpp"
#include "silent_connection.hpp"
#include "subscriptions.hpp"

namespace socketio::redis {

/// Creates the TLS context for `options`; null without TLS. Loads certificates, which is slow, only with TLS.
///
/// Fails      Error(bad_option).
[[nodiscard]] std::shared_ptr<net::TlsContext> make_tls_context(const Options& options);

/// True for the error that Redis sends when it has too many connections, whatever the command was. It then closes the
/// connection.
[[nodiscard]] inline bool is_too_many(std::string_view error) noexcept {
  return error.starts_with("ERR max number of clients");
}

/// Properties of a client that the library creates for itself, not an application.
struct Peer {
  std::string who;                       ///< begins sentences for people: "Sentinel at host:26379"; empty: "Redis at URL"
  std::string url_kind;                  ///< "+sentinel": the part of the application's URL after redis or rediss
  std::shared_ptr<net::TlsContext> tls;  ///< already loaded, because loading certificates is slow
  bool is_cluster_node = false;          ///< the cluster's client reports and counts refused subscriptions
};

/// A client of one Redis, which keeps its connection; with Sentinel, of the current master.
///
/// Callbacks run as replies and messages are read; everything else (failures, states) is reported from deliver().
class SingleClient final : public std::enable_shared_from_this<SingleClient>,
                           public ClientCore,
                           public net::StreamListener,
                           public MessageSink {
 public:
  SingleClient(Loop& its_loop, Options its_options, Random* its_random, Peer peer = {});
  ~SingleClient() override;

  void connect() override;
  void on_state(StateChanged changed) override {
    changed_ = changed ? std::make_shared<const StateChanged>(std::move(changed)) : nullptr;
  }
  [[nodiscard]] State state() const noexcept override { return state_; }
  [[nodiscard]] const std::string& last_error() const noexcept override { return last_error_; }
  [[nodiscard]] bool last_error_is_refusal() const noexcept override { return last_error_is_refusal_; }
  void publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) override;
  void publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) override;
  void command(std::span<const std::string_view> words, CommandDone done) override;
  void subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) override;
  void unsubscribe(SubscriptionKind kind, std::string_view name) override;
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept override { return subscriptions.open_count(); }
  void on_subscriptions(std::function<void()> settled) override {
    settled_ = settled ? std::make_shared<const std::function<void()>>(std::move(settled)) : nullptr;
  }
  void flush() override;
  void abandon(std::string_view why) override;
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return queue.waiting_bytes(); }
  [[nodiscard]] std::size_t queued_count() const noexcept override { return queue.waiting_count(); }
  [[nodiscard]] std::size_t in_flight_count() const noexcept override { return queue.in_flight_count(); }
  [[nodiscard]] const Counters& counters() const noexcept override { return counters_; }
  void close(std::uint64_t deadline_ms, std::function<void()> done) override;
  void destroy() override;

  /// Sends a PUBLISH or SPUBLISH that is already encoded.
  void publish_encoded(Bytes encoded, PublishListener& listener, std::uint64_t tag);
  /// Sends any command that is already encoded.
  void command_encoded(Bytes encoded, CommandDone done);
  /// As unsubscribe(), but sends nothing to Redis: it has ended the subscription itself, or is about to.
  void forget(SubscriptionKind kind, std::string_view name);

 private:
  enum class LoginStep : std::uint8_t { auth, role, select, set_name, ping };

  // ---- client.cpp: lifetime, and callbacks
  void on_turn_end();
  void deliver();
  void set_state(State next, std::string_view why);
  void finish_close();
  void log(LogLevel level, std::string_view message, std::string_view detail) const noexcept;
  template <typename Function>
  void guarded(const Function& function) const noexcept;

  // ---- client_connection.cpp: connecting, log-in, loss
  void begin_attempt();
  void begin_finding();
  void connect_to(const Endpoint& endpoint);
  void on_master_named(const Endpoint& master);
  void schedule_retry();
  void on_connected() override;
  void on_bytes(Bytes bytes) override;
  void on_writable() override;
  void on_lost(const net::StreamError& error) override;
  void on_connect_timeout();
  void write_login();
  void take_login_reply(const Reply& reply);
  void refuse_login(LoginStep step, const std::string& error);
  void take_role(const Reply& reply);
  [[nodiscard]] std::string without_password(std::string text) const;
  void logged_in();
  void check_ready();
  void tell_refused();
  [[nodiscard]] bool is_up() const noexcept { return state_ == State::ready || state_ == State::refused; }
  void lose(const std::string& why, bool refusal);
  void lose_broken(std::string_view what);
  void watch_answers();
  void check_answers();
  void set_aside();
  void forget_silent();
  void check_alive();

  // ---- client_commands.cpp: writing commands, reading replies
  void publish_with(PublishWriter& writer, std::string_view channel, Bytes payload, PublishListener& listener,
                    std::uint64_t tag);
  void add_encoded(Bytes encoded, const Entry& entry);
  std::uint64_t keep_done(CommandDone done);
  bool admit(const Entry& entry);
  void after_commit();
  void write_out();
  bool write_once(std::uint64_t now_ms);
  [[nodiscard]] bool is_stalled(std::uint64_t now_ms) noexcept;
  [[nodiscard]] bool is_resuming(std::uint64_t now_ms) noexcept;
  void drain(ReplyReader& current);
  void take_item(ReplyReader& current, ReplyReader::Item item);
  void take_answer(ReplyReader& current, ReplyReader::Item item);
  void take_pong();
  void take_publish_answer(const Entry& entry, ReplyReader& current, ReplyReader::Item item);
  void take_command_answer(const Entry& entry, ReplyReader& current, ReplyReader::Item item);
  void end_later(const Entry& entry, Outcome outcome, std::string_view why, std::uint64_t& counter);
  void end_waiting(std::string_view why, std::uint64_t& counter);
  void end_in_flight(std::string_view why);
  void deliver_ended();

  // ---- client_subscriptions.cpp
  void on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) override;
  void request_subscriptions();
  void request_refused();
  void take_confirmation(ReplyReader& current, bool subscribed);
  void deliver_subscription_news();

  Loop& loop;
  const Options options;
  const std::string url_kind;
  const bool is_cluster_node;
  std::shared_ptr<net::TlsContext> tls;
  SystemRandom system_random;
  Random& random;
  Counters counters_;

  std::unique_ptr<Sentinels> sentinels;  ///< null without Sentinel
  Endpoint master;                       ///< the last one that they named
  std::string where;                     ///< for people: the server of this connection, or of the last one
  std::string who;                       ///< begins sentences about it

  State state_ = State::idle;
  std::shared_ptr<const StateChanged> changed_;           ///< null: no callback
  std::shared_ptr<const std::function<void()>> settled_;  ///< callback of on_subscriptions(); null: none
  bool was_open = false;                                  ///< there were unconfirmed subscriptions
  std::string last_error_;
  bool last_error_is_refusal_ = false;
  bool attempt_wanted = false;  ///< connect() was called; the attempt begins at the end of the turn
  bool away = false;            ///< the last attempt failed, or the connection was lost
  bool destroyed = false;
  std::vector<std::function<void()>> close_dones;
  bool closing = false;
  bool close_now = false;  ///< the deadline of close() has passed

  std::unique_ptr<net::Stream> stream;
  std::unique_ptr<SilentConnection> silent;  ///< the previous connection, if it timed out and is kept: nothing may overtake it
  std::shared_ptr<ReplyReader> reader;       ///< its users hold a reference, because a callback may end the connection
  bool first_bytes = true;                   ///< nothing was received on this connection yet
  bool is_logged_in = false;
  std::deque<LoginStep> login;  ///< log-in steps that Redis has not answered
  Buffer control;               ///< log-in, subscription commands, PING; never while commands are in flight
  std::size_t control_taken = 0;
  bool pong_owed = false;       ///< a reply to PING is pending, before the replies to later commands
  std::size_t later_bytes = 0;  ///< held by the stream's write_later()
  bool later_is_control = false;
  std::uint64_t written_ms = 0;  ///< time at which the system last took bytes, or was last given bytes to take
  std::uint64_t read_ms = 0;     ///< time at which Redis last sent bytes
  std::uint64_t ready_ms = 0;
  std::uint32_t failures = 0;       ///< failed attempts in a row, for the back-off
  std::uint64_t away_since_ms = 0;  ///< time at which the last connection that was ready was lost; 0: none was
  std::uint64_t resume_ms = 0;      ///< publishes wait until then
  bool was_good = false;            ///< the lost connection had been ready for longer than backoff_max_ms

  OutputQueue queue;
  PublishWriter publish_writer{"PUBLISH"};
  PublishWriter sharded_writer{"SPUBLISH"};
  std::vector<CommandDone> command_dones;  ///< by Entry::tag
  std::vector<std::uint64_t> free_dones;
  Subscriptions subscriptions;

  struct StateNews {
    State state;
    std::string why;
  };
  std::deque<StateNews> state_news;
  /// Commands that completed without a reply and are not reported yet: `ended` holds them, each EndedRun describes consecutive
  /// ones with the same outcome and reason.
  struct EndedRun {
    Outcome outcome;
    std::shared_ptr<const std::string> why;
    std::size_t count;
  };
  std::deque<EndedRun> ended_runs;
  Ring<Entry> ended;
  RefusedSubscription told_refusal;  ///< the one that was reported, in the state `refused`
  struct UnaskedSubscription {
    SubscriptionKind kind;
    std::string name;
    MessageListener* listener;
    std::string why;
  };
  std::deque<UnaskedSubscription> unasked_subscriptions;  ///< never requested: above the limit, or the client is closed

  net::TurnEnd turn_end;
  net::Timer connect_timer;
  net::Timer retry_timer;
  net::Timer answer_timer;
  net::Timer refused_timer;  ///< until refused subscriptions are requested again
  net::Timer resume_timer;
  net::Timer alive_timer;
  net::Timer silent_timer;  ///< delay for which commands still wait for the `silent` connection
  net::Timer close_timer;
};

/// Calls a user's function and logs its exceptions, which must not pass through libuv and hiredis.
template <typename Function>
void SingleClient::guarded(const Function& function) const noexcept {
  try {
    function();
  } catch (const std::exception& error) {
    log(LogLevel::error, "A callback threw an exception.", error.what());
  } catch (...) {
    log(LogLevel::error, "A callback threw something that is no std::exception.", {});
  }
}

}  // namespace socketio::redis
