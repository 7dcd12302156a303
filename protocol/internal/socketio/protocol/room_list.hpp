#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/cursor.hpp>

namespace socketio {

/// The rooms in a message, as text: views into the message where it is text there, owned text for numbers (in JavaScript's
/// form) and for names whose UTF-8 was repaired.
///
/// Any other value that a JavaScript program used as a room - to(undefined) is a common mistake - is kept as `nobody`, which
/// matches no socket. Dropping it could leave an empty list, which would mean every socket.
///
/// Source: docs/wire.md, "Numeric rooms".
class RoomList {
 public:
  /// Not UTF-8, and therefore not the name of any room.
  static constexpr std::string_view nobody = "\xff";

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator(const RoomList& list, std::size_t index) noexcept : list_(&list), index_(index) {}
    std::string_view operator*() const noexcept { return (*list_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept { return {*list_, index_++}; }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.index_ == b.index_; }

   private:
    const RoomList* list_;
    std::size_t index_;
  };

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// Valid as long as both the message and this list.
  [[nodiscard]] std::string_view operator[](std::size_t index) const noexcept {
    const Entry& entry = entries_[index];
    return {entry.borrowed != nullptr ? entry.borrowed : owned_.text().data() + entry.offset, entry.size};
  }
  [[nodiscard]] Iterator begin() const noexcept { return {*this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {*this, size()}; }

  void clear() noexcept {
    entries_.clear();
    owned_.clear();
  }
  void reserve(std::size_t count) { entries_.reserve(count); }
  /// Adds the room named by one item of a message: text, a number, or binary that is UTF-8. Adds `nobody` for any other item,
  /// and returns false. The item's body is borrowed.
  bool add(const Item& item);

 private:
  struct Entry {
    const char* borrowed;  ///< null: the text is at `offset` of `owned_`
    std::uint32_t offset;
    std::uint32_t size;
  };

  std::vector<Entry> entries_;
  Buffer owned_;
};

/// Handling of list elements that name no room.
enum class Unnamed : std::uint8_t {
  nobody,  ///< keep them as RoomList::nobody; for lists that select sockets
  refuse,  ///< fail with Errc::wrong_type; for lists of rooms to join
};

/// Reads a list of rooms. Nil and undefined count as an empty list.
///
/// Fails      truncated, wrong_type, too_deep, too_large (more than limits::rooms_max); see Cursor.
bool read_rooms(Cursor& cursor, RoomList& rooms, Unnamed unnamed);

}  // namespace socketio
