// Block pools against a model: random allocations and frees, exhaustion, wrong frees, the same offsets for the same calls.
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "atheria/allocator.h"
#include "expect.hpp"

TEST(random_calls_agree_with_a_model) {
  std::mt19937 random(11);
  ath_block_pool* pool = nullptr;
  constexpr size_t kBlock = 256, kBlocks = 300;
  EXPECT_OK(ath_block_pool_create(kBlock, kBlock * kBlocks, &pool));
  std::map<unsigned char*, unsigned char> live;
  size_t most = 0;
  for (int i = 0; i < 20000; ++i) {
    if (random() % 100 < (i / 2000 % 2 ? 40u : 60u)) {
      void* block = nullptr;
      const ath_status status = ath_block_pool_allocate(pool, &block);
      EXPECT_EQ(status, live.size() == kBlocks ? ATH_OUT_OF_MEMORY : ATH_OK);
      if (status) continue;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % ATH_ALIGNMENT, 0u);
      auto* bytes = static_cast<unsigned char*>(block);
      EXPECT(!live.count(bytes));
      live[bytes] = static_cast<unsigned char>(random());
      std::memset(block, live[bytes], kBlock);
    } else if (!live.empty()) {
      auto victim = live.lower_bound(live.begin()->first + random() % (kBlock * kBlocks));
      if (victim == live.end()) victim = live.begin();
      EXPECT(victim->first[0] == victim->second && victim->first[kBlock - 1] == victim->second);
      EXPECT_OK(ath_block_pool_free(pool, victim->first));
      live.erase(victim);
    }
    most = std::max(most, live.size());
    const ath_memory_statistics facts = ath_block_pool_statistics(pool);
    if (facts.used_bytes != live.size() * kBlock || facts.used_bytes + facts.available_bytes != kBlock * kBlocks || facts.high_water_bytes != most * kBlock) {
      EXPECT_EQ(facts.used_bytes, live.size() * kBlock);
      EXPECT_EQ(facts.high_water_bytes, most * kBlock);
      break;
    }
  }
  EXPECT_EQ(most, kBlocks);  // the test reached exhaustion
  ath_block_pool_destroy(pool);
}

TEST(wrong_frees_are_refused_by_name) {
  ath_block_pool* pool = nullptr;
  EXPECT_OK(ath_block_pool_create(0, 1 << 20, &pool));
  void *a = nullptr, *b = nullptr;
  EXPECT_OK(ath_block_pool_allocate(pool, &a));
  EXPECT_OK(ath_block_pool_allocate(pool, &b));
  int stranger = 0;
  EXPECT_STATUS(ath_block_pool_free(pool, &stranger), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_block_pool_free(pool, nullptr), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_block_pool_free(pool, static_cast<char*>(a) + 64), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_block_pool_free(pool, static_cast<char*>(b) + ATH_BLOCK_BYTES_DEFAULT), ATH_INVALID_ARGUMENT);  // a block not handed out yet
  EXPECT_OK(ath_block_pool_free(pool, a));
  EXPECT_STATUS(ath_block_pool_free(pool, a), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "block 0 is free already");
  ath_block_pool_destroy(pool);
}

TEST(the_same_calls_give_the_same_offsets) {
  std::vector<std::ptrdiff_t> offsets[2];
  for (auto& list : offsets) {
    ath_block_pool* pool = nullptr;
    EXPECT_OK(ath_block_pool_create(64, 64 * 100, &pool));
    std::vector<char*> blocks;
    for (int i = 0; i < 200; ++i) {
      void* block = nullptr;
      if (i % 3 == 2) {
        EXPECT_OK(ath_block_pool_free(pool, blocks[size_t(i) * 7 % blocks.size()]));
        blocks.erase(blocks.begin() + std::ptrdiff_t(size_t(i) * 7 % blocks.size()));
      } else {
        EXPECT_OK(ath_block_pool_allocate(pool, &block));
        blocks.push_back(static_cast<char*>(block));
        list.push_back(blocks.back() - blocks.front());
      }
    }
    ath_block_pool_reset(pool);
    EXPECT_EQ(ath_block_pool_statistics(pool).used_bytes, 0u);
    ath_block_pool_destroy(pool);
  }
  EXPECT(offsets[0] == offsets[1]);
}

TEST(sizes_that_cannot_be_are_refused) {
  ath_block_pool* pool = nullptr;
  EXPECT_STATUS(ath_block_pool_create(100, 0, &pool), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "multiples of 64");
  EXPECT_STATUS(ath_block_pool_create(4096, 100, &pool), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_block_pool_create(64, SIZE_MAX, &pool), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_block_pool_create(size_t{1} << 40, size_t{1} << 61, &pool), ATH_OUT_OF_MEMORY);
}

EXPECT_MAIN
