#include <socketio/adapter/selection.hpp>

#include <socketio/protocol/room_list.hpp>

namespace socketio::adapter {

RoomNames::RoomNames(std::span<const Room> rooms) noexcept
    : list_(rooms.data()), size_(rooms.size()), at_([](const void* list, std::size_t index) {
        return std::string_view(static_cast<const Room*>(list)[index].name());
      }) {}

RoomNames::RoomNames(std::span<const std::string> names) noexcept
    : list_(names.data()), size_(names.size()), at_([](const void* list, std::size_t index) {
        return std::string_view(static_cast<const std::string*>(list)[index]);
      }) {}

RoomNames::RoomNames(const RoomList& rooms) noexcept
    : list_(&rooms),
      size_(rooms.size()),
      at_([](const void* list, std::size_t index) { return (*static_cast<const RoomList*>(list))[index]; }) {}

}  // namespace socketio::adapter
