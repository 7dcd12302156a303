#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/ids.hpp>

#include "cluster_adapter.hpp"

namespace socketio::adapter {

/// Common part of the sharded and the streams family: one set of messages. Each family adds their channels and their encoding.
///
/// Source: docs/wire.md, "Messages".
class MessageAdapter : public ClusterAdapter {
 protected:
  using Type = cluster_message::Type;
  using ClusterAdapter::ClusterAdapter;

  // ---- implemented by each family ----
  /// Publishes `data` to all servers. `target` is null where a message has none; `wants_answer`: it has a request id.
  virtual void send(Type type, Bytes data, const Target* target, bool wants_answer) = 0;
  /// Publishes a response to the server that sent the request.
  virtual void respond(Type type, Bytes data, std::string_view asker) = 0;

  // ---- messages that a family has received ----
  /// Handles a message from a channel that all servers receive.
  void on_envelope(const cluster_message::Envelope& envelope);
  /// Handles a message from the channel that only this server receives: a response, or malformed.
  void on_response(const cluster_message::Envelope& envelope);

  /// Encoding of an undefined response: empty, which leaves its member out, unless the family's encoder keeps such members.
  [[nodiscard]] virtual Bytes undefined_answer() const { return {}; }

  [[nodiscard]] Buffer& data();

  /// Encodes the operation, and returns its type.
  Type encode(const Operation& operation);
  /// The data encoded last.
  [[nodiscard]] Bytes encoded() const noexcept { return data_.bytes(); }
  void publish_operation(const Operation& operation) override;
  void request_acks(std::string_view request_id, const Target& target, Bytes event) override;
  void request_sockets(std::string_view request_id, const Target& target) override;
  void request_server_side(std::string_view request_id, Bytes event) override;
  bool request_rooms(std::string_view) override { return false; }
  void respond_client_count(const Question& question, std::size_t count) override;
  void respond_ack(const Question& question, Bytes value) override;
  void respond_server_side(const Question& question, Bytes value) override;
  [[nodiscard]] std::string make_request_id() override { return ids::make_hex(host().random()); }
  [[nodiscard]] std::uint32_t fetch_timeout_ms(const Target& target) const override;
  [[nodiscard]] std::uint32_t requests_timeout_ms() const override { return default_timeout_ms; }

  static constexpr std::uint32_t default_timeout_ms = 5'000;

 private:
  void act_on(const cluster_message::Envelope& envelope, const cluster_message::View& view);
  void take(const cluster_message::View& view, std::string_view responder);

  Buffer data_;
};

}  // namespace socketio::adapter
