// Which cells a step must compute: the active cells dilated by the law's radius, across tile borders, cut to the domain.
#pragma once

#include <cstdint>
#include <vector>

#include "universe.hpp"

namespace atheria::engine {

class Frontier {
 public:
  Frontier(const Domain& domain, uint32_t radius);

  // Sets `candidates` of every tile, adding the tiles that are touched for the first time. The active cells stay as they are, also on failure:
  // ATH_OUT_OF_RANGE names a cell beyond the representable tiles, ATH_OUT_OF_MEMORY.
  ath_status update(Universe& universe);

 private:
  ath_status spread(Universe& universe, uint32_t slot);
  ath_status spread_to_neighbours(Universe& universe, uint32_t slot);
  ath_status add(Universe& universe, int64_t x, int64_t y, int32_t z, const CellMask& cells);

  Domain domain_;
  int radius_;
  bool by_neighbours_;        // everything that a tile touches is one of its eight neighbours
  CellMask of_full_[9];       // what a full tile makes candidates in each neighbour
  std::vector<uint32_t> active_slots_;
  std::vector<uint32_t> rows_;  // the vertical dilation of a tile, radius + 16 + radius rows
  std::vector<AxisRun> runs_x_, runs_y_;
};

}  // namespace atheria::engine
