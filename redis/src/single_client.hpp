#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/net/timer.hpp>
#include <socketio/net/tls.hpp>
#include <socketio/redis/client.hpp>

#include "client_core.hpp"
#include "completions.hpp"
#include "connection.hpp"
#include "resp.hpp"
#include "retry.hpp"
#include "sentinels.hpp"

namespace socketio::redis {

/// Creates the TLS context for `options`; null without TLS. Loads certificates, which is slow, only with TLS.
///
/// Fails      Error(bad_option).
[[nodiscard]] std::shared_ptr<net::TlsContext> make_tls_context(const Options& options);

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
class SingleClient final : public ClientCore, public ConnectionListener {
 public:
  SingleClient(Loop& loop, Options options, Random* random, Peer peer = {});
  ~SingleClient() override;

  void connect() override;
  void publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) override;
  void publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) override;
  void command(std::span<const std::string_view> words, CommandDone done) override;
  void subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) override;
  void unsubscribe(SubscriptionKind kind, std::string_view name) override;
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept override { return connection_.subscriptions().open_count(); }
  void flush() override;
  void abandon(std::string_view why) override;
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return connection_.writer().queue().waiting_bytes(); }
  [[nodiscard]] std::size_t queued_count() const noexcept override { return connection_.writer().queue().waiting_count(); }
  [[nodiscard]] std::size_t in_flight_count() const noexcept override { return connection_.writer().queue().in_flight_count(); }
  [[nodiscard]] const Counters& counters() const noexcept override { return counters_; }

  /// Sends a PUBLISH or SPUBLISH that is already encoded.
  void publish_encoded(Bytes encoded, PublishListener& listener, std::uint64_t tag);
  /// Sends any command that is already encoded.
  void command_encoded(Bytes encoded, CommandDone done);
  /// As unsubscribe(), but sends nothing to Redis: it has ended the subscription itself, or is about to.
  void forget(SubscriptionKind kind, std::string_view name);

 private:
  void on_turn_end() override;
  bool deliver_all() override;
  void end_all(std::string_view why) override;

  [[nodiscard]] std::shared_ptr<const void> hold() override { return shared_from_this(); }
  void on_logged_in() override;
  void on_answer(const Entry& entry, ReplyReader& reader, ReplyReader::Item item) override;
  void on_served() override { retry_.start_again(); }
  void on_subscriptions_changed() override { update_state(); }
  void on_failure(const Login::Failure& failure) override;
  void on_events_end() override;
  [[nodiscard]] bool holds_commands(std::uint64_t now_ms) override;

  // ---- single_client.cpp: attempts, states, subscriptions
  void begin_attempt();
  void on_master_named(const Endpoint& named);
  void on_connect_timeout();
  void lose(const std::string& why, bool is_refusal);
  void update_state();

  // ---- single_commands.cpp
  template <typename Write>
  void add_command(const Entry& entry, const Write& write);
  bool admit(const Entry& entry);
  void take_publish_error(const Entry& entry, ReplyReader& reader, ReplyReader::Item item);
  void take_command_answer(const Entry& entry, ReplyReader& reader, ReplyReader::Item item);
  void end_later(const Entry& entry, Outcome outcome, std::string_view why, std::uint64_t& counter);
  void end_waiting(std::string_view why, std::uint64_t& counter);
  void end_in_flight(std::string_view why);
  void deliver_ended();

  const bool is_cluster_node_;
  std::shared_ptr<net::TlsContext> tls_;
  ServerName name_;
  std::unique_ptr<Sentinels> sentinels_;  ///< null without Sentinel
  Endpoint master_;                       ///< the last one that they named
  bool attempt_wanted_ = false;           ///< connect() was called; the attempt begins at the end of the turn
  Retry retry_;
  Connection connection_;
  PublishWriter publish_writer_{"PUBLISH"};
  PublishWriter sharded_writer_{"SPUBLISH"};
  Completions completions_;

  net::Timer connect_timer_;
  net::Timer retry_timer_;
  net::Timer resume_timer_;
};

}  // namespace socketio::redis
