// Whole pages by VirtualAlloc. Large pages need a privilege that programs do not have, so they are not asked for.
#include "base/pages.hpp"

#include "windows_text.hpp"

namespace atheria {

void* pages_reserve(size_t bytes) { return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE); }

void pages_release(void* pages, size_t) {
  if (pages) VirtualFree(pages, 0, MEM_RELEASE);
}

}  // namespace atheria
