#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/bus.hpp>
#include <socketio/adapter/classic.hpp>
#include <socketio/common/buffer.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/redis/client.hpp>

#include "cluster_adapter.hpp"
#include "confirmations.hpp"

namespace socketio::adapter {

/// Adapter of the classic family: broadcasts by one pattern per namespace, requests and responses by named channels.
///
/// Unlike the reference it makes its own sockets join, leave or disconnect at once, instead of when it receives its own request
/// back.
///
/// Source: docs/wire.md, "Classic adapter".
class ClassicAdapter final : public ClusterAdapter, private redis::MessageListener {
 public:
  ClassicAdapter(Host& host, std::shared_ptr<Bus> bus, ClassicOptions options);
  ~ClassicAdapter() override;
  void close() override;
  void when_subscribed(std::span<const Room> rooms, std::function<void(bool subscribed)> done) override;

 private:
  void publish_operation(const Operation& operation) override;
  void request_acks(std::string_view request_id, const Target& target, Bytes data) override;
  void request_sockets(std::string_view request_id, const Target& target) override;
  void request_server_side(std::string_view request_id, Bytes data) override;
  bool request_rooms(std::string_view request_id) override;
  void respond_client_count(const Question& question, std::size_t count) override;
  void respond_ack(const Question& question, Bytes value) override;
  void respond_server_side(const Question& question, Bytes value) override;
  void count_servers(std::function<void(std::optional<std::size_t>)> done) override;
  [[nodiscard]] std::string make_request_id() override;
  [[nodiscard]] std::uint32_t fetch_timeout_ms(const Target&) const override { return in_ms(options_.requests_timeout); }
  [[nodiscard]] std::uint32_t requests_timeout_ms() const override { return in_ms(options_.requests_timeout); }

  void on_message(std::string_view channel, Bytes payload) override;
  void on_subscribed(std::string_view name, std::string_view error) override { confirmations_.on_subscribed(name, error); }
  void on_subscription_lost(std::string_view name) override { confirmations_.on_lost(name); }
  void publish_broadcast(const Target& target, Bytes data);
  void on_broadcast(std::string_view room, Bytes payload);
  void on_request(Bytes payload);
  void on_response(Bytes payload);
  void act_on(const classic_request::View& request);
  void act_on_single_socket(const classic_request::View& request);
  void act_on_socket(const Question& question, const std::vector<std::string>& id, classic_request::Type type,
                     const std::vector<std::string>& rooms, bool close);
  void on_rooms(const classic_response::View& response);
  void respond_ids(const Question& question, const Selection& selection);
  void respond_rooms(const Question& question);
  void respond_sockets(const Question& question, const Selection& selection);

  Buffer& message();
  void publish(std::string_view channel);
  /// The channel on which the sender of the request receives responses.
  [[nodiscard]] std::string_view response_channel(const Question& question);

  std::shared_ptr<Bus> bus_;
  ClassicOptions options_;
  Confirmations confirmations_;  ///< of the channels that carry events
  std::string broadcast_prefix_;
  std::string pattern_;
  std::string request_channel_;
  std::string response_channel_;
  std::string own_response_channel_;
  Buffer payload_;
  Buffer channel_;
  Buffer scratch_;
};

}  // namespace socketio::adapter
