// Halo gather: rows of cells are runs of floats, so all is copying.
#include "halo.hpp"

#include <algorithm>
#include <cstring>

namespace atheria::engine {
namespace {

// Rows are multiples of 64 bytes for d = 8; a call of memcpy for one cell would cost more than the copy, but it knows wider registers.
inline void copy_floats(float* out, const float* in, size_t count) {
  if (count >= 64) {
    std::memcpy(out, in, count * sizeof(float));
    return;
  }
  for (; count >= 16; count -= 16, in += 16, out += 16) std::memcpy(out, in, 64);
  if (count != 0) std::memcpy(out, in, count * sizeof(float));
}

// A rectangle of cells of one tile (slot kNoTile: not stored) at (`offset_x`, `offset_y`) of tile (x, y).
void copy_rectangle(const Universe& universe, uint32_t slot, int64_t tile_x, int64_t tile_y, int32_t z, int offset_x, int offset_y, int width,
                    int height, float* out, int64_t stride) {
  const size_t channels = universe.channels();
  const float* source = nullptr;
  if (slot != kNoTile) {
    const Tile& tile = universe.tiles[slot];
    source = tile.active.empty() ? tile.background : universe.state(tile);
  }
  if (source == nullptr) {
    universe.background.fill(universe.background_time(), tile_x * kTileSide + offset_x, tile_y * kTileSide + offset_y, z, width, height, out, stride);
    return;
  }
  source += (static_cast<size_t>(offset_y) * kTileSide + offset_x) * channels;
  const size_t floats = width * channels;
  for (int row = 0; row < height; ++row, source += kTileSide * channels, out += stride) copy_floats(out, source, floats);
}

}  // namespace

bool HaloGather::gather(const Universe& universe, const Block& block, uint32_t slot, float* out, ath_rectangle* out_domain) {
  const int width = block.width + 2 * radius_, height = block.height + 2 * radius_;
  *out_domain = {0, 0, height, width};
  bool outside = false;
  if (universe.domain.is_bounded()) {
    const int64_t x = int64_t{block.x} - radius_, y = int64_t{block.y} - radius_;
    out_domain->x0 = static_cast<int32_t>(std::clamp<int64_t>(-x, 0, width));
    out_domain->y0 = static_cast<int32_t>(std::clamp<int64_t>(-y, 0, height));
    out_domain->x1 = static_cast<int32_t>(std::clamp<int64_t>(universe.domain.x.extent() - x, 0, width));
    out_domain->y1 = static_cast<int32_t>(std::clamp<int64_t>(universe.domain.y.extent() - y, 0, height));
    outside = out_domain->x0 > 0 || out_domain->y0 > 0 || out_domain->x1 < width || out_domain->y1 < height;
  }
  if (block.count == 1 && block.width <= kTileSide && block.height <= kTileSide && radius_ <= kTileSide && !outside && universe.domain.is_regular()) {
    gather_neighbours(universe, block, universe.tiles[slot], out);
  } else {
    gather_runs(universe, block, out);
  }
  return outside;
}

void HaloGather::gather_neighbours(const Universe& universe, const Block& block, const Tile& tile, float* out) const {
  const size_t channels = universe.channels();
  const int64_t stride = static_cast<int64_t>(block.width + 2 * radius_) * static_cast<int64_t>(channels);
  // The span in cells of the tile; what is below 0 is the tile before, what is from 16 on is the tile after.
  struct Part {
    int at, length, offset;
  };
  const auto cut = [&](int begin, int length, Part parts[3]) {
    const int end = begin + length;
    for (int i = 0; i < 3; ++i) {
      const int low = std::max(begin, (i - 1) * kTileSide), high = std::min(end, i * kTileSide);
      parts[i] = {low - begin, std::max(0, high - low), low - (i - 1) * kTileSide};
    }
  };
  Part columns[3], rows[3];
  cut(block.x - tile.coord.x * kTileSide - radius_, block.width + 2 * radius_, columns);
  cut(block.y - tile.coord.y * kTileSide - radius_, block.height + 2 * radius_, rows);
  for (int row = 0; row < 3; ++row) {
    if (rows[row].length == 0) continue;
    const int64_t y = universe.domain.y.neighbour(tile.coord.y, row - 1);
    for (int column = 0; column < 3; ++column) {
      if (columns[column].length == 0) continue;
      const int64_t x = universe.domain.x.neighbour(tile.coord.x, column - 1);
      copy_rectangle(universe, tile.neighbours[row * 3 + column], x, y, tile.coord.z, columns[column].offset, rows[row].offset, columns[column].length,
                     rows[row].length, out + rows[row].at * stride + columns[column].at * static_cast<int64_t>(channels), stride);
    }
  }
}

void HaloGather::gather_runs(const Universe& universe, const Block& block, float* out) {
  const size_t channels = universe.channels();
  const int64_t width = block.width + 2 * radius_, height = block.height + 2 * radius_;
  const int64_t stride = width * static_cast<int64_t>(channels);
  universe.domain.x.cut(int64_t{block.x} - radius_, width, runs_x_);
  universe.domain.y.cut(int64_t{block.y} - radius_, height, runs_y_);
  for (const AxisRun& y : runs_y_) {
    for (const AxisRun& x : runs_x_) {
      float* corner = out + y.at * stride + x.at * static_cast<int64_t>(channels);
      if (x.tile == kOutside || y.tile == kOutside) {
        for (int row = 0; row < y.length; ++row) std::memset(corner + row * stride, 0, x.length * channels * sizeof(float));
        continue;
      }
      uint32_t slot = kNoTile;
      if (tile_axis_in_range(x.tile) && tile_axis_in_range(y.tile)) {
        slot = universe.tiles.find({static_cast<int32_t>(x.tile), static_cast<int32_t>(y.tile), block.z});
      }
      copy_rectangle(universe, slot, x.tile, y.tile, block.z, x.offset, y.offset, x.length, y.length, corner, stride);
    }
  }
}

}  // namespace atheria::engine
