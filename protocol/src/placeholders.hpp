#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

// Placeholders of attachments, in msgpack that was JSON: maps with a member "_placeholder" that is true.
//
// Source: docs/wire_server.md, "Validation".
namespace socketio::placeholders {

/// A map that stands for an attachment.
struct Slot {
  std::size_t begin;   ///< its first byte in the data
  std::size_t end;     ///< one past its last byte
  std::size_t number;  ///< number of the attachment
};

/// Appends the placeholders of `data` in their order. Everything inside a placeholder except its number is ignored.
///
/// `data`     one well-formed msgpack value.
/// Fails      returns false when one has no number below `count`.
/// Cost       one pass, whatever the nesting.
[[nodiscard]] bool find(Bytes data, std::size_t count, std::vector<Slot>& slots);

/// All attachments of a packet: those before the last are in `bytes`, one after the other.
struct Attachments {
  Bytes bytes;
  std::span<const std::size_t> sizes;  ///< sizes of all attachments; 0 for those that no slot uses
  Bytes last;
};

/// Appends `data` with binary in the place of each slot. Returns false, and appends nothing, when that binary takes more than
/// `bytes_max`: many slots may use one attachment.
[[nodiscard]] bool splice(Bytes data, std::span<const Slot> slots, const Attachments& attachments, std::size_t bytes_max,
                          Buffer& out);

}  // namespace socketio::placeholders
