/* Host memory: a small allocator interface, the system allocator, arenas that reset, and pools of fixed-size blocks. */
#ifndef ATHERIA_ALLOCATOR_H_
#define ATHERIA_ALLOCATOR_H_

#include "atheria/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ATH_ALIGNMENT 64u /* every allocation of this file is aligned to at least a cache line */

/* `allocate` returns null when it cannot; `release` takes what `allocate` of the same allocator returned, and its size. */
typedef struct ath_allocator {
  void* self;
  void* (*allocate)(void* self, size_t bytes);
  void (*release)(void* self, void* pointer, size_t bytes);
} ath_allocator;

/* Aligned heap memory of the process. Never null; static. */
ATH_API const ath_allocator* ath_allocator_system(void);

typedef struct ath_memory_statistics {
  size_t used_bytes;       /* live now, internal waste included */
  size_t available_bytes;  /* what is left under the capacity (SIZE_MAX: bounded by the machine only) */
  size_t high_water_bytes; /* the largest used_bytes ever */
  size_t reserved_bytes;   /* taken from the system */
} ath_memory_statistics;

/* ---- Arena: bump allocation, everything freed at once. Not thread-safe: one per worker. ---- */
typedef struct ath_arena ath_arena;

/* Grows by chunks of at least `chunk_bytes` (0: 1 MiB) up to `capacity_bytes` (0: unbounded). Chunks of 2 MiB and more ask the
 * kernel for huge pages. */
ATH_API ath_status ath_arena_create(size_t chunk_bytes, size_t capacity_bytes, ath_arena** out_arena);
ATH_API void ath_arena_destroy(ath_arena* arena); /* null is fine */
/* ATH_OUT_OF_MEMORY when the capacity or the system is exhausted; the arena stays usable. */
ATH_API ath_status ath_arena_allocate(ath_arena* arena, size_t bytes, void** out_pointer);
/* All allocations end; the memory is kept, as one chunk, for the next round. */
ATH_API void ath_arena_reset(ath_arena* arena);
ATH_API ath_memory_statistics ath_arena_statistics(const ath_arena* arena);

/* ---- Block pool: blocks of one size from one reservation; deterministic: the same calls give the same offsets. ---- */
typedef struct ath_block_pool ath_block_pool;

#define ATH_BLOCK_BYTES_DEFAULT 4096u
#define ATH_BLOCK_CAPACITY_BYTES_DEFAULT (256u << 20)

/* `block_bytes` 0 and `capacity_bytes` 0 mean the defaults above. Memory is committed as blocks are first used. */
ATH_API ath_status ath_block_pool_create(size_t block_bytes, size_t capacity_bytes, ath_block_pool** out_pool);
ATH_API void ath_block_pool_destroy(ath_block_pool* pool); /* null is fine */
ATH_API ath_status ath_block_pool_allocate(ath_block_pool* pool, void** out_block);
/* ATH_INVALID_ARGUMENT for a pointer that is no block of this pool, or one that is already free. */
ATH_API ath_status ath_block_pool_free(ath_block_pool* pool, void* block);
ATH_API void ath_block_pool_reset(ath_block_pool* pool);
ATH_API ath_memory_statistics ath_block_pool_statistics(const ath_block_pool* pool);

#ifdef __cplusplus
}
#endif
#endif
