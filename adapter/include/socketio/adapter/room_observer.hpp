#pragma once

#include <string_view>

#include <socketio/common/export.hpp>

namespace socketio::adapter {

/// Hears when a room begins and ends to have members here. Must not change the index.
class SOCKETIO_API RoomObserver {
 public:
  virtual ~RoomObserver();
  /// `is_private`  the room is named like the id of a socket that is here.
  virtual void on_room_created(std::string_view room, bool is_private) = 0;
  virtual void on_room_emptied(std::string_view room) = 0;
};

}  // namespace socketio::adapter
