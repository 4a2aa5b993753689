// Blocks and batches cover every tile once, whatever is merged.
#include "block.hpp"

#include <random>
#include <set>

#include "../expect.hpp"

using namespace atheria::engine;

namespace {

const Domain kInfinite{Axis(ATH_DOMAIN_INFINITE, 0), Axis(ATH_DOMAIN_INFINITE, 0)};

void check(const Tiles& tiles, uint32_t radius, uint32_t batch_tiles, bool one_call, uint32_t workers) {
  BlockPlan plan(radius, tiles.channels(), batch_tiles, one_call);
  const std::vector<KeyedSlot>& order = tiles.order();
  plan.make(tiles, order, workers);
  std::vector<int> seen(order.size(), 0);
  for (const Block& block : plan.blocks()) {
    for (uint32_t i = block.first; i < block.first + block.count; ++i) {
      ++seen[i];
      const TileCoord& coord = tiles[order[i].slot].coord;
      EXPECT(coord.z == block.z && coord.x >> block.level == block.tile_x >> block.level && coord.y >> block.level == block.tile_y >> block.level);
    }
    EXPECT(block.tile_x % (1 << block.level) == 0 && block.tile_y % (1 << block.level) == 0);
  }
  for (const int count : seen) EXPECT_EQ(count, 1);
  uint32_t next = 0;
  for (const Batch& batch : plan.batches()) {
    EXPECT_EQ(batch.first, next);
    EXPECT(batch.count > 0);
    next += batch.count;
    for (uint32_t i = batch.first; i < next; ++i) EXPECT_EQ(plan.blocks()[i].level, batch.level);
    if (!one_call) EXPECT(batch.count == 1 || batch.count << (2 * batch.level) <= plan.batch_tiles());
  }
  EXPECT_EQ(next, plan.blocks().size());
  if (one_call) EXPECT_EQ(plan.batches().size(), order.empty() ? 0u : 1u);
}

}  // namespace

TEST(every_tile_once) {
  std::mt19937 random(4);
  for (const int count : {0, 1, 3, 40, 300}) {
    Tiles tiles(kInfinite, 16, false);
    for (int i = 0; i < count; ++i) {
      uint32_t slot;
      EXPECT_OK(tiles.find_or_add({static_cast<int32_t>(random() % 24) - 12, static_cast<int32_t>(random() % 24) - 12, static_cast<int32_t>(random() % 2)}, &slot));
    }
    for (const uint32_t radius : {0u, 1u, 2u, 5u, 32u}) {
      for (const uint32_t batch : {0u, 1u, 3u, 4u, 16u}) {
        for (const uint32_t workers : {1u, 3u}) check(tiles, radius, batch, false, workers);
      }
      check(tiles, radius, 0, true, 2);
    }
  }
}

TEST(large_halos_are_shared) {
  Tiles tiles(kInfinite, 16, false);
  uint32_t slot;
  for (int32_t y = 0; y < 8; ++y) {
    for (int32_t x = 0; x < 8; ++x) EXPECT_OK(tiles.find_or_add({x, y, 0}, &slot));
  }
  BlockPlan wide(32, 16, 0, false), narrow(1, 16, 0, false);
  wide.make(tiles, tiles.order(), 1);
  EXPECT_EQ(wide.blocks().size(), 1u);
  EXPECT_EQ(wide.blocks()[0].level, 3u);
  narrow.make(tiles, tiles.order(), 1);
  EXPECT_EQ(narrow.blocks().size(), 64u);
}

EXPECT_MAIN
