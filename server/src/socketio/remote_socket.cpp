#include <socketio/server/remote_socket.hpp>

#include <utility>

#include <socketio/protocol/cursor.hpp>
#include <socketio/server/broadcast_operator.hpp>

namespace socketio {

RemoteSocket::RemoteSocket(std::shared_ptr<server::NamespaceCore> core, Bytes packed) : core_(std::move(core)) {
  Cursor cursor(packed);
  Item header;
  if (!cursor.expect(Kind::map, header)) {
    return;
  }
  for (std::uint32_t index = 0; index < header.count; ++index) {
    const auto name = Value(cursor.skip_view()).as<std::string_view>().value_or("");
    const Value value(cursor.skip_view());
    if (!cursor.ok()) {
      return;
    }
    if (name == "id") {
      id_ = value.as<std::string>().value_or("");
    } else if (name == "rooms") {
      for (const Value room : Arguments::of_array(value.packed())) {
        rooms_.push_back(room.as<std::string>().value_or(room.json()));
      }
    } else if (name == "handshake") {
      handshake_.assign(value.packed().begin(), value.packed().end());
    } else if (name == "data") {
      data_.assign(value.packed().begin(), value.packed().end());
    }
  }
}

BroadcastOperator RemoteSocket::target() const {
  Target target;
  target.rooms.emplace_back(id_);
  target.flags.set_expect_single_response();
  return {core_, std::move(target)};
}

void RemoteSocket::join(const Room& room) const { join(std::span(&room, 1)); }
void RemoteSocket::join(std::initializer_list<Room> rooms) const { join(std::span(rooms)); }
void RemoteSocket::join(std::span<const Room> rooms) const { target().sockets_join(rooms); }
void RemoteSocket::leave(const Room& room) const { leave(std::span(&room, 1)); }
void RemoteSocket::leave(std::initializer_list<Room> rooms) const { leave(std::span(rooms)); }
void RemoteSocket::leave(std::span<const Room> rooms) const { target().sockets_leave(rooms); }
void RemoteSocket::disconnect(bool close) const { target().disconnect_sockets(close); }

}  // namespace socketio
