// Cuts the candidates into rectangles along the quadtree of the Morton order, as a model of the law's cost says.
#include "block.hpp"

#include <algorithm>
#include <bit>

namespace atheria::engine {
namespace {

constexpr uint32_t kLevelMax = 3;                      // 8x8 tiles, 128x128 cells
constexpr double kPatchBytesMax = 32.0 * 1024 * 1024;
constexpr double kBatchBytes = 512.0 * 1024;           // half of a common L2; the law's intermediate tensors want the rest
constexpr uint32_t kBatchTilesMax = 16;

// Sides of rectangles are few (4, 8, 16, then powers of two of tiles), because a law is prepared for each size and keeps what it prepared. Laws with a
// wide halo gain nothing from small ones.
constexpr int32_t kSmallestSide = 4;
constexpr uint32_t kSmallSidesRadiusMax = 4;

// In units of a cell of a law: what any patch costs, and what it costs to bring the output of a merged block into a tile (measured on 3x3 laws of d = 8).
constexpr double kPatchCost = 8;
constexpr double kCopyCost = 4;

size_t end_of_group(const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level) {
  const uint64_t group = tiles[begin].key >> (2 * level);
  size_t i = begin + 1;
  while (i < end && tiles[i].key >> (2 * level) == group) ++i;
  return i;
}

int size_class(const Block& block) { return std::countr_zero(static_cast<uint32_t>(block.height)) * 8 + std::countr_zero(static_cast<uint32_t>(block.width)); }

}  // namespace

BlockPlan::BlockPlan(const BlockLimits& limits) : limits_(limits), smallest_(kTileSide), level_max_(0) {
  const double radius = limits.radius;
  if (radius <= kSmallSidesRadiusMax && !limits.one_call) smallest_ = std::max<int32_t>(kSmallestSide, static_cast<int32_t>(limits.alignment));
  for (uint32_t level = 1; level <= kLevelMax && limits.radius > 0; ++level) {
    // Merged patches stay in L2, unless the halo is so wide that sharing it is worth more.
    const double side = kTileSide << level;
    const double bytes = (side + 2 * radius) * (side + 2 * radius) * limits.channels * sizeof(float);
    if (bytes <= (side <= 4 * radius ? kPatchBytesMax : kBatchBytes)) level_max_ = level;
  }
  if (limits_.batch_tiles == 0) {
    const double side = kTileSide + 2 * radius;
    const double bytes = (side * side + kTileCells) * limits.channels * sizeof(float);
    limits_.batch_tiles = std::clamp(std::bit_floor(static_cast<uint32_t>(kBatchBytes / bytes)), 1u, kBatchTilesMax);
  }
}

// r layers of 3x3 work on the rectangle grown by r-1, .. 1, 0 cells a side: on the mean, by (r-1)/2.
double BlockPlan::cost(int32_t width, int32_t height, size_t copied_tiles) const {
  const double grown = limits_.radius > 1 ? limits_.radius - 1.0 : 0.0;
  return (width + grown) * (height + grown) + kPatchCost + kCopyCost * static_cast<double>(copied_tiles);
}

BlockPlan::Box BlockPlan::box_of_tile(const Tile& tile) const {
  const int32_t x = tile.coord.x * kTileSide, y = tile.coord.y * kTileSide;
  if (tile.candidates.is_full()) return {x, y, x + kTileSide, y + kTileSide};
  uint32_t columns = 0, rows = 0;
  for (int row = 0; row < kTileSide; ++row) {
    const uint32_t bits = tile.candidates.row(row);
    columns |= bits;
    rows |= static_cast<uint32_t>(bits != 0) << row;
  }
  return {x + std::countr_zero(columns), y + std::countr_zero(rows), x + 32 - std::countl_zero(columns), y + 32 - std::countl_zero(rows)};
}

// The smallest allowed side that holds [begin, end), placed within [corner, corner + side).
int32_t BlockPlan::fit(int32_t begin, int32_t end, int32_t corner, int32_t side, int32_t* out_size) const {
  const int32_t alignment = static_cast<int32_t>(limits_.alignment);
  for (int32_t size = smallest_; size < side; size *= 2) {
    const int32_t at = std::min((begin - corner) / alignment * alignment, side - size) + corner;
    if (at + size >= end) {
      *out_size = size;
      return at;
    }
  }
  *out_size = side;
  return corner;
}

Block BlockPlan::block_around(const Tiles& all, const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level, const Box& box) const {
  const TileCoord& coord = all[tiles[begin].slot].coord;
  const int32_t side = kTileSide << level;
  const int32_t corner = ~((1 << level) - 1);
  Block block{0, 0, coord.z, 0, 0, static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)};
  block.x = fit(box.x0, box.x1, (coord.x & corner) * kTileSide, side, &block.width);
  block.y = fit(box.y0, box.y1, (coord.y & corner) * kTileSide, side, &block.height);
  return block;
}

// Appends the cheapest cut of tiles [begin, end), which lie in one square of `level`; returns its cost and the box around its candidates.
double BlockPlan::merge(const Tiles& all, const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level, Box* out_box) {
  if (level == 0) {
    *out_box = box_of_tile(all[tiles[begin].slot]);
    blocks_.push_back(block_around(all, tiles, begin, end, 0, *out_box));
    return cost(blocks_.back().width, blocks_.back().height, blocks_.back().width == kTileSide && blocks_.back().height == kTileSide ? 0 : 1);
  }
  const size_t mark = blocks_.size();
  double apart = 0;
  for (size_t i = begin; i < end;) {
    const size_t next = end_of_group(tiles, i, end, level - 1);
    Box box;
    apart += merge(all, tiles, i, next, level - 1, &box);
    if (i == begin) {
      *out_box = box;
    } else {
      *out_box = {std::min(out_box->x0, box.x0), std::min(out_box->y0, box.y0), std::max(out_box->x1, box.x1), std::max(out_box->y1, box.y1)};
    }
    i = next;
  }
  if (blocks_.size() == mark + 1) return apart;  // one piece already
  const Block block = block_around(all, tiles, begin, end, level, *out_box);
  const double together = cost(block.width, block.height, block.count);
  if (together >= apart) return apart;
  blocks_.resize(mark);
  blocks_.push_back(block);
  return together;
}

void BlockPlan::cut_uniform(const Tiles& all, const std::vector<KeyedSlot>& tiles, uint32_t level) {
  blocks_.clear();
  for (size_t i = 0; i < tiles.size();) {
    const size_t next = end_of_group(tiles, i, tiles.size(), level);
    const TileCoord& coord = all[tiles[i].slot].coord;
    const int32_t side = kTileSide << level, corner = ~((1 << level) - 1);
    blocks_.push_back({(coord.x & corner) * kTileSide, (coord.y & corner) * kTileSide, coord.z, side, side, static_cast<uint32_t>(i),
                       static_cast<uint32_t>(next - i)});
    i = next;
  }
}

void BlockPlan::make(const Tiles& all, const std::vector<KeyedSlot>& tiles, uint32_t workers) {
  blocks_.clear();
  batches_.clear();
  if (tiles.empty()) return;
  if (limits_.one_call) {
    uint32_t best = 0;
    double best_cost = 0;
    for (uint32_t level = 0; level <= level_max_; ++level) {
      cut_uniform(all, tiles, level);
      const double side = (kTileSide << level) + 2.0 * limits_.radius;  // an opaque law pays for the whole patch
      const double total = side * side * static_cast<double>(blocks_.size());
      if (level == 0 || total < best_cost) {
        best = level;
        best_cost = total;
      }
    }
    cut_uniform(all, tiles, best);
    batches_.push_back({0, static_cast<uint32_t>(blocks_.size()), kTileSide << best, kTileSide << best});
    return;
  }
  // Every worker gets several blocks, or large ones would leave some of them idle.
  uint32_t level = level_max_;
  while (workers > 1 && level > 0 && (size_t{4} * workers) << (2 * level) > tiles.size()) --level;
  for (size_t i = 0; i < tiles.size();) {
    const size_t next = end_of_group(tiles, i, tiles.size(), level);
    Box box;
    merge(all, tiles, i, next, level, &box);
    i = next;
  }
  cut_batches(workers);
}

void BlockPlan::cut_batches(uint32_t workers) {
  // Equal sizes together, the largest first, in order within a size: a counting sort.
  constexpr int kClasses = 64;
  uint32_t starts[kClasses + 1] = {};
  for (const Block& block : blocks_) ++starts[kClasses - 1 - size_class(block)];
  uint32_t total = 0;
  for (uint32_t& start : starts) {
    const uint32_t count = start;
    start = total;
    total += count;
  }
  by_size_.resize(blocks_.size());
  for (const Block& block : blocks_) by_size_[starts[kClasses - 1 - size_class(block)]++] = block;
  blocks_.swap(by_size_);
  for (uint32_t begin = 0; begin < blocks_.size();) {
    const int32_t width = blocks_[begin].width, height = blocks_[begin].height;
    uint32_t end = begin;
    while (end < blocks_.size() && blocks_[end].width == width && blocks_[end].height == height) ++end;
    uint32_t full = std::max(1u, limits_.batch_tiles * kTileCells / static_cast<uint32_t>(width * height));
    full = std::min(full, kBatchTilesMax);
    // Few blocks: every worker gets some. Counts below the full one are powers of two, so that laws are prepared for few shapes.
    const uint32_t share = std::max(1u, (end - begin) / workers);
    if (share < full) full = std::bit_floor(share);
    for (; end - begin >= full; begin += full) batches_.push_back({begin, full, width, height});
    while (begin < end) {
      const uint32_t count = std::bit_floor(end - begin);
      batches_.push_back({begin, count, width, height});
      begin += count;
    }
  }
}

}  // namespace atheria::engine
