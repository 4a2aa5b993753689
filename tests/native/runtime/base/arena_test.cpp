// Arenas: what is handed out is aligned and disjoint, whatever the sizes; a reset keeps one chunk; the capacity holds.
#include <cstring>
#include <random>
#include <vector>

#include "atheria/allocator.h"
#include "expect.hpp"

namespace {

struct Block {
  unsigned char* at;
  size_t bytes;
  unsigned char mark;
};

}  // namespace

TEST(random_sizes_are_aligned_disjoint_and_counted) {
  std::mt19937 random(5);
  ath_arena* arena = nullptr;
  EXPECT_OK(ath_arena_create(1 << 16, 0, &arena));
  size_t highest = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<Block> blocks;
    size_t asked = 0;
    for (int i = 0; i < 200; ++i) {
      const size_t bytes = random() % (i % 50 == 0 ? 200000 : 3000);
      void* pointer = nullptr;
      if (!EXPECT_OK(ath_arena_allocate(arena, bytes, &pointer))) return;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(pointer) % ATH_ALIGNMENT, 0u);
      blocks.push_back({static_cast<unsigned char*>(pointer), bytes, static_cast<unsigned char>(random())});
      std::memset(pointer, blocks.back().mark, bytes);
      asked += bytes;
    }
    bool intact = true;
    for (const Block& block : blocks)
      for (size_t i = 0; i < block.bytes; ++i) intact = intact && block.at[i] == block.mark;
    EXPECT(intact);
    const ath_memory_statistics facts = ath_arena_statistics(arena);
    EXPECT(facts.used_bytes >= asked && facts.used_bytes <= facts.reserved_bytes);
    EXPECT(facts.high_water_bytes >= facts.used_bytes);
    highest = std::max(highest, facts.used_bytes);
    EXPECT_EQ(facts.available_bytes, SIZE_MAX);
    ath_arena_reset(arena);
    EXPECT_EQ(ath_arena_statistics(arena).used_bytes, 0u);
    EXPECT(ath_arena_statistics(arena).high_water_bytes >= highest);
  }
  ath_arena_destroy(arena);
}

TEST(a_steady_state_asks_the_system_no_more) {
  ath_arena* arena = nullptr;
  EXPECT_OK(ath_arena_create(4096, 0, &arena));
  void* pointer = nullptr;
  void* first_of_second_round = nullptr;
  size_t reserved = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_OK(ath_arena_allocate(arena, 1000, &pointer));
      if (round == 1 && i == 0) first_of_second_round = pointer;
      if (round > 1 && i == 0) EXPECT(pointer == first_of_second_round);
    }
    if (round == 0) reserved = ath_arena_statistics(arena).reserved_bytes;
    EXPECT_EQ(ath_arena_statistics(arena).reserved_bytes, reserved);
    ath_arena_reset(arena);
  }
  ath_arena_destroy(arena);
}

TEST(the_capacity_holds_and_the_arena_stays_usable) {
  ath_arena* arena = nullptr;
  EXPECT_OK(ath_arena_create(8192, 16384, &arena));
  void* pointer = nullptr;
  EXPECT_OK(ath_arena_allocate(arena, 8000, &pointer));
  EXPECT_STATUS(ath_arena_allocate(arena, 20000, &pointer), ATH_OUT_OF_MEMORY);
  EXPECT_CONTAINS(ath_status_message(), "20000 bytes asked");
  EXPECT_CONTAINS(ath_status_message(), "16384");
  EXPECT_OK(ath_arena_allocate(arena, 8000, &pointer));
  EXPECT(ath_arena_statistics(arena).reserved_bytes <= 16384);
  ath_arena_reset(arena);
  EXPECT_OK(ath_arena_allocate(arena, 16000, &pointer));
  ath_arena_destroy(arena);
}

TEST(absurd_sizes_are_refused) {
  ath_arena* arena = nullptr;
  EXPECT_OK(ath_arena_create(0, 0, &arena));
  void* pointer = nullptr;
  for (const size_t bytes : {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2 + 1, size_t{1} << 60}) EXPECT_STATUS(ath_arena_allocate(arena, bytes, &pointer), ATH_OUT_OF_MEMORY);
  EXPECT_OK(ath_arena_allocate(arena, 0, &pointer));
  void* other = nullptr;
  EXPECT_OK(ath_arena_allocate(arena, 0, &other));
  EXPECT(pointer != other);
  ath_arena_destroy(arena);
  ath_arena_destroy(nullptr);
  EXPECT_STATUS(ath_arena_create(SIZE_MAX, 0, &arena), ATH_INVALID_ARGUMENT);
}

EXPECT_MAIN
