#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <socketio/common/random.hpp>

// Ids of nodes and requests. Every value of every random byte is valid.
//
// Source: docs/wire.md, "Names".
namespace socketio::ids {

inline constexpr std::size_t short_size = 6;
inline constexpr std::size_t hex_size = 16;

/// Six characters of A-Z a-z 0-9 - _, one per random byte: the uid of a classic adapter, and its request ids.
std::string make_short(std::span<const std::uint8_t, short_size> random);
std::string make_short(Random& random);

/// Sixteen lower-case hexadecimal digits, two per random byte: the uid of a sharded or streams adapter, and its request ids.
std::string make_hex(std::span<const std::uint8_t, hex_size / 2> random);
std::string make_hex(Random& random);

}  // namespace socketio::ids
