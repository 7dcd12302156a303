#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <socketio/adapter/room_observer.hpp>
#include <socketio/adapter/selection.hpp>

namespace socketio::adapter {

class RoomIndex;
struct RoomMembers;

/// A socket in a room index. It is in one index at most, and leaves it before it is destroyed.
class Member {
 public:
  explicit Member(std::string id) noexcept : id_(std::move(id)) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  [[nodiscard]] const std::string& id() const noexcept { return id_; }

 protected:
  ~Member() = default;
  /// Replaces the id of a socket that is in no index yet: a recovered socket takes its old id.
  void set_id(std::string id) noexcept { id_ = std::move(id); }

 private:
  friend class RoomIndex;
  struct Membership {
    RoomMembers* room;
    std::uint32_t position;  ///< in the room's list
  };

  std::string id_;
  std::vector<Membership> rooms_;  ///< all rooms but that of its own id
  std::uint32_t position_ = 0;     ///< in the index's list of all
  std::uint32_t mark_ = 0;         ///< the last selection that visited or excluded it
  bool in_own_room_ = false;
};

/// The sockets of one namespace on one loop, and the rooms they are in. Every socket is also in the room of its own id, until
/// it leaves that one.
///
/// Cost       joining and leaving: one look-up, and a scan of the shorter of two lists: the socket's rooms, the room's sockets.
///            The room of the own id costs no memory. A room that loses its last member is removed.
class RoomIndex {
 public:
  RoomIndex() = default;
  ~RoomIndex();
  RoomIndex(const RoomIndex&) = delete;
  RoomIndex& operator=(const RoomIndex&) = delete;

  /// Sets the observer, which outlives the index; null for none.
  void set_observer(RoomObserver* observer) noexcept { observer_ = observer; }

  /// Adds a socket, and puts it into the room of its id. False when one with that id is there already.
  bool add(Member& member);
  /// Takes a socket out of all its rooms, and out of the index. Does nothing when it is not there.
  void remove(Member& member);
  [[nodiscard]] bool contains(const Member& member) const noexcept;

  /// False when it is in the room already.
  bool join(Member& member, std::string_view room);
  /// False when it is not in the room.
  bool leave(Member& member, std::string_view room);

  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard]] std::span<Member* const> members() const noexcept { return all_; }
  /// Number of rooms, without those that sockets have by their ids.
  [[nodiscard]] std::size_t named_room_count() const noexcept { return rooms_.size(); }
  [[nodiscard]] Member* find(std::string_view id) const;
  /// True when a socket is in the room.
  [[nodiscard]] bool has_room(std::string_view room) const;
  [[nodiscard]] bool is_in(const Member& member, std::string_view room) const;
  [[nodiscard]] static std::size_t room_count(const Member& member) noexcept {
    return member.rooms_.size() + (member.in_own_room_ ? 1 : 0);
  }
  /// Visits the rooms of a socket: that of its own id first, if it is in it.
  static void for_each_room(const Member& member, const std::function<void(std::string_view)>& visit);
  /// Visits each room once.
  void for_each_room(const std::function<void(std::string_view)>& visit) const;

  /// Calls `visit` with each selected socket, once. `visit` must not change the index: see collect().
  template <typename Visit>
  void select(const Selection& selection, Visit visit);
  /// Returns the selected sockets as a list, for callers that change the index.
  [[nodiscard]] std::vector<Member*> collect(const Selection& selection);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    std::size_t operator()(const Member* member) const noexcept { return (*this)(std::string_view(member->id())); }
  };
  struct IdEqual {
    using is_transparent = void;
    static std::string_view id(std::string_view id) noexcept { return id; }
    static std::string_view id(const Member* member) noexcept { return member->id(); }
    template <typename Left, typename Right>
    bool operator()(const Left& left, const Right& right) const noexcept {
      return id(left) == id(right);
    }
  };
  using Rooms = std::unordered_map<std::string, RoomMembers, TextHash, std::equal_to<>>;

  std::uint32_t next_mark();
  template <typename Visit>
  void for_each_in(std::string_view room, Visit visit);
  /// Position of the room in the member's list; the size of the list when the member is not in the room.
  [[nodiscard]] static std::size_t slot_of(const Member& member, const RoomMembers& room);
  void take_out(Member& member, std::size_t slot);

  RoomObserver* observer_ = nullptr;
  std::vector<Member*> all_;
  std::unordered_set<Member*, TextHash, IdEqual> by_id_;
  Rooms rooms_;
  std::uint32_t mark_ = 0;
  std::size_t id_size_min_ = std::numeric_limits<std::size_t>::max();  ///< of all ids added so far
  std::size_t id_size_max_ = 0;
};

/// The members of one room. Each member stores its position here, and each entry its position there, so leaving needs no
/// search.
struct RoomMembers {
  struct Entry {
    Member* member;
    std::uint32_t slot;  ///< in the member's list of rooms
  };
  const std::string* name = nullptr;
  std::vector<Entry> entries;
};

template <typename Visit>
void RoomIndex::for_each_in(std::string_view room, Visit visit) {
  if (Member* const owner = find(room); owner != nullptr && owner->in_own_room_) {
    visit(*owner);
  }
  if (const auto found = rooms_.find(room); found != rooms_.end()) {
    for (const RoomMembers::Entry& entry : found->second.entries) {
      visit(*entry.member);
    }
  }
}

template <typename Visit>
void RoomIndex::select(const Selection& selection, Visit visit) {
  if (all_.empty()) {
    return;
  }
  const std::uint32_t mark = next_mark();
  for (std::size_t index = 0; index < selection.except.size(); ++index) {
    for_each_in(selection.except[index], [mark](Member& member) { member.mark_ = mark; });
  }
  const auto once = [mark, &visit](Member& member) {
    if (member.mark_ != mark) {
      member.mark_ = mark;
      visit(member);
    }
  };
  if (selection.rooms.empty()) {
    for (Member* const member : all_) {
      once(*member);
    }
    return;
  }
  for (std::size_t index = 0; index < selection.rooms.size(); ++index) {
    for_each_in(selection.rooms[index], once);
  }
}

}  // namespace socketio::adapter
