// Whole pages by mmap.
#include "base/pages.hpp"

#include <sys/mman.h>

namespace atheria {

void* pages_reserve(size_t bytes) {
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
#if defined(MADV_HUGEPAGE)
  // Advice only: without transparent huge pages the memory works all the same.
  if (bytes >= kHugePageBytes) (void)madvise(pages, bytes, MADV_HUGEPAGE);
#endif
  return pages;
}

void pages_release(void* pages, size_t bytes) {
  if (pages) munmap(pages, bytes);
}

}  // namespace atheria
