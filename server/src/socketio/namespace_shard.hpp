#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/shard.hpp>
#include <socketio/server/frame.hpp>

#include "loop_context.hpp"
#include "socket_core.hpp"
#include "socket_namespace.hpp"
#include "socket_shard.hpp"

namespace socketio::server {

/// An event for the sockets of one loop, encoded when the first of them needs it.
struct Encoded {
  FrameRef frame = {};
  bool failed = false;  ///< it cannot be encoded; that has been counted
};

/// A namespace on one loop: applies the adapter's operations to its sockets there. The sockets are owned by their connections.
/// For that loop's thread, except where stated.
class NamespaceShard final : public adapter::Shard, public SocketShard {
 public:
  NamespaceShard(SocketNamespace& of_nsp, LoopContext& home) : SocketShard(of_nsp, home) {}

  // ---- from any thread ----
  [[nodiscard]] std::vector<std::shared_ptr<SocketCore>> sockets() const;
  /// Null when the socket is not in this shard.
  [[nodiscard]] std::shared_ptr<SocketCore> find(std::string_view id) const;
  [[nodiscard]] bool has_room(std::string_view room) const override { return may_have(room); }

  // ---- the adapter's side ----
  void apply(const adapter::ShardOperation& operation) override;
  void apply(const adapter::ShardOperation& operation, Encoded& encoded);
  /// Encodes the event unless that is done; false, and counted, when it cannot be encoded.
  bool encode(const adapter::ShardOperation& operation, Encoded& encoded);
  void deliver_with_ack(const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                        std::shared_ptr<adapter::AckListener> listener) override;
  /// Encodes an event that asks for an ack; null, and counted, when it cannot be encoded.
  [[nodiscard]] FrameRef encode_with_ack(Bytes data, const Flags& flags, std::uint64_t ack_id);
  /// `frame`  the event, encoded with the ack id.
  void ask(const FrameRef& frame, const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
           const std::shared_ptr<adapter::AckListener>& listener);
  void fetch(const adapter::Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) override;
  void rooms(std::function<void(std::vector<std::string>)> done) override;
  void set_observer(adapter::RoomObserver* observer) override { index_.set_observer(observer); }

 private:
  /// Returns owning pointers to the sockets, because an operation on one may end others.
  [[nodiscard]] std::vector<std::shared_ptr<SocketCore>> collect(const adapter::Selection& selection);
  void deliver(const adapter::ShardOperation& operation, Encoded& encoded);

  std::size_t answer_bytes_ = 0;  ///< of the last result of fetch(): the next one is likely to be as long
};

}  // namespace socketio::server
