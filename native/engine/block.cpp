// Merges tiles into blocks along the quadtree of the Morton order, where sharing the halo saves work.
#include "block.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace atheria::engine {
namespace {

constexpr double kPatchFloatsMax = 8.0 * 1024 * 1024;  // 32 MiB of input
constexpr double kBatchBytes = 512.0 * 1024;           // half of a common L2; the law's intermediate tensors want the rest
constexpr uint32_t kBatchTilesMax = 16;
// A merged block must be this much cheaper than its parts: it copies its output into tiles and leaves fewer pieces for the threads.
constexpr double kMergePenalty = 1.1;

Block block_at(const Tiles& all, const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level) {
  const TileCoord& coord = all[tiles[begin].slot].coord;
  const int32_t corner = ~((1 << level) - 1);
  return {coord.x & corner, coord.y & corner, coord.z, level, static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)};
}

size_t end_of_group(const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level) {
  const uint64_t group = tiles[begin].key >> (2 * level);
  size_t i = begin + 1;
  while (i < end && tiles[i].key >> (2 * level) == group) ++i;
  return i;
}

}  // namespace

BlockPlan::BlockPlan(uint32_t radius, uint32_t channels, uint32_t batch_tiles, bool one_call)
    : radius_(radius), level_max_(0), batch_tiles_(batch_tiles), one_call_(one_call) {
  for (uint32_t level = 1; level <= kBlockLevelMax && radius > 0; ++level) {
    const double side = (kTileSide << level) + 2.0 * radius;
    if (side * side * channels <= kPatchFloatsMax) level_max_ = level;
  }
  if (batch_tiles_ == 0) {
    const double side = kTileSide + 2.0 * radius;
    const double bytes = (side * side + kTileCells) * channels * sizeof(float);
    batch_tiles_ = std::clamp(std::bit_floor(static_cast<uint32_t>(kBatchBytes / bytes)), 1u, kBatchTilesMax);
  }
}

// The layers of a law need between the whole patch and its middle; the engine takes the mean.
double BlockPlan::cost(uint32_t level) const {
  const double side = (kTileSide << level) + static_cast<double>(radius_);
  return side * side * std::pow(kMergePenalty, level);
}

// Appends the cheapest cut of tiles [begin, end), which lie in one block of `level`, and returns its cost.
double BlockPlan::merge(const Tiles& all, const std::vector<KeyedSlot>& tiles, size_t begin, size_t end, uint32_t level) {
  if (level == 0) {
    blocks_.push_back(block_at(all, tiles, begin, end, 0));
    return cost(0);
  }
  const size_t mark = blocks_.size();
  double apart = 0;
  for (size_t i = begin; i < end;) {
    const size_t next = end_of_group(tiles, i, end, level - 1);
    apart += merge(all, tiles, i, next, level - 1);
    i = next;
  }
  const double together = cost(level);
  if (together >= apart) return apart;
  blocks_.resize(mark);
  blocks_.push_back(block_at(all, tiles, begin, end, level));
  return together;
}

void BlockPlan::cut_uniform(const Tiles& all, const std::vector<KeyedSlot>& tiles, uint32_t level) {
  blocks_.clear();
  for (size_t i = 0; i < tiles.size();) {
    const size_t next = end_of_group(tiles, i, tiles.size(), level);
    blocks_.push_back(block_at(all, tiles, i, next, level));
    i = next;
  }
}

void BlockPlan::make(const Tiles& all, const std::vector<KeyedSlot>& tiles, uint32_t workers) {
  blocks_.clear();
  batches_.clear();
  if (tiles.empty()) return;
  if (one_call_) {
    uint32_t best = 0;
    double best_cost = 0;
    for (uint32_t level = 0; level <= level_max_; ++level) {
      cut_uniform(all, tiles, level);
      const double side = (kTileSide << level) + 2.0 * radius_;  // an opaque law pays for the whole patch
      const double total = side * side * static_cast<double>(blocks_.size());
      if (level == 0 || total < best_cost) {
        best = level;
        best_cost = total;
      }
    }
    cut_uniform(all, tiles, best);
    batches_.push_back({0, static_cast<uint32_t>(blocks_.size()), best});
    return;
  }
  for (size_t i = 0; i < tiles.size();) {
    const size_t next = end_of_group(tiles, i, tiles.size(), level_max_);
    merge(all, tiles, i, next, level_max_);
    i = next;
  }
  cut_batches(workers);
}

void BlockPlan::cut_batches(uint32_t workers) {
  if (level_max_ > 0) {  // equal sizes together, in order within a size
    by_level_.clear();
    for (uint32_t level = 0; level <= level_max_; ++level) {
      for (const Block& block : blocks_) {
        if (block.level == level) by_level_.push_back(block);
      }
    }
    blocks_.swap(by_level_);
  }
  for (uint32_t begin = 0; begin < blocks_.size();) {
    const uint32_t level = blocks_[begin].level;
    uint32_t end = begin;
    while (end < blocks_.size() && blocks_[end].level == level) ++end;
    uint32_t full = std::max(1u, batch_tiles_ >> (2 * level));
    // Few tiles: every worker gets some. Sizes below the full one are powers of two, so that laws are prepared for few shapes.
    const uint32_t share = std::max(1u, (end - begin) / workers);
    if (share < full) full = std::bit_floor(share);
    while (end - begin >= full) {
      batches_.push_back({begin, full, level});
      begin += full;
    }
    while (begin < end) {
      const uint32_t count = std::bit_floor(end - begin);
      batches_.push_back({begin, count, level});
      begin += count;
    }
  }
}

}  // namespace atheria::engine
