// Dilation of activity masks by a square of side 2r+1, first down the columns, then along the rows.
#include "frontier.hpp"

#include <algorithm>
#include <bit>
#include <cinttypes>

namespace atheria::engine {
namespace {

// Bits `from`..`from+length-1` (relative to the tile's first column, may be negative) of the row dilated by r.
uint32_t dilate_row(uint32_t bits, int r, int from, int length) {
  const uint32_t window = length >= 16 ? 0xFFFFu : (1u << length) - 1u;
  if (r >= 16) {  // the intervals of all cells overlap: only the first and the last count
    const int begin = std::max(std::countr_zero(bits) - r - from, 0);
    const int end = std::min(31 - std::countl_zero(bits) + r + 1 - from, length);
    if (begin >= end) return 0;
    return ((1u << end) - 1u) & ~((1u << begin) - 1u);
  }
  uint64_t wide = 0;  // bit i is column i - r
  uint64_t grown = bits;
  int reach = 1;      // `grown` holds each bit smeared over `reach` columns upwards
  while (reach * 2 <= 2 * r + 1) {
    grown |= grown << reach;
    reach *= 2;
  }
  wide = grown | (grown << (2 * r + 1 - reach));
  return static_cast<uint32_t>(wide >> (from + r)) & window;
}

// rows[i] is the union of the rows within r of row i - r.
void dilate_columns(const CellMask& mask, int r, std::vector<uint32_t>& rows) {
  uint32_t source[kTileSide];
  for (int y = 0; y < kTileSide; ++y) source[y] = mask.row(y);
  for (int i = 0; i < kTileSide + 2 * r; ++i) {
    uint32_t bits = 0;
    for (int y = std::max(0, i - 2 * r); y <= std::min(kTileSide - 1, i); ++y) bits |= source[y];
    rows[i] = bits;
  }
}

}  // namespace

Frontier::Frontier(const Domain& domain, uint32_t radius)
    : domain_(domain), radius_(static_cast<int>(radius)), by_neighbours_(domain.is_regular() && radius <= kTileSide) {
  rows_.resize(kTileSide + 2 * radius_);
  if (!by_neighbours_) return;
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      const int r = radius_;
      of_full_[neighbour_number(dx, dy)] = CellMask::rectangle(dx < 0 ? kTileSide - r : 0, dy < 0 ? kTileSide - r : 0, dx > 0 ? r : kTileSide,
                                                               dy > 0 ? r : kTileSide);
    }
  }
}

ath_status Frontier::add(Universe& universe, int64_t x, int64_t y, int32_t z, const CellMask& cells) {
  if (!tile_axis_in_range(x) || !tile_axis_in_range(y)) {
    return ath_status_set(ATH_OUT_OF_RANGE,
                          "step %" PRIu64 ": activity reaches tile (%" PRId64 ", %" PRId64 ") of plane %d, but tile coordinates have 21 bits (-2^20..2^20-1); "
                          "keep the active cells nearer to the origin or use a bounded domain",
                          universe.step + 1, x, y, z);
  }
  uint32_t slot;
  const ath_status status = universe.tiles.find_or_add({static_cast<int32_t>(x), static_cast<int32_t>(y), z}, &slot);
  if (status == ATH_OK) universe.tiles[slot].candidates |= cells;
  return status;
}

ath_status Frontier::spread_to_neighbours(Universe& universe, uint32_t slot) {
  Tiles& tiles = universe.tiles;
  const bool full = tiles[slot].active.is_full();
  if (!full) dilate_columns(tiles[slot].active, radius_, rows_);
  for (int dy = -1; dy <= 1; ++dy) {
    const int64_t y = domain_.y.neighbour(tiles[slot].coord.y, dy);
    for (int dx = -1; dx <= 1; ++dx) {
      const int number = neighbour_number(dx, dy);
      CellMask cells;
      if (full) {
        cells = of_full_[number];
      } else {
        // Columns of the neighbour that can be reached, as columns relative to this tile.
        const int from = dx < 0 ? -radius_ : dx * kTileSide;
        const int length = dx == 0 ? kTileSide : radius_;
        const int place = dx < 0 ? kTileSide - radius_ : 0;
        for (int row = 0; row < kTileSide; ++row) {
          const int i = dy * kTileSide + row + radius_;
          if (i < 0 || i >= kTileSide + 2 * radius_ || rows_[i] == 0 || length == 0) continue;
          cells.or_row(row, dilate_row(rows_[i], radius_, from, length) << place);
        }
      }
      if (cells.empty()) continue;
      const uint32_t neighbour = tiles[slot].neighbours[number];
      if (neighbour != kNoTile) {
        tiles[neighbour].candidates |= cells;
        continue;
      }
      const int64_t x = domain_.x.neighbour(tiles[slot].coord.x, dx);
      // A bounded domain begins at a tile's corner, so a tile has cells in it if its first cell is in it.
      if (domain_.is_bounded() && !domain_.contains(x * kTileSide, y * kTileSide)) continue;
      const ath_status status = add(universe, x, y, tiles[slot].coord.z, cells);
      if (status != ATH_OK) return status;
    }
  }
  return ATH_OK;
}

ath_status Frontier::spread(Universe& universe, uint32_t slot) {
  Tiles& tiles = universe.tiles;
  const TileCoord coord = tiles[slot].coord;
  dilate_columns(tiles[slot].active, radius_, rows_);
  const int64_t span = kTileSide + 2 * radius_;
  domain_.x.cut(int64_t{coord.x} * kTileSide - radius_, span, runs_x_);
  domain_.y.cut(int64_t{coord.y} * kTileSide - radius_, span, runs_y_);
  for (const AxisRun& run_y : runs_y_) {
    if (run_y.tile == kOutside) continue;
    for (const AxisRun& run_x : runs_x_) {
      if (run_x.tile == kOutside) continue;
      CellMask cells;
      for (int row = 0; row < run_y.length; ++row) {
        const uint32_t bits = rows_[run_y.at + row];
        if (bits != 0) cells.or_row(run_y.offset + row, dilate_row(bits, radius_, run_x.at - radius_, run_x.length) << run_x.offset);
      }
      if (cells.empty()) continue;
      const ath_status status = add(universe, run_x.tile, run_y.tile, coord.z, cells);
      if (status != ATH_OK) return status;
    }
  }
  return ATH_OK;
}

ath_status Frontier::update(Universe& universe) {
  Tiles& tiles = universe.tiles;
  active_slots_.clear();
  for (const KeyedSlot& item : tiles.order()) {
    tiles[item.slot].candidates = CellMask{};
    if (!tiles[item.slot].active.empty()) active_slots_.push_back(item.slot);
  }
  const SortAtEnd sort_at_end(tiles);
  for (const uint32_t slot : active_slots_) {
    const ath_status status = by_neighbours_ ? spread_to_neighbours(universe, slot) : spread(universe, slot);
    if (status != ATH_OK) return status;
  }
  if (domain_.kind() != ATH_DOMAIN_INFINITE) {
    for (const KeyedSlot& item : tiles.order()) tiles[item.slot].candidates &= domain_.existing(tiles[item.slot].coord);
  }
  return ATH_OK;
}

}  // namespace atheria::engine
