#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/cursor.hpp>

namespace socketio {

/// The rooms that a message names, as text: views into the message where it is text there, text of its own for numbers (in
/// JavaScript's form) and for names whose UTF-8 had to be repaired.
///
/// Whatever else a JavaScript program used as a room - to(undefined) is a popular mistake - stays in its place as `nobody`. It
/// matches no socket, and does not turn a list of one mistake into an empty list, which would mean everybody.
///
/// Source: docs/wire.md, "Numeric rooms".
class SOCKETIO_API RoomList {
 public:
  /// Not UTF-8, and therefore no room's name.
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
  /// Good as long as both the message and this list.
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
  /// Adds the room that one item of a message names. Returns false, having added `nobody`, when it names none: only text,
  /// numbers, and binary that is UTF-8 do. The item's body is borrowed.
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

/// What becomes of list elements that name no room.
enum class Unnamed : std::uint8_t {
  nobody,  ///< they stay, as RoomList::nobody: right where rooms select sockets
  refuse,  ///< Errc::wrong_type: right where sockets would join the room
};

/// Reads a list of rooms. Nil and undefined are an empty one.
///
/// Fails      truncated, wrong_type, too_deep, too_large (more than limits::rooms_max); see Cursor.
SOCKETIO_API bool read_rooms(Cursor& cursor, RoomList& rooms, Unnamed unnamed);

}  // namespace socketio
