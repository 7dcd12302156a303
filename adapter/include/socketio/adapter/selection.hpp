#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/export.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/target.hpp>

namespace socketio {
class RoomList;  // room_list.hpp
}

namespace socketio::adapter {

/// View of a list of room names: rooms of an application, names, or the rooms of a message. Borrows the list.
class SOCKETIO_API RoomNames {
 public:
  RoomNames() noexcept = default;
  RoomNames(std::span<const Room> rooms) noexcept;         // NOLINT: implicit on purpose
  RoomNames(std::span<const std::string> names) noexcept;  // NOLINT: implicit on purpose
  RoomNames(const RoomList& rooms) noexcept;  // NOLINT: implicit on purpose

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::string_view operator[](std::size_t index) const { return at_(list_, index); }

 private:
  const void* list_ = nullptr;
  std::size_t size_ = 0;
  std::string_view (*at_)(const void*, std::size_t) = nullptr;
};

/// Selected sockets of a namespace: those in any of `rooms`, or all if there are none; minus those in any of `except`.
///
/// Source: docs/wire.md, "Broadcast message".
struct Selection {
  RoomNames rooms = {};
  RoomNames except = {};
  const server::AppliedPart* applied = nullptr;  ///< as in the target
};

/// Borrows the target's lists.
inline Selection selection_of(const Target& target) noexcept {
  return {std::span<const Room>(target.rooms), std::span<const Room>(target.except), target.applied};
}

}  // namespace socketio::adapter
