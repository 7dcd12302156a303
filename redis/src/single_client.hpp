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
#include "connection.hpp"
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
class SingleClient final : public ClientCore, public SessionListener {
 public:
  SingleClient(Loop& loop, Options options, Random* random, Peer peer = {});

  void publish(bool is_sharded, std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) override;
  void command(std::span<const std::string_view> words, CommandDone done) override;
  /// Sends a command that is already encoded. `listener` and `tag` are those of a publish; other commands have `done`.
  void send(Bytes encoded, PublishListener* listener, std::uint64_t tag, CommandDone done);
  [[nodiscard]] SubscriptionSet& subscriptions() noexcept override { return connection_.session().subscriptions(); }
  /// As unsubscribe(), but sends nothing to Redis: it has ended the subscription itself, or is about to.
  void forget(SubscriptionKind kind, std::string_view name);
  void flush() override;
  void abandon(std::string_view why) override;
  [[nodiscard]] Load load() const noexcept override;
  [[nodiscard]] std::size_t queued_bytes() const noexcept override;
  [[nodiscard]] const Counters& counters() const noexcept override { return context_.counters; }

 private:
  void on_turn_end() override;
  void deliver_subscriptions() override { connection_.session().deliver_subscriptions(); }
  void end_all(std::string_view why) override;

  [[nodiscard]] std::shared_ptr<const void> hold() override { return shared_from_this(); }
  void on_logged_in() override;
  void on_subscriptions_changed() override;
  void on_failure(const Login::Failure& failure) override;
  void on_events_end() override;

  void begin_attempt();
  void on_master_named(const Endpoint& named);
  void on_connect_timeout();
  void lose(const std::string& why, bool is_refusal);
  void issued(bool is_urgent);

  const bool is_cluster_node_;
  std::shared_ptr<net::TlsContext> tls_;
  std::unique_ptr<Sentinels> sentinels_;  ///< null without Sentinel
  Endpoint master_;                       ///< the last one that they named
  Retry retry_;
  Connection connection_;

  net::Timer connect_timer_;
  net::Timer retry_timer_;
  net::Timer resume_timer_;
};

}  // namespace socketio::redis
