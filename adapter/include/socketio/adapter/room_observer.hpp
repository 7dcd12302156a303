#pragma once

#include <string_view>

#include <socketio/common/export.hpp>

namespace socketio::adapter {

/// Notified when a room gets its first member and loses its last member on this server. Must not change the index.
class SOCKETIO_API RoomObserver {
 public:
  virtual ~RoomObserver();
  /// `is_private`  the name of the room is the id of a socket of this server.
  virtual void on_room_created(std::string_view room, bool is_private) = 0;
  virtual void on_room_emptied(std::string_view room) = 0;
};

}  // namespace socketio::adapter
