// Access to single cells.
#include "cells.hpp"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <vector>

namespace atheria::engine {
namespace {

TileCoord tile_of(const int64_t* coord) {
  return {static_cast<int32_t>(tile_of_cell(coord[0])), static_cast<int32_t>(tile_of_cell(coord[1])), static_cast<int32_t>(coord[2])};
}

int cell_of(const int64_t* coord) { return cell_in_tile(coord[1]) * kTileSide + cell_in_tile(coord[0]); }

ath_status check_coords(const Universe& universe, const int64_t* coords, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const int64_t* c = coords + 3 * i;
    if (!tile_axis_in_range(tile_of_cell(c[0])) || !tile_axis_in_range(tile_of_cell(c[1])) || !tile_axis_in_range(c[2])) {
      return ath_status_set(ATH_OUT_OF_RANGE,
                            "cell %zu at (%" PRId64 ", %" PRId64 ", %" PRId64 ") cannot be stored: expected -2^24 <= x, y < 2^24 and -2^20 <= z < 2^20; "
                            "nothing was changed",
                            i, c[0], c[1], c[2]);
    }
    if (!universe.domain.contains(c[0], c[1])) {
      return ath_status_set(ATH_OUT_OF_RANGE,
                            "cell %zu at (%" PRId64 ", %" PRId64 ", %" PRId64 ") is outside the domain: expected 0 <= x < %" PRId64 " and 0 <= y < %" PRId64
                            "; nothing was changed",
                            i, c[0], c[1], c[2], universe.domain.x.extent(), universe.domain.y.extent());
    }
  }
  return ATH_OK;
}

// Remembers the last tile: cells usually come in runs.
class TileCursor {
 public:
  explicit TileCursor(const Tiles& tiles) : tiles_(tiles) {}
  uint32_t at(const TileCoord& coord) {
    if (!(valid_ && coord == coord_)) {
      coord_ = coord;
      slot_ = tiles_.find(coord);
      valid_ = true;
    }
    return slot_;
  }

 private:
  const Tiles& tiles_;
  TileCoord coord_;
  uint32_t slot_ = kNoTile;
  bool valid_ = false;
};

void interleave(const float* cell, size_t d, float* out) {
  for (size_t c = 0; c < d; ++c) {
    out[2 * c] = cell[c];
    out[2 * c + 1] = cell[d + c];
  }
}

}  // namespace

void fill_with_background(const Universe& universe, Tile& tile) {
  universe.background.fill(universe.background_time(), int64_t{tile.coord.x} * kTileSide, int64_t{tile.coord.y} * kTileSide, tile.coord.z, kTileSide,
                           kTileSide, universe.state(tile), static_cast<int64_t>(kTileSide) * universe.channels());
}

ath_status write_cells(Universe& universe, const int64_t* coords, const float* states, size_t count) {
  ath_status status = check_coords(universe, coords, count);
  if (status != ATH_OK) return status;
  const size_t d = universe.d();
  for (size_t i = 0; states != nullptr && i < count * 2 * d; ++i) {
    if (std::isfinite(states[i])) continue;
    const int64_t* c = coords + 3 * (i / (2 * d));
    return ath_status_set(ATH_INVALID_ARGUMENT,
                          "state of cell %zu at (%" PRId64 ", %" PRId64 ", %" PRId64 ") is not finite in channel %zu; nothing was changed", i / (2 * d), c[0],
                          c[1], c[2], i % (2 * d) / 2);
  }
  // All tiles first: running out of memory half way leaves tiles without active cells, which nobody can see.
  std::vector<uint32_t> slots(count);
  const SortAtEnd sort_at_end(universe.tiles);
  for (size_t i = 0; i < count; ++i) {
    const TileCoord coord = tile_of(coords + 3 * i);
    if (i > 0 && coord == tile_of(coords + 3 * (i - 1))) {
      slots[i] = slots[i - 1];
      continue;
    }
    status = universe.tiles.find_or_add(coord, &slots[i]);
    if (status != ATH_OK) return status;
  }
  for (size_t i = 0; i < count; ++i) {
    Tile& tile = universe.tiles[slots[i]];
    const int cell = cell_of(coords + 3 * i);
    if (tile.active.empty()) fill_with_background(universe, tile);
    if (!tile.active.test(cell)) {
      tile.active.set(cell);
      ++universe.active_count;
      if (states == nullptr && universe.background.kind() == ATH_BACKGROUND_FLUCTUATING) {
        // What the tile stores may be the background of the last step's time.
        universe.background.fill(universe.background_time(), coords[3 * i], coords[3 * i + 1], coords[3 * i + 2], 1, 1,
                                 universe.state(tile) + cell * 2 * d, 0);
      }
    }
    if (states == nullptr) continue;
    float* out = universe.state(tile) + cell * 2 * d;
    for (size_t c = 0; c < d; ++c) {
      out[c] = states[(i * d + c) * 2];
      out[d + c] = states[(i * d + c) * 2 + 1];
    }
  }
  return ATH_OK;
}

ath_status read_cells(const Universe& universe, const int64_t* coords, size_t count, float* out_states) {
  const ath_status status = check_coords(universe, coords, count);
  if (status != ATH_OK) return status;
  const size_t d = universe.d();
  std::vector<float> background(2 * d);
  TileCursor cursor(universe.tiles);
  for (size_t i = 0; i < count; ++i) {
    const int64_t* c = coords + 3 * i;
    const uint32_t slot = cursor.at(tile_of(c));
    const int cell = cell_of(c);
    if (slot != kNoTile && universe.tiles[slot].active.test(cell)) {
      interleave(universe.state(universe.tiles[slot]) + cell * 2 * d, d, out_states + i * 2 * d);
    } else {
      universe.background.fill(universe.background_time(), c[0], c[1], c[2], 1, 1, background.data(), 0);
      interleave(background.data(), d, out_states + i * 2 * d);
    }
  }
  return ATH_OK;
}

ath_status deactivate_cells(Universe& universe, const int64_t* coords, size_t count) {
  const ath_status status = check_coords(universe, coords, count);
  if (status != ATH_OK) return status;
  TileCursor cursor(universe.tiles);
  for (size_t i = 0; i < count; ++i) {
    const int64_t* c = coords + 3 * i;
    const uint32_t slot = cursor.at(tile_of(c));
    const int cell = cell_of(c);
    if (slot == kNoTile || !universe.tiles[slot].active.test(cell)) continue;
    Tile& tile = universe.tiles[slot];
    tile.active.reset(cell);
    --universe.active_count;
    universe.background.fill(universe.background_time(), c[0], c[1], c[2], 1, 1, universe.state(tile) + static_cast<size_t>(cell) * universe.channels(),
                             0);
  }
  return ATH_OK;
}

void export_cells(const Universe& universe, int64_t* out_coords, float* out_states) {
  const size_t d = universe.d();
  for (const KeyedSlot& item : universe.tiles.order()) {
    const Tile& tile = universe.tiles[item.slot];
    tile.active.for_each_run([&](int begin, int length) {
      for (int cell = begin; cell < begin + length; ++cell) {
        if (out_coords != nullptr) {
          *out_coords++ = int64_t{tile.coord.x} * kTileSide + cell % kTileSide;
          *out_coords++ = int64_t{tile.coord.y} * kTileSide + cell / kTileSide;
          *out_coords++ = tile.coord.z;
        }
        if (out_states != nullptr) {
          interleave(universe.state(tile) + cell * 2 * d, d, out_states);
          out_states += 2 * d;
        }
      }
    });
  }
}

void bounds_of_active(const Universe& universe, int64_t out_box[6]) {
  std::fill(out_box, out_box + 6, 0);
  bool first = true;
  for (const KeyedSlot& item : universe.tiles.order()) {
    const Tile& tile = universe.tiles[item.slot];
    tile.active.for_each_run([&](int begin, int length) {
      const int64_t x = int64_t{tile.coord.x} * kTileSide + begin % kTileSide;
      const int64_t y = int64_t{tile.coord.y} * kTileSide + begin / kTileSide;
      const int64_t run[6] = {x, y, tile.coord.z, x + length, y + 1, int64_t{tile.coord.z} + 1};
      for (int axis = 0; axis < 3; ++axis) {
        out_box[axis] = first ? run[axis] : std::min(out_box[axis], run[axis]);
        out_box[axis + 3] = first ? run[axis + 3] : std::max(out_box[axis + 3], run[axis + 3]);
      }
      first = false;
    });
  }
}

}  // namespace atheria::engine
