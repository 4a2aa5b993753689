// The shape of space: which cells exist, and how a span of coordinates falls into runs of existing tiles.
#pragma once

#include <cstdint>
#include <vector>

#include "atheria/engine.h"
#include "cell_mask.hpp"

namespace atheria::engine {

// A stretch of one axis that lies within one tile (or wholly outside a bounded domain).
struct AxisRun {
  int32_t at;      // from the begin of the span
  int32_t length;
  int64_t tile;    // tile coordinate, or kOutside
  int32_t offset;  // first cell within the tile
};
inline constexpr int64_t kOutside = INT64_MIN;

class Axis {
 public:
  Axis() = default;
  Axis(ath_domain kind, int64_t extent) : kind_(kind), extent_(extent) {}

  bool contains(int64_t cell) const { return kind_ == ATH_DOMAIN_INFINITE || (cell >= 0 && cell < extent_); }
  // Whether tile borders stay tile borders across the wrap: then each tile has plain left and right neighbours.
  bool is_regular() const { return kind_ != ATH_DOMAIN_PERIODIC || extent_ % kTileSide == 0; }
  // The neighbour tile in direction -1 or +1, wrapped; only meaningful if regular.
  int64_t neighbour(int64_t tile, int direction) const {
    const int64_t next = tile + direction;
    if (kind_ != ATH_DOMAIN_PERIODIC) return next;
    const int64_t tiles = extent_ / kTileSide;
    return next < 0 ? tiles - 1 : next >= tiles ? 0 : next;
  }
  // Cells of the tile that exist: [begin, end) within 0..16, possibly empty.
  void existing(int64_t tile, int* begin, int* end) const;
  // Cuts [begin, begin + length) into runs, in order; periodic spans wrap as often as they must.
  void cut(int64_t begin, int64_t length, std::vector<AxisRun>& out_runs) const;

  ath_domain kind() const { return kind_; }
  int64_t extent() const { return extent_; }

 private:
  ath_domain kind_ = ATH_DOMAIN_INFINITE;
  int64_t extent_ = 0;
};

struct Domain {
  Axis x, y;

  ath_domain kind() const { return x.kind(); }
  bool is_bounded() const { return kind() == ATH_DOMAIN_BOUNDED; }
  bool is_regular() const { return x.is_regular() && y.is_regular(); }
  bool contains(int64_t cell_x, int64_t cell_y) const { return x.contains(cell_x) && y.contains(cell_y); }
  // Cells of the tile that exist.
  CellMask existing(const TileCoord& tile) const;
};

}  // namespace atheria::engine
