#include <socketio/emitter/outlet.hpp>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {
namespace {

void check_name(std::string_view name, const char* what) {
  if (!utf8::valid(name)) {
    throw Error(ErrorCode::bad_utf8, std::string(what) + " is not UTF-8.");
  }
}

void check_count(std::size_t count) {
  if (count > limits::rooms_max) {
    throw Error(ErrorCode::too_large, "One emit can name at most " + std::to_string(limits::rooms_max) + " rooms.");
  }
}

/// Adds what is not there yet; the first occurrence keeps its place.
void add_rooms(std::vector<Room>& rooms, std::span<const Room> added) {
  constexpr std::size_t few = 16;
  check_count(rooms.size() + added.size());
  for (const Room& room : added) {
    check_name(room.name(), "The name of a room");
  }
  if (rooms.size() + added.size() <= few) {
    for (const Room& room : added) {
      if (std::find(rooms.begin(), rooms.end(), room) == rooms.end()) {
        rooms.push_back(room);
      }
    }
    return;
  }
  const auto hash = [](const Room& room) {
    return std::hash<std::string_view>{}(room.name()) ^ static_cast<std::size_t>(room.is_number());
  };
  std::unordered_set<Room, decltype(hash)> seen(rooms.size() + added.size(), hash);
  seen.insert(rooms.begin(), rooms.end());
  for (const Room& room : added) {
    if (seen.insert(room).second) {
      rooms.push_back(room);
    }
  }
}

/// One packing buffer per thread, kept from emit to emit; not by more than this.
constexpr std::size_t scratch_bytes_kept = std::size_t{1} << 20;
struct Scratch {
  Buffer buffer;
  bool taken = false;
};
thread_local Scratch scratch;

}  // namespace

Outlet::~Outlet() = default;

TargetedEmitter TargetedEmitter::to(const Room& room) const& { return to(std::span(&room, 1)); }

TargetedEmitter TargetedEmitter::to(const Room& room) && {
  add_rooms(target_.rooms, std::span(&room, 1));
  return std::move(*this);
}

TargetedEmitter TargetedEmitter::to(std::span<const Room> rooms) const {
  TargetedEmitter result = *this;
  add_rooms(result.target_.rooms, rooms);
  return result;
}

TargetedEmitter TargetedEmitter::except(const Room& room) const { return except(std::span(&room, 1)); }

TargetedEmitter TargetedEmitter::except(std::span<const Room> rooms) const {
  TargetedEmitter result = *this;
  add_rooms(result.target_.except, rooms);
  return result;
}

TargetedEmitter TargetedEmitter::volatile_() const {
  TargetedEmitter result = *this;
  result.target_.flags.set_volatile(true);
  return result;
}

TargetedEmitter TargetedEmitter::compress(bool compress) const {
  TargetedEmitter result = *this;
  result.target_.flags.set_compress(compress);
  return result;
}

TargetedEmitter::ScratchBuffer::ScratchBuffer() : buffer_(scratch.taken ? &own_ : &scratch.buffer) {
  if (buffer_ != &own_) {
    scratch.taken = true;
    buffer_->clear();
  }
}

TargetedEmitter::ScratchBuffer::~ScratchBuffer() {
  if (buffer_ != &own_) {
    scratch.taken = false;
    buffer_->clear_and_shrink(scratch_bytes_kept);
  }
}

NamespaceEmitter NamespaceEmitter::of(std::string_view nsp) const {
  check_name(nsp, "The name of the namespace");
  Target target;
  target.nsp = nsp.starts_with('/') ? std::string(nsp) : "/" + std::string(nsp);
  return NamespaceEmitter(*outlet_, std::move(target));
}

}  // namespace socketio
