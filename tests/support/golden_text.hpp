#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/golden.hpp"

// Functions that golden.cpp and golden_read.cpp share. The base64 here is the tests' own, because it checks the library's.
namespace golden {

std::vector<std::uint8_t> from_base64(std::string_view text);
std::string to_base64(socketio::Bytes bytes);

/// Bytes as `$bin`, or as `$binfill` when there are more than 40 equal ones.
Json binary_notation(socketio::Bytes bytes);

}  // namespace golden
