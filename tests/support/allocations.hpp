#pragma once

#include <cstdint>

// Counts the allocations of a program: malloc, calloc, realloc, and through them new, from any caller.
//
// Must be compiled into the test's own binary. With AddressSanitizer its hooks count, otherwise the C library's functions are
// replaced by ones that count and call them (glibc).
namespace allocations {

/// Number of allocations by the calling thread since it began.
std::uint64_t count() noexcept;

}  // namespace allocations
