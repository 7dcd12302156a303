#include "namespace_shard.hpp"

#include <optional>
#include <utility>

#include <socketio/protocol/event_data.hpp>

#include "socket_sending.hpp"

namespace socketio::server {

using adapter::Selection;

namespace {

SocketCore& socket_of(adapter::Member& member) { return static_cast<SocketCore&>(member); }

void notify_outgoing(const std::vector<std::shared_ptr<SocketCore>>& sockets, Bytes data) {
  for (const auto& socket : sockets) {
    socket->notify_outgoing(data);
  }
}

}  // namespace

std::vector<std::shared_ptr<SocketCore>> NamespaceShard::collect(const Selection& selection) {
  std::vector<std::shared_ptr<SocketCore>> sockets;
  index_.select(selection, [&sockets](adapter::Member& member) { sockets.push_back(socket_of(member).shared_from_this()); });
  return sockets;
}

std::vector<std::shared_ptr<SocketCore>> NamespaceShard::sockets() const {
  const auto held = lock();
  std::vector<std::shared_ptr<SocketCore>> sockets;
  sockets.reserve(index_.size());
  for (adapter::Member* const member : index_.members()) {
    sockets.push_back(socket_of(*member).shared_from_this());
  }
  return sockets;
}

std::shared_ptr<SocketCore> NamespaceShard::find(std::string_view id) const {
  const auto held = lock();
  adapter::Member* const member = index_.find(id);
  return member == nullptr ? nullptr : socket_of(*member).shared_from_this();
}

void NamespaceShard::apply(const adapter::ShardOperation& operation) {
  Encoded encoded;
  apply(operation, encoded);
}

void NamespaceShard::apply(const adapter::ShardOperation& operation, Encoded& encoded) {
  const auto& rooms = operation.rooms;
  if (operation.kind == Operation::Kind::emit) [[likely]] {
    deliver(operation, encoded);
    return;
  }
  for (const auto& socket : collect(operation.selection)) {
    if (operation.kind == Operation::Kind::disconnect) {
      socket->disconnect(operation.close);
    }
    for (std::size_t index = 0; index < rooms.size(); ++index) {
      if (operation.kind == Operation::Kind::leave) {
        socket->leave(rooms[index]);
      } else if (!socket->join(rooms[index])) {
        ++home()->counters.joins_refused;
      }
    }
  }
}

bool NamespaceShard::encode(const adapter::ShardOperation& operation, Encoded& encoded) {
  if (!encoded.frame && !encoded.failed) {
    const bool compress = operation.flags.compress().value_or(true);
    encoded.frame = home()->writer.event(nsp_.name(), operation.data, std::nullopt, compress);
    encoded.failed = !encoded.frame;
    home()->counters.unsendable += encoded.failed ? 1 : 0;
  }
  return !encoded.failed;
}

/// The frame is built for the first socket, and shared by all.
void NamespaceShard::deliver(const adapter::ShardOperation& operation, Encoded& encoded) {
  const Bytes data = operation.data;
  if (encoded.failed) {
    return;
  }
  std::vector<std::shared_ptr<SocketCore>> listening;
  const bool is_volatile = operation.flags.is_volatile();
  const bool has_offset = nsp_.keeps_packets() && !operation.flags.has(Flag::is_volatile);
  std::string_view offset;
  index_.select(operation.selection, [&](adapter::Member& member) {
    if (!encoded.frame && !encode(operation, encoded)) {
      return;
    }
    SocketCore& socket = socket_of(member);
    socket.send(encoded.frame, is_volatile);
    if (has_offset && socket.recovery != nullptr) {
      offset = offset.empty() ? event_data::last_text(data) : offset;
      socket.recovery->offset = offset;
    }
    if (socket.has_outgoing_listeners()) [[unlikely]] {
      listening.push_back(socket.shared_from_this());
    }
  });
  notify_outgoing(listening, data);
}

FrameRef NamespaceShard::encode_with_ack(Bytes data, const Flags& flags, std::uint64_t ack_id) {
  LoopContext& at = *home();
  FrameRef frame = at.writer.event(nsp_.name(), data, static_cast<std::int64_t>(ack_id), flags.compress().value_or(true));
  at.counters.unsendable += frame ? 0 : 1;
  return frame;
}

void NamespaceShard::deliver_with_ack(const Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                                      std::shared_ptr<adapter::AckListener> listener) {
  if (const FrameRef frame = encode_with_ack(data, flags, ack_id)) {
    ask(frame, selection, data, flags, ack_id, listener);
  } else {
    listener->on_clients(0);
  }
}

void NamespaceShard::ask(const FrameRef& frame, const Selection& selection, Bytes data, const Flags& flags,
                         std::uint64_t ack_id, const std::shared_ptr<adapter::AckListener>& listener) {
  const std::uint64_t due_ms = loop().now_ms() + flags.timeout_ms().value_or(adapter::Adapter::ack_timeout_ms);
  const auto sockets = collect(selection);
  std::size_t asked = 0;
  for (const auto& socket : sockets) {
    const auto answered = [listener](AckStatus status, Bytes array) {
      if (status == AckStatus::ok) {
        listener->on_ack(array);
      }
    };
    asked += socket_sending::ask(*socket, frame, {ack_id, due_ms, 0, answered}) ? 1 : 0;
  }
  listener->on_clients(asked);
  notify_outgoing(sockets, data);
}

void NamespaceShard::fetch(const Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) {
  adapter::Sockets result;
  static_cast<void>(result.packed.reserve(answer_bytes_));
  index_.select(selection, [form, &result](adapter::Member& member) {
    SocketCore& socket = socket_of(member);
    if (form == adapter::Form::msgpack) {
      socket.data.describe(result.packed, socket, socket.session());
      ++result.count;
      return;
    }
    const std::size_t start = result.packed.size();
    if (result.count != 0) {
      result.packed.push_back(',');
    }
    if (socket.data.describe_json(result.packed, socket, socket.session())) {
      ++result.count;
    } else {  // its data is no JSON: the socket is left out
      result.packed.truncate(start);
    }
  });
  answer_bytes_ = result.packed.size();
  done(std::move(result));
}

void NamespaceShard::rooms(std::function<void(std::vector<std::string>)> done) {
  std::vector<std::string> names;
  index_.for_each_room([&names](std::string_view room) { names.emplace_back(room); });
  done(std::move(names));
}

}  // namespace socketio::server
