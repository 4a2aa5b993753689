// One pass over the region's tiles: cells are read where they lie, pixels written where they go.
#include "view.hpp"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <vector>

namespace atheria::engine {
namespace {

using Lanes = float __attribute__((vector_size(16)));

constexpr float kPi = 3.14159265f;

float density(const float* cell, size_t channels) {
  if (channels % 4 != 0) {
    float sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += cell[c] * cell[c];
    return sum;
  }
  Lanes sum = {};
  for (size_t c = 0; c < channels; c += 4) {
    Lanes v;
    std::memcpy(&v, cell + c, sizeof v);
    sum += v * v;
  }
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

// atan2 without a call: within 3e-7 of libm's, and the same bits everywhere. 0 for the zero state.
float argument(float re, float im) {
  const float a = std::fabs(re), b = std::fabs(im);
  const float large = a > b ? a : b, small = a > b ? b : a;
  float t = large > 0 ? small / large : 0.0f;
  const bool reduce = t > 0.41421356f;  // tan(pi/8)
  t = reduce ? (t - 1.0f) / (t + 1.0f) : t;
  const float z = t * t;
  float angle = t + t * z * (-3.33329491539e-1f + z * (1.99777106478e-1f + z * (-1.38776856032e-1f + z * 8.05374449538e-2f)));
  angle = reduce ? angle + 0.785398163f : angle;
  angle = b > a ? 1.57079633f - angle : angle;
  angle = re < 0 ? kPi - angle : angle;
  return im < 0 ? -angle : angle;
}

size_t floats_per_pixel(ath_view view, size_t channels) { return view == ATH_VIEW_STATE ? channels : view == ATH_VIEW_HOLOGRAPHIC ? 3 : 1; }

void paint_row(ath_view view, const float* cells, int count, size_t channels, float* out) {
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
      for (int i = 0; i < count; ++i, cells += channels) *out++ = density(cells, channels);
      break;
    case ATH_VIEW_PHASE:
      for (int i = 0; i < count; ++i, cells += channels) *out++ = argument(cells[0], cells[d]);
      break;
    case ATH_VIEW_REAL:
      for (int i = 0; i < count; ++i, cells += channels) *out++ = cells[0];
      break;
    case ATH_VIEW_IMAG:
      for (int i = 0; i < count; ++i, cells += channels) *out++ = cells[d];
      break;
    case ATH_VIEW_HOLOGRAPHIC:
      for (int i = 0; i < count; ++i, cells += channels) {
        *out++ = std::min(1.0f, 5.0f * density(cells, channels));
        *out++ = (argument(cells[0], cells[d]) + kPi) / (2.0f * kPi);
        *out++ = std::clamp((cells[0] + 1.0f) / 2.0f, 0.0f, 1.0f);
      }
      break;
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

// The cells of a run pair: where they are stored, else made in `scratch` (a whole tile).
const float* cells_of(const Universe& universe, const Tile* tile, const AxisRun& x, const AxisRun& y, int64_t z, std::vector<float>& scratch) {
  const size_t channels = universe.channels();
  const bool stored = tile != nullptr && !tile->active.empty();
  const bool exact = universe.background.kind() != ATH_BACKGROUND_FLUCTUATING || (stored && tile->active.is_full());
  if (stored && exact) return universe.state(*tile) + (y.offset * kTileSide + x.offset) * channels;
  const bool outside = x.tile == kOutside || y.tile == kOutside;
  if (outside || universe.background.is_zero()) {
    std::memset(scratch.data(), 0, scratch.size() * sizeof(float));
    return scratch.data();
  }
  float* first = scratch.data() + (y.offset * kTileSide + x.offset) * channels;
  universe.background.fill(universe.background_time(), x.tile * kTileSide + x.offset, y.tile * kTileSide + y.offset, z, x.length, y.length, first,
                           static_cast<int64_t>(kTileSide * channels));
  if (stored) {
    tile->active.for_each_run([&](int cell, int length) {
      std::memcpy(scratch.data() + cell * channels, universe.state(*tile) + cell * channels, length * channels * sizeof(float));
    });
  }
  return first;
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

ath_status render_view(const Universe& universe, ath_view view, const ath_region& region, float* out_pixels) {
  if (view < ATH_VIEW_STATE || view > ATH_VIEW_ACTIVE) {
    return ath_status_set(ATH_INVALID_ARGUMENT, "view %d does not exist: expected a value of ath_view, 0 to %d", static_cast<int>(view),
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
  std::vector<float> scratch(universe.tiles.tile_floats());
  std::vector<AxisRun> runs_x, runs_y;
  cut_region(universe.domain.x, region.x0, width, runs_x);
  cut_region(universe.domain.y, region.y0, height, runs_y);
  const int64_t stride = width * static_cast<int64_t>(per_pixel);
  for (const AxisRun& y : runs_y) {
    for (const AxisRun& x : runs_x) {
      const Tile* tile = nullptr;
      if (x.tile != kOutside && y.tile != kOutside && tile_axis_in_range(x.tile) && tile_axis_in_range(y.tile)) {
        const uint32_t slot = universe.tiles.find({static_cast<int32_t>(x.tile), static_cast<int32_t>(y.tile), static_cast<int32_t>(region.z)});
        if (slot != kNoTile) tile = &universe.tiles[slot];
      }
      float* out = out_pixels + y.at * stride + x.at * static_cast<int64_t>(per_pixel);
      if (view == ATH_VIEW_ACTIVE) {
        paint_active(tile, x, y, out, stride);
        continue;
      }
      const float* cells = cells_of(universe, tile, x, y, region.z, scratch);
      for (int row = 0; row < y.length; ++row) paint_row(view, cells + row * kTileSide * channels, x.length, channels, out + row * stride);
    }
  }
  return ATH_OK;
}

}  // namespace atheria::engine
