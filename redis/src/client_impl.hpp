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
#include <socketio/net/turn_end.hpp>
#include <socketio/redis/client.hpp>

#include "output_queue.hpp"
#include "reply_reader.hpp"
#include "resp.hpp"
#include "subscriptions.hpp"

namespace socketio::redis {

/// The client behind its handle.
///
/// Whatever a caller's function does only changes state, appends to a queue, or writes; nobody is called back from there.
/// Callbacks run from the loop alone: answers and messages as they are read, everything else (failures, states) from deliver().
/// Each of the loop's ways in holds `shared_from_this()`, because a callback may destroy the client.
struct Client::Impl final : std::enable_shared_from_this<Impl>, net::StreamListener, MessageSink {
  Impl(Loop& its_loop, Options its_options, Random* its_random);
  ~Impl() override;

  // ---- client.cpp: lifetime, and telling
  void on_turn_end();
  void deliver();
  void set_state(State next, std::string_view why);
  void close(std::uint64_t deadline_ms, std::function<void()> done);
  void finish_close();
  void destroy();
  void log(LogLevel level, std::string_view message, std::string_view detail) const noexcept;
  template <typename Function>
  void guarded(const Function& function) const noexcept;

  // ---- client_connection.cpp: connecting, log-in, loss
  void begin_attempt();
  void schedule_retry();
  void on_connected() override;
  void on_bytes(Bytes bytes) override;
  void on_writable() override;
  void on_lost(const net::StreamError& error) override;
  void on_connect_timeout();
  void write_login();
  void take_login_reply(const Reply& reply);
  [[nodiscard]] std::string without_password(std::string text) const;
  void logged_in();
  void check_ready();
  void lose(const std::string& why, bool refusal);
  void lose_broken(std::string_view what);
  void watch_answers();
  void check_answers();

  // ---- client_commands.cpp: commands out, answers in
  void publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag);
  void command(std::span<const std::string_view> words, CommandDone done);
  void abandon(std::string_view why);
  bool admit(const Entry& entry);
  void after_commit();
  void write_out();
  bool write_once(std::uint64_t now_ms);
  void drain(ReplyReader& current);
  void take_item(ReplyReader& current, ReplyReader::Item item);
  void take_answer(ReplyReader& current, ReplyReader::Item item);
  void take_publish_answer(const Entry& entry, ReplyReader& current, ReplyReader::Item item);
  void take_command_answer(const Entry& entry, ReplyReader& current, ReplyReader::Item item);
  void end_later(const Entry& entry, Outcome outcome, std::string_view why, std::uint64_t& counter);
  void end_waiting(std::string_view why, std::uint64_t& counter);
  void end_in_flight(std::string_view why);
  void deliver_ended();

  // ---- client_subscriptions.cpp
  void subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener);
  void unsubscribe(SubscriptionKind kind, std::string_view name);
  void on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) override;
  void request_subscriptions();
  void take_confirmation(ReplyReader& current, bool subscribed);
  void deliver_subscription_news();

  Loop& loop;
  const Options options;
  const std::string where;  ///< for people
  SystemRandom system_random;
  Random& random;
  Counters counters;

  State state = State::idle;
  StateChanged changed;
  std::string last_error;
  bool last_error_is_refusal = false;
  bool attempt_wanted = false;  ///< connect() was called; the attempt begins at the end of the turn
  bool away = false;            ///< the last attempt failed, or the connection was lost
  bool destroyed = false;
  std::vector<std::function<void()>> close_dones;
  bool closing = false;
  bool close_now = false;  ///< the deadline of close() has passed

  std::unique_ptr<net::Stream> stream;
  std::shared_ptr<ReplyReader> reader;  ///< whoever reads from it holds it, because a callback may end the connection
  bool is_logged_in = false;
  enum class LoginStep : std::uint8_t { auth, select, set_name };
  std::deque<LoginStep> login;  ///< steps that Redis has not answered
  Buffer control;               ///< log-in, and requests for subscriptions; never while commands are under way
  std::size_t control_taken = 0;
  std::size_t later_bytes = 0;  ///< held by the stream's write_later()
  bool later_is_control = false;
  std::uint64_t written_ms = 0;  ///< when the system last took something, or was last given something to take
  std::uint64_t read_ms = 0;     ///< when Redis last sent something
  std::uint64_t ready_ms = 0;
  std::uint32_t failures = 0;  ///< attempts in a row, for the back-off

  OutputQueue queue;
  PublishWriter publish_writer;
  std::vector<CommandDone> command_dones;  ///< by Entry::tag
  std::vector<std::uint64_t> free_dones;
  Subscriptions subscriptions;

  struct StateNews {
    State state;
    std::string why;
  };
  std::deque<StateNews> state_news;
  /// Commands that ended without an answer and wait to be told: runs of the same reason, and what they are.
  struct EndedRun {
    Outcome outcome;
    std::shared_ptr<const std::string> why;
    std::size_t count;
  };
  std::deque<EndedRun> ended_runs;
  Ring<Entry> ended;
  struct RefusedSubscription {
    SubscriptionKind kind;
    std::string name;
    MessageListener* listener;
    std::string why;
  };
  std::deque<RefusedSubscription> refused_subscriptions;  ///< never requested: one too many, or the client is closed

  net::TurnEnd turn_end;
  net::Timer connect_timer;
  net::Timer retry_timer;
  net::Timer answer_timer;
  net::Timer close_timer;
};

/// Calls a user's function. What it throws ends here: below are libuv and hiredis.
template <typename Function>
void Client::Impl::guarded(const Function& function) const noexcept {
  try {
    function();
  } catch (const std::exception& error) {
    log(LogLevel::error, "A callback threw an exception.", error.what());
  } catch (...) {
    log(LogLevel::error, "A callback threw something that is no std::exception.", {});
  }
}

}  // namespace socketio::redis
