// Blocks and batches cover every tile once, whatever is merged.
#include "block.hpp"

#include <random>
#include <set>

#include "../expect.hpp"

using namespace atheria::engine;

namespace {

const Domain kInfinite{Axis(ATH_DOMAIN_INFINITE, 0), Axis(ATH_DOMAIN_INFINITE, 0)};

bool is_power_of_two(int32_t v) { return (v & (v - 1)) == 0; }

void check(const Tiles& tiles, const BlockLimits& limits, uint32_t workers) {
  BlockPlan plan(limits);
  const std::vector<KeyedSlot>& order = tiles.order();
  plan.make(tiles, order, workers);
  std::vector<int> seen(order.size(), 0);
  for (const Block& block : plan.blocks()) {
    EXPECT(is_power_of_two(block.width) && is_power_of_two(block.height) && block.width <= 128 && block.height <= 128);
    EXPECT(block.x % static_cast<int32_t>(limits.alignment) == 0 && block.y % static_cast<int32_t>(limits.alignment) == 0);
    EXPECT(block.width % static_cast<int32_t>(limits.alignment) == 0 && block.height % static_cast<int32_t>(limits.alignment) == 0);
    for (uint32_t i = block.first; i < block.first + block.count; ++i) {
      ++seen[i];
      const Tile& tile = tiles[order[i].slot];
      EXPECT_EQ(tile.coord.z, block.z);
      tile.candidates.for_each_run([&](int cell, int length) {
        const int32_t x = tile.coord.x * 16 + cell % 16, y = tile.coord.y * 16 + cell / 16;
        EXPECT(x >= block.x && x + length <= block.x + block.width && y >= block.y && y < block.y + block.height);
      });
    }
  }
  for (const int count : seen) EXPECT_EQ(count, 1);
  uint32_t next = 0;
  for (const Batch& batch : plan.batches()) {
    EXPECT_EQ(batch.first, next);
    EXPECT(batch.count > 0);
    next += batch.count;
    for (uint32_t i = batch.first; i < next; ++i) EXPECT(plan.blocks()[i].width == batch.width && plan.blocks()[i].height == batch.height);
    if (!limits.one_call) EXPECT(batch.count == 1 || batch.count * static_cast<uint32_t>(batch.width * batch.height) <= plan.batch_tiles() * 256);
  }
  EXPECT_EQ(next, plan.blocks().size());
  if (limits.one_call) EXPECT_EQ(plan.batches().size(), order.empty() ? 0u : 1u);
}

}  // namespace

TEST(every_candidate_once) {
  std::mt19937 random(4);
  for (const int count : {0, 1, 3, 40, 300}) {
    Tiles tiles(kInfinite, 16, false);
    for (int i = 0; i < count; ++i) {
      uint32_t slot;
      EXPECT_OK(tiles.find_or_add({static_cast<int32_t>(random() % 24) - 12, static_cast<int32_t>(random() % 24) - 12, static_cast<int32_t>(random() % 2)}, &slot));
      if (random() % 2 == 0) {
        tiles[slot].candidates = CellMask::full();
      } else {
        for (int cells = 1 + static_cast<int>(random() % 4); cells > 0; --cells) tiles[slot].candidates.set(static_cast<int>(random() % 256));
      }
    }
    tiles.sort();
    for (const uint32_t radius : {0u, 1u, 2u, 5u, 32u}) {
      for (const uint32_t alignment : {1u, 2u, 4u, 16u}) {
        for (const uint32_t batch : {0u, 1u, 3u, 16u}) {
          for (const uint32_t workers : {1u, 3u}) check(tiles, {radius, alignment, 16, batch, false}, workers);
        }
      }
      check(tiles, {radius, 1, 16, 0, true}, 2);
    }
  }
}

TEST(large_halos_are_shared) {
  Tiles tiles(kInfinite, 16, false);
  uint32_t slot;
  for (int32_t y = 0; y < 8; ++y) {
    for (int32_t x = 0; x < 8; ++x) {
      EXPECT_OK(tiles.find_or_add({x, y, 0}, &slot));
      tiles[slot].candidates = CellMask::full();
    }
  }
  tiles.sort();
  BlockPlan wide({32, 4, 16, 0, false}), none({0, 1, 16, 0, false});
  wide.make(tiles, tiles.order(), 1);
  EXPECT_EQ(wide.blocks().size(), 1u);
  EXPECT_EQ(wide.blocks()[0].width, 128);
  none.make(tiles, tiles.order(), 1);
  EXPECT_EQ(none.blocks().size(), 64u);
  BlockPlan once({32, 1, 16, 0, true});
  once.make(tiles, tiles.order(), 2);
  EXPECT_EQ(once.blocks().size(), 1u);
  wide.make(tiles, tiles.order(), 4);  // four workers want more than one block
  EXPECT(wide.blocks().size() >= 16);
}

TEST(a_front_is_cut_to_what_it_needs) {
  Tiles tiles(kInfinite, 16, false);
  uint32_t slot;
  EXPECT_OK(tiles.find_or_add({-1, 0, 0}, &slot));
  tiles[slot].candidates = CellMask::rectangle(14, 0, 16, 16);  // two columns that a neighbour woke
  BlockPlan plan({2, 1, 16, 0, false});
  plan.make(tiles, tiles.order(), 1);
  EXPECT_EQ(plan.blocks().size(), 1u);
  EXPECT_EQ(plan.blocks()[0].x, -4);
  EXPECT_EQ(plan.blocks()[0].width, 4);
  EXPECT_EQ(plan.blocks()[0].height, 16);
}

EXPECT_MAIN
