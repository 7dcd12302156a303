#pragma once

#include <cstdint>

// Counts what a program allocates: malloc, calloc, realloc, and with them new, wherever they are called from.
//
// To be compiled into the test's own binary. With AddressSanitizer its hooks count, else the C library's functions are
// replaced by ones that count and call them (glibc).
namespace allocations {

/// By the calling thread, since it began.
std::uint64_t count() noexcept;

}  // namespace allocations
