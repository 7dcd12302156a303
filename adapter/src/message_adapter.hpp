#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/cluster_message.hpp>

#include "cluster_adapter.hpp"

namespace socketio::adapter {

/// What the sharded and the streams family have in common: one set of messages. Where they travel, and in which form, is what a
/// family adds.
///
/// Source: docs/wire.md, "Messages".
class MessageAdapter : public ClusterAdapter {
 protected:
  using Type = cluster_message::Type;
  using ClusterAdapter::ClusterAdapter;

  // ---- what a family does ----
  /// Says `data` to all. `target` is null where a message has none; `wants_answer`: it has a request id.
  virtual void say(Type type, Bytes data, const Target* target, bool wants_answer) = 0;
  /// Says it to the one who asked.
  virtual void answer(Type type, Bytes data, std::string_view asker) = 0;

  // ---- what a family hears ----
  /// A message from a channel that all hear.
  void heard(const cluster_message::Envelope& envelope);
  /// From the channel that only this one hears: an answer, or nothing.
  void heard_answer(const cluster_message::Envelope& envelope);

  /// The answer that is undefined: its member is left out, unless the family's encoder keeps such members.
  [[nodiscard]] virtual Bytes undefined_answer() const { return {}; }

  [[nodiscard]] static std::string hex_id(Random& random);
  [[nodiscard]] Buffer& data();

  void say_broadcast(const Target& target, Bytes event) override;
  void say_join(const Target& target, std::span<const Room> rooms) override;
  void say_leave(const Target& target, std::span<const Room> rooms) override;
  void say_disconnect(const Target& target, bool close) override;
  void say_server_side(Bytes event) override;
  void ask_broadcast(std::string_view request_id, const Target& target, Bytes event) override;
  void ask_fetch(std::string_view request_id, const Target& target) override;
  void ask_server_side(std::string_view request_id, Bytes event) override;
  bool ask_rooms(std::string_view) override { return false; }
  void answer_client_count(const Question& question, std::size_t count) override;
  void answer_ack(const Question& question, Bytes value) override;
  void answer_server_side(const Question& question, Bytes value) override;
  [[nodiscard]] std::string make_request_id() override { return hex_id(host().random()); }
  [[nodiscard]] std::uint32_t fetch_timeout_ms(const Target& target) const override;
  [[nodiscard]] std::uint32_t requests_timeout_ms() const override { return default_timeout_ms; }

  static constexpr std::uint32_t default_timeout_ms = 5'000;

 private:
  void act_on(const cluster_message::Envelope& envelope, const cluster_message::View& view);
  void take(const cluster_message::View& view, std::string_view responder);

  Buffer data_;
};

}  // namespace socketio::adapter
