#include "member_reader.hpp"

#include <algorithm>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/transcode.hpp>

#include "wire_text.hpp"

namespace socketio {

bool MemberReader::collect(std::span<Member> members) noexcept {
  Cursor cursor(input_, depth_max_);
  Item map;
  cursor.expect(Kind::map, map);
  for (std::uint32_t i = 0; i < map.count && cursor.ok(); ++i) {
    std::string_view key;
    if (!wire::next_key(cursor, key)) {
      break;
    }
    Item item;
    Cursor ahead = cursor;
    const bool nothing = ahead.next(item) && wire::is_nothing(item);
    const Bytes value = cursor.skip_view();
    const auto found = std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.name == key; });
    if (found != members.end()) {
      found->value = nothing ? Bytes() : value;
    }
  }
  if (cursor.ok() && !cursor.at_end()) {
    cursor.fail(Errc::trailing_bytes, cursor.position());
  }
  return cursor.ok() || fail(cursor.error().code, cursor.error().offset_bytes);
}

bool MemberReader::text(const Member& member, std::optional<std::string_view>& text) noexcept {
  text.reset();
  Item found;
  if (!member) {
    return true;
  }
  if (!item(member, found)) {
    return false;
  }
  text = wire::text_of(found);
  return text.has_value() || fail(Errc::wrong_type, member);
}

bool MemberReader::item(const Member& member, Item& item) noexcept {
  item = {};
  return !member || read(member, [&](Cursor& cursor) { return cursor.next(item); });
}

bool MemberReader::fail(Errc code, std::size_t offset_bytes) noexcept {
  error_ = {code, offset_bytes};
  return false;
}

bool MemberReader::fail(DecodeError error, const Member& member) noexcept {
  return fail(error.code, static_cast<std::size_t>(member.value.data() - input_.data()) + error.offset_bytes);
}

Result<Bytes> packed_form(Bytes payload, Buffer& scratch, std::size_t depth_max) {
  if (payload.size() > limits::message_bytes_max) {
    return DecodeError{Errc::too_large, 0};
  }
  if (payload.empty() || payload.front() != '{') {
    return payload;
  }
  transcode::JsonOptions options;
  options.depth_max = depth_max;
  options.lone_surrogates = true;
  scratch.clear();
  const auto result = transcode::json_to_msgpack(as_text(payload), scratch, options);
  if (!result.ok()) {
    return result.error();
  }
  return scratch.bytes();
}

}  // namespace socketio
