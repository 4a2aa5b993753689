// Bump allocation in chunks; a reset keeps the memory as one chunk, so that a steady state never asks the system again.
#include <algorithm>
#include <new>
#include <vector>

#include "atheria/allocator.h"
#include "guard.hpp"
#include "pages.hpp"

namespace {

struct Chunk {
  char* memory;
  size_t bytes;
  size_t used;
};

constexpr size_t kDefaultChunkBytes = size_t{1} << 20;
constexpr size_t kPageBytes = 4096;

}  // namespace

struct ath_arena {
  size_t chunk_bytes;
  size_t capacity_bytes;
  char* cursor = nullptr;  // of the last chunk: the fast path reads only these two
  char* limit = nullptr;
  std::vector<Chunk> chunks;
  size_t used_before = 0;  // in all chunks but the last
  size_t reserved = 0;
  size_t high_water = 0;

  size_t used() const { return used_before + (chunks.empty() ? 0 : size_t(cursor - chunks.back().memory)); }

  bool add_chunk(size_t bytes) {
    if (capacity_bytes && bytes > capacity_bytes - std::min(capacity_bytes, reserved)) return false;
    chunks.reserve(chunks.size() + 1);  // may throw; nothing has changed yet
    char* memory = static_cast<char*>(atheria::pages_reserve(bytes));
    if (!memory) return false;
    used_before = used();
    chunks.push_back({memory, bytes, 0});
    cursor = memory;
    limit = memory + bytes;
    reserved += bytes;
    return true;
  }

  void release_chunks() {
    for (const Chunk& chunk : chunks) atheria::pages_release(chunk.memory, chunk.bytes);
    chunks.clear();
    cursor = limit = nullptr;
    used_before = reserved = 0;
  }
};

ath_status ath_arena_create(size_t chunk_bytes, size_t capacity_bytes, ath_arena** out_arena) {
  if (!out_arena) return ath_status_set(ATH_INVALID_ARGUMENT, "arena: out_arena is null");
  auto* arena = new (std::nothrow) ath_arena();
  if (!arena) return ath_status_set(ATH_OUT_OF_MEMORY, "arena: the system has no memory left");
  if (chunk_bytes > SIZE_MAX / 2) {
    delete arena;
    return ath_status_set(ATH_INVALID_ARGUMENT, "arena: a chunk of %zu bytes is more than half of the address space", chunk_bytes);
  }
  arena->chunk_bytes = atheria::round_up(chunk_bytes ? chunk_bytes : kDefaultChunkBytes, kPageBytes);
  arena->capacity_bytes = capacity_bytes / kPageBytes * kPageBytes;
  if (capacity_bytes && !arena->capacity_bytes) arena->capacity_bytes = kPageBytes;
  *out_arena = arena;
  return ATH_OK;
}

void ath_arena_destroy(ath_arena* arena) {
  if (!arena) return;
  arena->release_chunks();
  delete arena;
}

ath_status ath_arena_allocate(ath_arena* arena, size_t bytes, void** out_pointer) {
  const size_t rounded = (bytes + ATH_ALIGNMENT - 1) & ~size_t{ATH_ALIGNMENT - 1};
  const size_t step = rounded ? rounded : ATH_ALIGNMENT;  // every allocation has an address of its own
  if (step <= size_t(arena->limit - arena->cursor) && bytes <= SIZE_MAX - ATH_ALIGNMENT) [[likely]] {
    *out_pointer = arena->cursor;
    arena->cursor += step;
    return ATH_OK;
  }
  return atheria::guarded("arena", [&]() -> ath_status {
    const size_t before = arena->used();
    arena->high_water = std::max(arena->high_water, before);
    if (bytes > SIZE_MAX / 2)
      return ath_status_set(ATH_OUT_OF_MEMORY, "arena: %zu bytes asked, more than half of the address space", bytes);
    const size_t needed = atheria::round_up(step, kPageBytes);
    // When the whole chunk no longer fits under the capacity, exactly what is needed may.
    if (!arena->add_chunk(std::max(arena->chunk_bytes, needed)) && !arena->add_chunk(needed)) {
      if (arena->capacity_bytes)
        return ath_status_set(ATH_OUT_OF_MEMORY, "arena: %zu bytes asked, %zu used of a capacity of %zu; reset it or give it more", bytes,
                              before, arena->capacity_bytes);
      return ath_status_set(ATH_OUT_OF_MEMORY, "arena: the system refused %zu bytes (%zu reserved already)", needed, arena->reserved);
    }
    *out_pointer = arena->cursor;
    arena->cursor += step;
    return ATH_OK;
  });
}

void ath_arena_reset(ath_arena* arena) {
  arena->high_water = std::max(arena->high_water, arena->used());
  if (arena->chunks.size() > 1) {
    const size_t bytes = arena->reserved;
    arena->release_chunks();
    // Fails only when the system has become short meanwhile: then the arena is empty, and grows again when asked.
    (void)atheria::guarded("arena", [&]() -> ath_status { return arena->add_chunk(bytes) ? ATH_OK : ATH_OUT_OF_MEMORY; });
  }
  if (!arena->chunks.empty()) arena->cursor = arena->chunks.back().memory;
  arena->used_before = 0;
}

ath_memory_statistics ath_arena_statistics(const ath_arena* arena) {
  const size_t used = arena->used();
  return {used, arena->capacity_bytes ? arena->capacity_bytes - std::min(arena->capacity_bytes, used) : SIZE_MAX,
          std::max(arena->high_water, used), arena->reserved};
}
