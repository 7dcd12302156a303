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

/// A member of a map that some message may have.
struct Member {
  std::string_view name;
  Bytes value = {};  ///< one item, still encoded; empty when the member is absent, nil or undefined

  explicit operator bool() const noexcept { return !value.empty(); }
};

/// Takes a msgpack map apart: first which members there are, then each as its reader wants it. Of repeated members the last one
/// counts. Once something is wrong it stays wrong.
class MemberReader {
 public:
  /// `input` is borrowed by all that is read from it. `depth_max` counts from the map.
  MemberReader(Bytes input, std::size_t depth_max) noexcept : input_(input), depth_max_(depth_max) {}

  /// The whole input is one map; finds `members` in it and skips the others.
  bool collect(std::span<Member> members) noexcept;
  /// Says that `member` has to be there.
  bool require(const Member& member) noexcept { return member || fail(Errc::missing_field, 0); }
  /// Reads with `read(cursor)`, which takes the one item and says whether it liked it.
  template <typename Read>
  bool read(const Member& member, Read read) {
    Cursor cursor(member.value);
    return read(cursor) || fail(cursor.error(), member);
  }
  /// Reads text; nothing when the member is absent.
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

/// Cluster messages other than broadcasts are JSON text or msgpack, whichever the first byte says. This returns the msgpack of
/// either: `payload` itself, or what `scratch` holds then.
///
/// Fails      too_large (above limits::message_bytes_max), and as transcode::json_to_msgpack() does.
Result<Bytes> packed_form(Bytes payload, Buffer& scratch, std::size_t depth_max);

}  // namespace socketio
