// The process heap, aligned to cache lines.
#include <cstdlib>
#if defined(_WIN32)
#include <malloc.h>
#endif

#include "atheria/allocator.h"
#include "pages.hpp"

namespace {

void* allocate(void*, size_t bytes) {
  if (bytes > SIZE_MAX - ATH_ALIGNMENT) return nullptr;
  const size_t rounded = atheria::round_up(bytes ? bytes : 1, ATH_ALIGNMENT);
#if defined(_WIN32)
  return _aligned_malloc(rounded, ATH_ALIGNMENT);
#else
  return std::aligned_alloc(ATH_ALIGNMENT, rounded);
#endif
}

void release(void*, void* pointer, size_t) {
#if defined(_WIN32)
  _aligned_free(pointer);
#else
  std::free(pointer);
#endif
}

const ath_allocator system_allocator = {nullptr, allocate, release};

}  // namespace

const ath_allocator* ath_allocator_system(void) { return &system_allocator; }
