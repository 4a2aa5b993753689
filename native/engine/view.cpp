// One pass over the region's tiles: cells are read where they lie, pixels written where they go.
#include "view.hpp"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <vector>

#include "vector_clones.hpp"

namespace atheria::engine {
namespace {

constexpr float kPi = 3.14159265f;

// The row painters get at most a tile's width of cells.

// Four partial sums a cell in a fixed order, so that every vector unit gives the same bits; then the four of all cells together.
template <size_t Channels>
inline __attribute__((always_inline)) void densities(const float* cells, int count, size_t channels, float* out) {
  const size_t n = Channels != 0 ? Channels : channels;  // a constant where it is common enough for a loop of its own
  float sums[kTileSide * 4];
  for (int i = 0; i < count; ++i, cells += n) {
    float part[4] = {0, 0, 0, 0};
    size_t c = 0;
    for (; c + 4 <= n; c += 4) {
      for (int lane = 0; lane < 4; ++lane) part[lane] += cells[c + lane] * cells[c + lane];
    }
    for (; c < n; ++c) part[c & 3] += cells[c] * cells[c];
    std::memcpy(sums + 4 * i, part, sizeof part);
  }
  for (int i = 0; i < count; ++i) out[i] = (sums[4 * i] + sums[4 * i + 2]) + (sums[4 * i + 1] + sums[4 * i + 3]);
}

ATHERIA_VECTOR_CLONES
void paint_density(const float* cells, int count, size_t channels, float* out) {
  if (channels == 16) {
    densities<16>(cells, count, channels, out);
  } else {
    densities<0>(cells, count, channels, out);
  }
}

// atan2 without a call or a branch: within 3e-7 of libm's, and the same bits everywhere. 0 for the zero state.
inline __attribute__((always_inline)) float argument(float re, float im) {
  const float a = re < 0 ? -re : re, b = im < 0 ? -im : im;
  const float large = a > b ? a : b, small = a > b ? b : a;
  float t = small / (large > 0 ? large : 1.0f);
  const bool reduce = t > 0.41421356f;  // tan(pi/8)
  t = reduce ? (t - 1.0f) / (t + 1.0f) : t;
  const float z = t * t;
  float angle = t + t * z * (-3.33329491539e-1f + z * (1.99777106478e-1f + z * (-1.38776856032e-1f + z * 8.05374449538e-2f)));
  angle = reduce ? angle + 0.785398163f : angle;
  angle = b > a ? 1.57079633f - angle : angle;
  angle = re < 0 ? kPi - angle : angle;
  return im < 0 ? -angle : angle;
}

// Real and imaginary parts of channel 0 are brought together first: what follows runs in vectors.
ATHERIA_VECTOR_CLONES
void arguments_of(const float* re, const float* im, float* out) {
  for (int i = 0; i < kTileSide; ++i) out[i] = argument(re[i], im[i]);
}

void paint_phase(const float* cells, int count, size_t channels, float* out) {
  float re[kTileSide] = {}, im[kTileSide] = {}, phase[kTileSide];
  for (int i = 0; i < count; ++i) {
    re[i] = cells[i * channels];
    im[i] = cells[i * channels + channels / 2];
  }
  arguments_of(re, im, phase);
  std::copy(phase, phase + count, out);
}

size_t floats_per_pixel(uint32_t view, size_t channels) { return view == ATH_VIEW_STATE ? channels : view == ATH_VIEW_HOLOGRAPHIC ? 3 : 1; }

// At most a tile's width of cells.
void paint_row(uint32_t view, const float* cells, int count, size_t channels, float* out) {
  const size_t d = channels / 2;
  switch (view) {
    case ATH_VIEW_STATE:
      for (int i = 0; i < count; ++i, cells += channels) {
        for (size_t c = 0; c < d; ++c) {
          *out++ = cells[c];
          *out++ = cells[d + c];
        }
      }
      break;
    case ATH_VIEW_DENSITY:
    case ATH_VIEW_ENERGY:
      paint_density(cells, count, channels, out);
      break;
    case ATH_VIEW_PHASE:
      paint_phase(cells, count, channels, out);
      break;
    case ATH_VIEW_REAL:
      for (int i = 0; i < count; ++i, cells += channels) *out++ = cells[0];
      break;
    case ATH_VIEW_IMAG:
      for (int i = 0; i < count; ++i, cells += channels) *out++ = cells[d];
      break;
    case ATH_VIEW_HOLOGRAPHIC: {
      float densities[kTileSide], phases[kTileSide];
      paint_density(cells, count, channels, densities);
      paint_phase(cells, count, channels, phases);
      for (int i = 0; i < count; ++i) {
        *out++ = std::min(1.0f, 5.0f * densities[i]);
        *out++ = (phases[i] + kPi) / (2.0f * kPi);
        *out++ = std::clamp((cells[i * channels] + 1.0f) / 2.0f, 0.0f, 1.0f);
      }
      break;
    }
    case ATH_VIEW_ACTIVE:
      break;  // does not look at states
  }
}

void paint_active(const Tile* tile, const AxisRun& x, const AxisRun& y, float* out, int64_t stride) {
  for (int row = 0; row < y.length; ++row, out += stride) {
    const uint32_t bits = tile != nullptr ? tile->active.row(y.offset + row) >> x.offset : 0;
    for (int column = 0; column < x.length; ++column) out[column] = static_cast<float>((bits >> column) & 1u);
  }
}

// Gives the cells of run pairs: where they are stored, else made in a tile of scratch.
class CellSource {
 public:
  CellSource(const Universe& universe, int64_t z)
      : universe_(universe), z_(static_cast<int32_t>(z)), zeros_(universe.tiles.tile_floats()), scratch_(universe.background.is_zero() ? 0 : zeros_.size()) {}

  const Tile* tile_at(const AxisRun& x, const AxisRun& y) const {
    if (x.tile == kOutside || y.tile == kOutside || !tile_axis_in_range(x.tile) || !tile_axis_in_range(y.tile)) return nullptr;
    const uint32_t slot = universe_.tiles.find({static_cast<int32_t>(x.tile), static_cast<int32_t>(y.tile), z_});
    return slot != kNoTile ? &universe_.tiles[slot] : nullptr;
  }

  const float* cells(const Tile* tile, const AxisRun& x, const AxisRun& y) {
    const bool stored = tile != nullptr && !tile->active.empty();
    const bool exact = universe_.background.kind() != ATH_BACKGROUND_FLUCTUATING || (stored && tile->active.is_full());
    const size_t channels = universe_.channels();
    const size_t first = static_cast<size_t>(y.offset * kTileSide + x.offset) * channels;
    if (stored && exact) return universe_.state(*tile) + first;
    if (x.tile == kOutside || y.tile == kOutside || universe_.background.is_zero()) return zeros_.data();
    universe_.background.fill(universe_.background_time(), x.tile * kTileSide + x.offset, y.tile * kTileSide + y.offset, z_, x.length, y.length,
                              scratch_.data() + first, static_cast<int64_t>(kTileSide * channels));
    if (stored) {
      tile->active.for_each_run([&](int cell, int length) {
        std::memcpy(scratch_.data() + cell * channels, universe_.state(*tile) + cell * channels, length * channels * sizeof(float));
      });
    }
    return scratch_.data() + first;
  }

 private:
  const Universe& universe_;
  int32_t z_;
  std::vector<float> zeros_, scratch_;
};

// Tiles lie far apart, and the processor cannot guess the next one: its rows are asked for while this one's are painted.
void prefetch_row(const Universe& universe, const Tile* tile, int row) {
  if (tile == nullptr || tile->active.empty()) return;
  const size_t row_floats = kTileSide * universe.channels();
  const float* cells = universe.state(*tile) + static_cast<size_t>(row) * row_floats;
  for (size_t i = 0; i < row_floats; i += 16) __builtin_prefetch(cells + i);
}

// A picture shows each cell once, so a periodic axis is cut as a bounded one. Runs outside are as long as the region, but the scratch is a tile.
void cut_region(const Axis& axis, int64_t begin, int64_t length, std::vector<AxisRun>& out_runs) {
  std::vector<AxisRun> runs;
  const bool endless = axis.kind() == ATH_DOMAIN_INFINITE;
  Axis(endless ? ATH_DOMAIN_INFINITE : ATH_DOMAIN_BOUNDED, axis.extent()).cut(begin, length, runs);
  for (AxisRun run : runs) {
    for (; run.length > kTileSide; run.at += kTileSide, run.length -= kTileSide) out_runs.push_back({run.at, kTileSide, run.tile, run.offset});
    out_runs.push_back(run);
  }
}

}  // namespace

ath_status render_view(const Universe& universe, uint32_t view, const ath_region& region, float* out_pixels) {
  if (view > ATH_VIEW_ACTIVE) {
    return ath_status_set(ATH_INVALID_ARGUMENT, "view %u does not exist: expected a value of ath_view, 0 to %d", view,
                          static_cast<int>(ATH_VIEW_ACTIVE));
  }
  const size_t channels = universe.channels();
  const size_t per_pixel = floats_per_pixel(view, channels);
  constexpr int64_t kFar = int64_t{1} << 40;  // far beyond every tile, and no sum overflows
  const bool near = region.x0 > -kFar && region.y0 > -kFar && region.x1 < kFar && region.y1 < kFar;
  const int64_t width = near ? region.x1 - region.x0 : 0, height = near ? region.y1 - region.y0 : 0;
  const double floats = static_cast<double>(width) * static_cast<double>(height) * static_cast<double>(per_pixel);
  if (width <= 0 || height <= 0 || floats > 2147483648.0 || !tile_axis_in_range(region.z)) {
    return ath_status_set(ATH_OUT_OF_RANGE,
                          "view of region x %" PRId64 "..%" PRId64 ", y %" PRId64 "..%" PRId64 ", z %" PRId64
                          ": expected x0 < x1, y0 < y1, |x|, |y| < 2^40, -2^20 <= z < 2^20 and at most 2^31 floats; choose a smaller region",
                          region.x0, region.x1, region.y0, region.y1, region.z);
  }
  std::vector<AxisRun> runs_x, runs_y;
  cut_region(universe.domain.x, region.x0, width, runs_x);
  cut_region(universe.domain.y, region.y0, height, runs_y);
  CellSource source(universe, region.z);
  const int64_t stride = width * static_cast<int64_t>(per_pixel);
  for (const AxisRun& y : runs_y) {
    const Tile* next = source.tile_at(runs_x[0], y);
    for (size_t i = 0; i < runs_x.size(); ++i) {
      const AxisRun& x = runs_x[i];
      const Tile* tile = next;
      next = i + 1 < runs_x.size() ? source.tile_at(runs_x[i + 1], y) : nullptr;
      float* out = out_pixels + y.at * stride + x.at * static_cast<int64_t>(per_pixel);
      if (view == ATH_VIEW_ACTIVE) {
        paint_active(tile, x, y, out, stride);
        continue;
      }
      const float* cells = source.cells(tile, x, y);
      for (int row = 0; row < y.length; ++row) {
        prefetch_row(universe, next, y.offset + row);
        paint_row(view, cells + row * kTileSide * channels, x.length, channels, out + row * stride);
      }
    }
  }
  return ATH_OK;
}

}  // namespace atheria::engine
