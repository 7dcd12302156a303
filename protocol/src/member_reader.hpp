#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/cursor.hpp>

namespace socketio {

/// A member that the map of a message may have.
struct Member {
  std::string_view name;
  Bytes value = {};  ///< one item, still encoded; empty when the member is absent, nil or undefined

  explicit operator bool() const noexcept { return !value.empty(); }
};

/// Reads a msgpack map: first finds the members that are there, then reads each of them as its type. Of repeated members the
/// last one counts. The caller stops at the first failure.
class MemberReader {
 public:
  /// All results borrow from `input`. `depth_max` counts from the map.
  MemberReader(Bytes input, std::size_t depth_max) noexcept : input_(input), depth_max_(depth_max) {}

  /// Finds `members` in the map, which is the whole input, and skips the others.
  bool collect(std::span<Member> members) noexcept;
  /// Fails with missing_field if `member` is absent.
  bool require(const Member& member) noexcept { return member || fail(Errc::missing_field, 0); }
  /// Reads a member with `read(cursor)`, which reads the one item and returns false when it refuses it.
  template <typename Read>
  bool read(const Member& member, Read read) {
    Cursor cursor(member.value);
    return read(cursor) || fail(cursor.error(), member);
  }
  /// Reads text; nullopt when the member is absent.
  bool text(const Member& member, std::optional<std::string_view>& text) noexcept;
  /// Reads the item; `item` is nil when the member is absent.
  bool item(const Member& member, Item& item) noexcept;
  bool fail(Errc code, const Member& member) noexcept { return fail(DecodeError{code, 0}, member); }

  [[nodiscard]] DecodeError error() const noexcept { return error_; }

 private:
  bool fail(Errc code, std::size_t offset_bytes) noexcept;
  bool fail(DecodeError error, const Member& member) noexcept;

  Bytes input_;
  std::size_t depth_max_;
  DecodeError error_{};
};

/// Returns the msgpack of a cluster message. Cluster messages other than broadcasts are JSON text or msgpack, which their first
/// byte determines. The result is `payload` itself, or its msgpack in `scratch`.
///
/// Fails      too_large (above limits::message_bytes_max), and as transcode::json_to_msgpack() does.
Result<Bytes> packed_form(Bytes payload, Buffer& scratch, std::size_t depth_max);

}  // namespace socketio
