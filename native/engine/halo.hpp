// Gathers the padded patch of a block: its cells and `radius` more on each side, wherever they are stored.
#pragma once

#include <cstdint>
#include <vector>

#include "block.hpp"
#include "universe.hpp"

namespace atheria::engine {

class HaloGather {
 public:
  explicit HaloGather(uint32_t radius) : radius_(static_cast<int>(radius)) {}

  // Writes [height + 2r][width + 2r][channels]. `slot` is the block's tile if it has one only. Cells outside a bounded domain are zero; `out_domain` is the
  // part of the patch inside of it, and the result tells whether the patch reaches outside.
  bool gather(const Universe& universe, const Block& block, uint32_t slot, float* out, ath_rectangle* out_domain);

 private:
  void gather_neighbours(const Universe& universe, const Block& block, const Tile& tile, float* out) const;
  void gather_runs(const Universe& universe, const Block& block, float* out);

  int radius_;
  std::vector<AxisRun> runs_x_, runs_y_;  // kept between calls: a gather allocates nothing
};

}  // namespace atheria::engine
