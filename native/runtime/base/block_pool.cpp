// Blocks of one size: a stack of free blocks threaded through a side table, so that blocks hold nothing of ours.
#include <new>
#include <vector>

#include "atheria/allocator.h"
#include "guard.hpp"
#include "pages.hpp"

struct ath_block_pool {
  size_t block_bytes;
  size_t block_count;
  char* memory;
  size_t reserved_bytes;
  uint32_t fresh = 0;              // blocks from here on were never used
  uint32_t free_head = kEnd;       // last freed first used again: it is warm in the cache
  uint32_t used = 0;
  uint32_t high_water = 0;
  std::vector<uint32_t> next;      // of a free block: the next free one; of a live block: kLive
  static constexpr uint32_t kEnd = UINT32_MAX;
  static constexpr uint32_t kLive = UINT32_MAX - 1;
};

ath_status ath_block_pool_create(size_t block_bytes, size_t capacity_bytes, ath_block_pool** out_pool) {
  if (!out_pool) return ath_status_set(ATH_INVALID_ARGUMENT, "block pool: out_pool is null");
  if (!block_bytes) block_bytes = ATH_BLOCK_BYTES_DEFAULT;
  if (!capacity_bytes) capacity_bytes = ATH_BLOCK_CAPACITY_BYTES_DEFAULT;
  if (block_bytes % ATH_ALIGNMENT)
    return ath_status_set(ATH_INVALID_ARGUMENT, "block pool: blocks of %zu bytes; they must be multiples of %u", block_bytes, ATH_ALIGNMENT);
  const size_t count = capacity_bytes / block_bytes;
  if (!count)
    return ath_status_set(ATH_INVALID_ARGUMENT, "block pool: a capacity of %zu bytes has no room for a block of %zu", capacity_bytes,
                          block_bytes);
  if (count >= ath_block_pool::kLive)
    return ath_status_set(ATH_INVALID_ARGUMENT, "block pool: %zu blocks of %zu bytes; at most %u fit the index; use larger blocks", count,
                          block_bytes, ath_block_pool::kLive - 1);
  return atheria::guarded("block pool", [&]() -> ath_status {
    auto* pool = new ath_block_pool{block_bytes, count, nullptr, count * block_bytes, 0, ath_block_pool::kEnd, 0, 0, {}};
    pool->memory = static_cast<char*>(atheria::pages_reserve(pool->reserved_bytes));
    if (!pool->memory) {
      delete pool;
      return ath_status_set(ATH_OUT_OF_MEMORY, "block pool: the system refused a reservation of %zu bytes", count * block_bytes);
    }
    *out_pool = pool;
    return ATH_OK;
  });
}

void ath_block_pool_destroy(ath_block_pool* pool) {
  if (!pool) return;
  atheria::pages_release(pool->memory, pool->reserved_bytes);
  delete pool;
}

ath_status ath_block_pool_allocate(ath_block_pool* pool, void** out_block) {
  uint32_t block = pool->free_head;
  if (block != ath_block_pool::kEnd) [[likely]] {
    pool->free_head = pool->next[block];
    pool->next[block] = ath_block_pool::kLive;
  } else {
    if (pool->fresh == pool->block_count)
      return ath_status_set(ATH_OUT_OF_MEMORY, "block pool: all %zu blocks of %zu bytes are in use", pool->block_count, pool->block_bytes);
    if (pool->fresh == pool->next.size()) {
      const ath_status grown = atheria::guarded("block pool", [&]() -> ath_status {
        pool->next.push_back(ath_block_pool::kLive);
        return ATH_OK;
      });
      if (grown) return grown;
    }
    block = pool->fresh++;
    pool->next[block] = ath_block_pool::kLive;
  }
  if (++pool->used > pool->high_water) pool->high_water = pool->used;
  *out_block = pool->memory + size_t{block} * pool->block_bytes;
  return ATH_OK;
}

ath_status ath_block_pool_free(ath_block_pool* pool, void* block) {
  const size_t offset = reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(pool->memory);  // huge when it is below
  const size_t index = offset / pool->block_bytes;
  if (offset % pool->block_bytes || index >= pool->fresh)
    return ath_status_set(ATH_INVALID_ARGUMENT, "block pool: %p is no block of this pool", block);
  if (pool->next[index] != ath_block_pool::kLive)
    return ath_status_set(ATH_INVALID_ARGUMENT, "block pool: block %zu is free already", index);
  pool->next[index] = pool->free_head;
  pool->free_head = uint32_t(index);
  --pool->used;
  return ATH_OK;
}

void ath_block_pool_reset(ath_block_pool* pool) {
  pool->fresh = pool->used = 0;
  pool->free_head = ath_block_pool::kEnd;
}

ath_memory_statistics ath_block_pool_statistics(const ath_block_pool* pool) {
  const size_t used = pool->used * pool->block_bytes;
  return {used, pool->reserved_bytes - used, pool->high_water * pool->block_bytes, pool->reserved_bytes};
}
