// The process heap, aligned to cache lines.
#include <cstdlib>

#include "atheria/allocator.h"
#include "pages.hpp"

namespace {

void* allocate(void*, size_t bytes) {
  if (bytes > SIZE_MAX - ATH_ALIGNMENT) return nullptr;
  return std::aligned_alloc(ATH_ALIGNMENT, atheria::round_up(bytes ? bytes : 1, ATH_ALIGNMENT));
}

void release(void*, void* pointer, size_t) { std::free(pointer); }

const ath_allocator system_allocator = {nullptr, allocate, release};

}  // namespace

const ath_allocator* ath_allocator_system(void) { return &system_allocator; }
