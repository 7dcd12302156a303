#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/transcode.hpp>

namespace socketio::cli {

/// A list of rooms as it was read, in memory that is used again: cheap to compare with the list of the line before.
class RoomNames {
 public:
  RoomNames() = default;
  explicit RoomNames(const std::vector<Room>& rooms);

  /// Why read() failed.
  enum class Trouble : std::uint8_t {
    none,
    json,        ///< see the reader's error
    not_array,   ///< something else stands where the list should
    not_a_room,  ///< an element that is no text and no finite number
    too_many,    ///< more than limits::rooms_max
  };
  /// Takes an array of texts and numbers; replaces what was there.
  Trouble read(transcode::JsonReader& reader);

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  void clear() noexcept;
  /// The rooms, without duplicates.
  [[nodiscard]] std::vector<Room> rooms() const;

  friend bool operator==(const RoomNames& a, const RoomNames& b) noexcept;
  friend void swap(RoomNames& a, RoomNames& b) noexcept;

 private:
  struct Entry {
    std::size_t end;  ///< in `text_`; it begins where the one before ends
    double number;
    bool is_number;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  Trouble read_room(transcode::JsonReader& reader);

  Buffer text_;
  std::vector<Entry> entries_;
};

/// A list of rooms in an operation: built anew only when other names come than the time before.
class RoomSlot {
 public:
  explicit RoomSlot(std::vector<Room>& rooms) noexcept : rooms_(rooms) {}
  /// `names` may come back with another content.
  void take(RoomNames& names);
  void copy(const RoomNames& names);

 private:
  std::vector<Room>& rooms_;
  RoomNames names_;
};

}  // namespace socketio::cli
