// Infinite, bounded and periodic space as runs along one axis.
#include "domain.hpp"

#include <algorithm>

namespace atheria::engine {

void Axis::existing(int64_t tile, int* begin, int* end) const {
  *begin = 0;
  *end = kTileSide;
  if (kind_ == ATH_DOMAIN_INFINITE) return;
  const int64_t first = tile * kTileSide;
  *begin = static_cast<int>(std::clamp<int64_t>(-first, 0, kTileSide));
  *end = static_cast<int>(std::clamp<int64_t>(extent_ - first, 0, kTileSide));
}

void Axis::cut(int64_t begin, int64_t length, std::vector<AxisRun>& out_runs) const {
  out_runs.clear();
  int64_t at = 0;
  while (at < length) {
    int64_t cell = begin + at;
    int64_t run = length - at;
    if (kind_ == ATH_DOMAIN_BOUNDED && (cell < 0 || cell >= extent_)) {
      if (cell < 0) run = std::min(run, -cell);
      out_runs.push_back({static_cast<int32_t>(at), static_cast<int32_t>(run), kOutside, 0});
      at += run;
      continue;
    }
    if (kind_ == ATH_DOMAIN_PERIODIC) {
      cell %= extent_;
      if (cell < 0) cell += extent_;
    }
    if (kind_ != ATH_DOMAIN_INFINITE) run = std::min(run, extent_ - cell);
    const int offset = cell_in_tile(cell);
    run = std::min<int64_t>(run, kTileSide - offset);
    out_runs.push_back({static_cast<int32_t>(at), static_cast<int32_t>(run), tile_of_cell(cell), offset});
    at += run;
  }
}

CellMask Domain::existing(const TileCoord& tile) const {
  int x0, x1, y0, y1;
  x.existing(tile.x, &x0, &x1);
  y.existing(tile.y, &y0, &y1);
  return CellMask::rectangle(x0, y0, x1, y1);
}

}  // namespace atheria::engine
