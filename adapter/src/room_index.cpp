#include <socketio/adapter/room_index.hpp>

#include <algorithm>
#include <cassert>

namespace socketio::adapter {

RoomObserver::~RoomObserver() = default;

RoomIndex::~RoomIndex() { assert(all_.empty()); }

Member* RoomIndex::find(std::string_view id) const {
  if (id.size() < id_size_min_ || id.size() > id_size_max_) {
    return nullptr;  // nearly all names of rooms: ids are all of one size
  }
  const auto found = by_id_.find(id);
  return found != by_id_.end() ? *found : nullptr;
}

bool RoomIndex::contains(const Member& member) const noexcept {
  return member.position_ < all_.size() && all_[member.position_] == &member;
}

bool RoomIndex::has_room(std::string_view room) const {
  if (rooms_.find(room) != rooms_.end()) {
    return true;
  }
  const Member* const owner = find(room);
  return owner != nullptr && owner->in_own_room_;
}

bool RoomIndex::add(Member& member) {
  const bool existed = observer_ != nullptr && has_room(member.id());
  if (!by_id_.insert(&member).second) {
    return false;
  }
  id_size_min_ = std::min(id_size_min_, member.id().size());
  id_size_max_ = std::max(id_size_max_, member.id().size());
  member.position_ = static_cast<std::uint32_t>(all_.size());
  member.mark_ = 0;
  member.in_own_room_ = true;
  all_.push_back(&member);
  if (observer_ != nullptr && !existed) {
    observer_->on_room_created(member.id(), true);
  }
  return true;
}

void RoomIndex::remove(Member& member) {
  if (!contains(member)) {
    return;
  }
  while (!member.rooms_.empty()) {
    take_out(member, member.rooms_.size() - 1);
  }
  leave(member, member.id());
  all_[member.position_] = all_.back();
  all_[member.position_]->position_ = member.position_;
  all_.pop_back();
  by_id_.erase(&member);
  member.rooms_.shrink_to_fit();
}

bool RoomIndex::is_in(const Member& member, std::string_view room) const {
  if (room == member.id()) {
    return member.in_own_room_;
  }
  const auto found = rooms_.find(room);
  return found != rooms_.end() && slot_of(member, found->second) != member.rooms_.size();
}

std::size_t RoomIndex::slot_of(const Member& member, const RoomMembers& room) {
  if (room.entries.size() < member.rooms_.size()) {
    const auto entry = std::find_if(room.entries.begin(), room.entries.end(),
                                    [&member](const RoomMembers::Entry& candidate) { return candidate.member == &member; });
    return entry != room.entries.end() ? entry->slot : member.rooms_.size();
  }
  const auto membership = std::find_if(member.rooms_.begin(), member.rooms_.end(),
                                       [&room](const Member::Membership& candidate) { return candidate.room == &room; });
  return static_cast<std::size_t>(membership - member.rooms_.begin());
}

bool RoomIndex::join(Member& member, std::string_view room) {
  assert(contains(member));
  if (is_in(member, room)) {
    return false;
  }
  const bool existed = observer_ != nullptr && has_room(room);
  if (room == member.id()) {
    member.in_own_room_ = true;
  } else {
    auto found = rooms_.find(room);
    if (found == rooms_.end()) {
      found = rooms_.try_emplace(std::string(room)).first;
      found->second.name = &found->first;
    }
    RoomMembers& members = found->second;
    member.rooms_.push_back({&members, static_cast<std::uint32_t>(members.entries.size())});
    members.entries.push_back({&member, static_cast<std::uint32_t>(member.rooms_.size() - 1)});
  }
  if (observer_ != nullptr && !existed) {
    observer_->on_room_created(room, find(room) != nullptr);
  }
  return true;
}

bool RoomIndex::leave(Member& member, std::string_view room) {
  assert(contains(member));
  if (room == member.id()) {
    if (!std::exchange(member.in_own_room_, false)) {
      return false;
    }
    if (observer_ != nullptr && !has_room(room)) {
      observer_->on_room_emptied(room);
    }
    return true;
  }
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) {
    return false;
  }
  const std::size_t slot = slot_of(member, found->second);
  if (slot == member.rooms_.size()) {
    return false;
  }
  take_out(member, slot);
  return true;
}

void RoomIndex::take_out(Member& member, std::size_t slot) {
  const Member::Membership membership = member.rooms_[slot];
  RoomMembers& room = *membership.room;
  // The last element of each list moves to the free position.
  member.rooms_[slot] = member.rooms_.back();
  member.rooms_[slot].room->entries[member.rooms_[slot].position].slot = static_cast<std::uint32_t>(slot);
  member.rooms_.pop_back();
  room.entries[membership.position] = room.entries.back();
  const RoomMembers::Entry moved = room.entries[membership.position];
  if (moved.member != &member) {
    moved.member->rooms_[moved.slot].position = membership.position;
  }
  room.entries.pop_back();
  if (room.entries.empty()) {
    const auto node = rooms_.extract(*room.name);
    if (observer_ != nullptr && !has_room(node.key())) {
      observer_->on_room_emptied(node.key());
    }
  }
}

void RoomIndex::for_each_room(const Member& member, const std::function<void(std::string_view)>& visit) {
  if (member.in_own_room_) {
    visit(member.id());
  }
  for (const Member::Membership& membership : member.rooms_) {
    visit(*membership.room->name);
  }
}

void RoomIndex::for_each_room(const std::function<void(std::string_view)>& visit) const {
  for (const auto& [name, members] : rooms_) {
    visit(name);
  }
  for (const Member* const member : all_) {
    if (member->in_own_room_ && rooms_.find(member->id()) == rooms_.end()) {
      visit(member->id());
    }
  }
}

std::vector<Member*> RoomIndex::collect(const Selection& selection) {
  std::vector<Member*> selected;
  select(selection, [&selected](Member& member) { selected.push_back(&member); });
  return selected;
}

std::uint32_t RoomIndex::next_mark() {
  if (++mark_ == 0) {  // after four billion selections old marks could be taken for new ones
    for (Member* const member : all_) {
      member->mark_ = 0;
    }
    mark_ = 1;
  }
  return mark_;
}

}  // namespace socketio::adapter
