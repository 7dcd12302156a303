#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/bus.hpp>
#include <socketio/fleet/dialect.hpp>

#include "cluster_link.hpp"
#include "confirmations.hpp"
#include "pending_requests.hpp"
#include "responder.hpp"

namespace socketio::adapter {

/// Common part of all adapters with other servers: operations act on this server's sockets and are published to the others;
/// requests are kept until all servers have responded or their deadline passes.
///
/// Its Dialect names the channels, and encodes and decodes the messages. A derived adapter adds what else its transport needs.
class ClusterAdapter : public Adapter, protected redis::MessageListener {
 public:
  ClusterAdapter(Host& host, std::shared_ptr<Bus> bus, const Fleet& fleet, fleet::Participant self);
  ~ClusterAdapter() override;

  void apply(const Operation& operation) override;
  void broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) override;
  void fetch(const Target& target, FetchDone done) override;
  void all_rooms(std::function<void(std::vector<std::string>)> done) override;
  void server_count(std::function<void(std::size_t)> done) override;
  void server_side_emit_with_ack(Bytes data, ServerAnswersDone done) override;
  [[nodiscard]] bool keeps_packets() const noexcept override { return false; }
  void save(SavedSession) override {}
  void recover(std::string_view pid, std::string_view offset, std::function<void(std::optional<SavedSession>)> done) override;
  void catch_up(const SavedSession& session, std::string_view offset,
                std::function<void(std::optional<MissedPackets>)> done) override;
  void when_subscribed(std::span<const Room> rooms, std::function<void(bool subscribed)> done) override;
  [[nodiscard]] AdapterCounters counters() const override { return link_.counters; }
  void close() override;

 protected:
  virtual void publish(const Operation& operation) { link_.publish(operation); }
  /// Time to wait for responses; `flags` of the request's target.
  [[nodiscard]] virtual std::uint32_t request_timeout_ms(const Flags& flags) const { return flags.timeout_ms().value_or(5'000); }
  void on_message(std::string_view channel, Bytes payload) override;

  void subscribe(const fleet::Channel& channel);
  /// The channels that carry events for these rooms.
  [[nodiscard]] virtual std::vector<std::string> event_channels(std::span<const Room> rooms) const;
  /// Decodes a message and acts on it.
  void receive(fleet::Topic topic, Bytes payload);
  /// Counts what was decoded; true for a message to act on.
  bool accept(fleet::Received received);
  void act_on(const fleet::Message& message);
  /// The messages that this server wants.
  [[nodiscard]] fleet::ReceiveFilter filter() const noexcept { return {link_.dialect->uid(), link_.host.nsp(), &requests_}; }

  ClusterLink link_;
  Responder responder_;
  Confirmations confirmations_;
  PendingRequests requests_;  ///< of this server

 private:
  void on_subscribed(std::string_view name, std::string_view error) override { confirmations_.on_subscribed(name, error); }
  void on_subscription_lost(std::string_view name) override { confirmations_.on_lost(name); }
  void count_servers(std::function<void(std::optional<std::size_t>)> done);
  /// Counts the servers, then sends the request when there are others, and ends it when there are none.
  void send_when_counted(const std::shared_ptr<PendingRequest>& request, std::function<void()> send);

  std::vector<fleet::TopicChannel> channels_;
  const fleet::Channel servers_channel_;
};

}  // namespace socketio::adapter
