#include "allocations.hpp"

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define ALLOCATIONS_BY_HOOKS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALLOCATIONS_BY_HOOKS
#endif
#endif

namespace {

thread_local std::uint64_t allocation_count = 0;

}  // namespace

std::uint64_t allocations::count() noexcept { return allocation_count; }

#ifdef ALLOCATIONS_BY_HOOKS

#include <sanitizer/allocator_interface.h>

namespace {

[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++allocation_count; }, [](const volatile void*) {});

}  // namespace

#else

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  ++allocation_count;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  ++allocation_count;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  ++allocation_count;
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++allocation_count;
  return __libc_memalign(alignment, size);
}
}

#endif
