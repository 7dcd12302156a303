#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/transcode.hpp>

namespace socketio::cli {

/// A list of rooms as it was read, in reused memory: cheap to compare with the list of the line before.
class RoomNames {
 public:
  RoomNames() = default;
  explicit RoomNames(const std::vector<Room>& rooms);

  /// Reason why read() failed.
  enum class Trouble : std::uint8_t {
    none,
    json,        ///< see the reader's error
    not_array,   ///< the value is not an array
    not_a_room,  ///< an element that is neither a text nor a finite number
    too_many,    ///< more than limits::rooms_max
  };
  /// Reads an array of texts and numbers; replaces the previous content.
  Trouble read(transcode::JsonReader& reader);

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  void clear() noexcept;
  /// The rooms, without duplicates.
  [[nodiscard]] std::vector<Room> rooms() const;

  friend bool operator==(const RoomNames& a, const RoomNames& b) noexcept;
  friend void swap(RoomNames& a, RoomNames& b) noexcept;

 private:
  struct Entry {
    std::size_t end;  ///< of the name in `text_`; it begins at the end of the previous one
    double number;
    bool is_number;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  Trouble read_room(transcode::JsonReader& reader);

  Buffer text_;
  std::vector<Entry> entries_;
};

/// The list of rooms in an operation: rebuilt only when the names have changed.
class RoomSlot {
 public:
  explicit RoomSlot(std::vector<Room>& rooms) noexcept : rooms_(rooms) {}
  /// Swaps with `names`, which may have another content afterwards.
  void take(RoomNames& names);
  void copy(const RoomNames& names);

 private:
  std::vector<Room>& rooms_;
  RoomNames names_;
};

}  // namespace socketio::cli
