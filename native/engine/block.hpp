// Rectangles of cells that the law sees as one patch, cut so that the halo costs least; and batches of equal patches.
#pragma once

#include <cstdint>
#include <vector>

#include "tiles.hpp"

namespace atheria::engine {

// A rectangle around the candidates of some tiles, which stand together in the order.
struct Block {
  int32_t x, y, z;         // its first cell, at multiples of the law's alignment
  int32_t width, height;   // cells
  uint32_t first, count;   // tiles, as a range of the list the plan was made from; a block of one tile lies within it
};

// Blocks of one size that go to the law in one call: a range of the plan's blocks.
struct Batch {
  uint32_t first, count;
  int32_t width, height;
};

struct BlockLimits {
  uint32_t radius = 0;
  uint32_t alignment = 1;
  uint32_t channels = 2;
  uint32_t batch_tiles = 0;  // cells of a batch, in tiles; 0: so that its input and output stay in L2
  bool one_call = false;     // all blocks of one size, in one batch
};

class BlockPlan {
 public:
  explicit BlockPlan(const BlockLimits& limits);

  // `tiles`: (key, slot) of the tiles with candidates, in order. Neither blocks nor batches can change results, only the time they take.
  void make(const Tiles& all, const std::vector<KeyedSlot>& tiles, uint32_t workers);

  const std::vector<Block>& blocks() const { return blocks_; }
  const std::vector<Batch>& batches() const { return batches_; }
  uint32_t batch_tiles() const { return limits_.batch_tiles; }

 private:
  // Half open, in cells of the plane.
  struct Box {
    int32_t x0, y0, x1, y1;
  };

  Box box_of_tile(const Tile& tile) const;
  Block block_around(const Tiles& all, const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level, const Box& box) const;
  int32_t fit(int32_t begin, int32_t end, int32_t corner, int32_t side, int32_t* out_size) const;
  double cost(int32_t width, int32_t height, size_t copied_tiles) const;
  double merge(const Tiles& all, const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level, Box* out_box);
  void cut_uniform(const Tiles& all, const std::vector<KeyedSlot>& tiles, uint32_t level);
  void cut_batches(uint32_t workers);

  BlockLimits limits_;
  int32_t smallest_;     // side of the smallest rectangle
  uint32_t level_max_;   // of a merged block: 2^level tiles a side
  std::vector<Block> blocks_, by_size_;
  std::vector<Batch> batches_;
};

}  // namespace atheria::engine
