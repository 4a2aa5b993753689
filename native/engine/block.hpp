// Square groups of tiles that the law sees as one patch, so that neighbours share the halo; and batches of equal patches.
#pragma once

#include <cstdint>
#include <vector>

#include "tiles.hpp"

namespace atheria::engine {

// 2^level x 2^level tiles at a multiple of that size. In Morton order its tiles stand together.
struct Block {
  int32_t tile_x, tile_y, z;
  uint32_t level;
  uint32_t first, count;  // its candidate tiles, as a range of the list the plan was made from
};

// Patches of one size that go to the law in one call: a range of the plan's blocks.
struct Batch {
  uint32_t first, count;
  uint32_t level;
};

inline constexpr uint32_t kBlockLevelMax = 3;  // 8x8 tiles, 128x128 cells

class BlockPlan {
 public:
  // `batch_tiles` 0: so that input and output of a batch stay in L2. `one_call`: all patches of one size, in one batch.
  BlockPlan(uint32_t radius, uint32_t channels, uint32_t batch_tiles, bool one_call);

  // `tiles`: (key, slot) of the tiles to compute, in order. Neither blocks nor batches can change results, only the time they take.
  void make(const Tiles& all, const std::vector<KeyedSlot>& tiles, uint32_t workers);

  const std::vector<Block>& blocks() const { return blocks_; }
  const std::vector<Batch>& batches() const { return batches_; }
  uint32_t batch_tiles() const { return batch_tiles_; }

 private:
  double merge(const Tiles& all, const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level);
  void cut_uniform(const Tiles& all, const std::vector<KeyedSlot>& tiles, uint32_t level);
  void cut_batches(uint32_t workers);
  double cost(uint32_t level) const;

  uint32_t radius_, level_max_, batch_tiles_;
  bool one_call_;
  std::vector<Block> blocks_, by_level_;
  std::vector<Batch> batches_;
};

}  // namespace atheria::engine
