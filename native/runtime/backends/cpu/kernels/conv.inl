// Direct convolution, channels-last: output channels in vector lanes, a run of output pixels in registers, input by
// broadcasts. Each output is one chain of multiply-adds over kh, then cin, then kw.
//
// The order cin before kw lets a 3-wide stride-1 kernel load an input value once and use it for three pixels, which
// takes the load ports out of the way when a single vector holds all output channels.
#pragma once

#include "gemm.inl"

namespace atheria::kernels {
namespace {

#if defined(__AVX512F__)
constexpr int kRun1 = 16;  // pixels of one vector, 3-wide kernel: 16 sums + 3 weights + broadcasts
constexpr int kRun2 = 12;  // pixels of two vectors: 24 + 6 + broadcasts
constexpr int kRun = 8;    // pixels, any other kernel: 8 x 2 chains hide the latency, more would only be more code
#else
constexpr int kRun = kTileRows;
#endif

struct ConvTile {
  int64_t kernel_h, kernel_w, cin;
  const float* in;
  int64_t in_row;    // floats between kernel rows
  int64_t in_tap;    // floats between kernel columns
  int64_t in_pixel;  // floats between output pixels' inputs
  const float* weights;  // [kernel_h][cin][kernel_w][NV*kLanes]
  float* out;
  int64_t out_pixel;
  int64_t columns;
  const Epilogue* epilogue;
  const float* bias;
  const float* residual;
};

template <int P, int NV>
ATH_NOINLINE void conv_tile(const ConvTile& t) {
  VecF sum[P][NV];
  ATH_UNROLL for (int i = 0; i < P; ++i) {
    ATH_UNROLL for (int v = 0; v < NV; ++v) sum[i][v] = zero();
  }
  const int64_t step = t.in_pixel * 4;
  const float* w = t.weights;
  constexpr int kGroups = (P + 2) / 3;
  for (int64_t kh = 0; kh < t.kernel_h; ++kh) {
    const char* channel = reinterpret_cast<const char*>(t.in + kh * t.in_row);
    for (int64_t c = 0; c < t.cin; ++c, channel += 4) {
      const char* tap = channel;
      for (int64_t kw = 0; kw < t.kernel_w; ++kw, tap += t.in_tap * 4) {
        VecF weight[NV];
        ATH_UNROLL for (int v = 0; v < NV; ++v) weight[v] = load(w + v * kLanes);
        w += NV * kLanes;
        const char* group[kGroups];
        ATH_UNROLL for (int g = 0; g < kGroups; ++g) group[g] = tap + step * (3 * g);
        ATH_UNROLL for (int i = 0; i < P; ++i) {
          const VecF x = splat(*reinterpret_cast<const float*>(group[i / 3] + step * (i % 3)));
          ATH_UNROLL for (int v = 0; v < NV; ++v) sum[i][v] = fma(x, weight[v], sum[i][v]);
        }
      }
    }
  }
  finish_tile<P, NV>(sum, t.out, t.out_pixel, t.columns - (NV - 1) * kLanes, t.epilogue, t.bias, t.residual);
}

#if defined(__AVX512F__)
// kernel_w == 3, stride 1, dilation 1: input pixel q feeds sums q, q-1, q-2.
template <int P, int NV>
ATH_NOINLINE void conv3_tile(const ConvTile& t) {
  VecF sum[P][NV];
  ATH_UNROLL for (int i = 0; i < P; ++i) {
    ATH_UNROLL for (int v = 0; v < NV; ++v) sum[i][v] = zero();
  }
  const int64_t step = t.in_pixel * 4;
  const float* w = t.weights;
  constexpr int kGroups = (P + 4) / 3;
  for (int64_t kh = 0; kh < t.kernel_h; ++kh) {
    const char* group[kGroups];
    ATH_UNROLL for (int g = 0; g < kGroups; ++g) {
      group[g] = reinterpret_cast<const char*>(t.in + kh * t.in_row) + step * (3 * g);
    }
    for (int64_t c = 0; c < t.cin; ++c) {
      VecF weight[3][NV];
      ATH_UNROLL for (int kw = 0; kw < 3; ++kw) {
        ATH_UNROLL for (int v = 0; v < NV; ++v) weight[kw][v] = load(w + (kw * NV + v) * kLanes);
      }
      w += 3 * NV * kLanes;
      ATH_UNROLL for (int q = 0; q < P + 2; ++q) {
        const VecF x = splat(*reinterpret_cast<const float*>(group[q / 3] + step * (q % 3)));
        ATH_UNROLL for (int kw = 2; kw >= 0; --kw) {
          if (q - kw >= 0 && q - kw < P) {
            ATH_UNROLL for (int v = 0; v < NV; ++v) sum[q - kw][v] = fma(x, weight[kw][v], sum[q - kw][v]);
          }
        }
      }
      ATH_UNROLL for (int g = 0; g < kGroups; ++g) group[g] += 4;
    }
  }
  finish_tile<P, NV>(sum, t.out, t.out_pixel, t.columns - (NV - 1) * kLanes, t.epilogue, t.bias, t.residual);
}
#endif

using ConvTileFunction = void (*)(const ConvTile&);

#define ATH_CONV_1(PIXELS) &conv_tile<PIXELS, 1>
#define ATH_CONV_2(PIXELS) &conv_tile<PIXELS, 2>
const ConvTileFunction kConvTiles[2][19] = {ATH_SIZES(ATH_CONV_1, kRun), ATH_SIZES(ATH_CONV_2, kRun)};
#if defined(__AVX512F__)
#define ATH_CONV3_1(PIXELS) &conv3_tile<PIXELS, 1>
#define ATH_CONV3_2(PIXELS) &conv3_tile<PIXELS, 2>
const ConvTileFunction kConv3Tiles[2][19] = {ATH_SIZES(ATH_CONV3_1, kRun1), ATH_SIZES(ATH_CONV3_2, kRun2)};
#endif

int64_t pack_conv_floats(int64_t kernel_h, int64_t kernel_w, int64_t cin, int64_t cout, int64_t groups) {
  return groups * pack_b_floats(kernel_h * kernel_w * (cin / groups), cout / groups);
}

// Per group, per panel of output channels: [kernel_h][cin][kernel_w][panel width].
void pack_conv(int64_t kernel_h, int64_t kernel_w, int64_t cin, int64_t cout, int64_t groups, const float* weights,
               float* out_packed) {
  const int64_t group_in = cin / groups, group_out = cout / groups;
  const int64_t taps = kernel_h * kernel_w * group_in;
  for (int64_t group = 0; group < groups; ++group) {
    float* base = out_packed + group * pack_b_floats(taps, group_out);
    for (int64_t column = 0; column < group_out; column += kPanel) {
      const int64_t valid = min_of(kPanel, group_out - column);
      const int64_t width = valid > kLanes ? kPanel : kLanes;
      float* to = base + column * taps;
      for (int64_t kh = 0; kh < kernel_h; ++kh) {
        for (int64_t c = 0; c < group_in; ++c) {
          for (int64_t kw = 0; kw < kernel_w; ++kw, to += width) {
            const float* from = weights + ((kh * kernel_w + kw) * group_in + c) * cout + group * group_out + column;
            for (int64_t j = 0; j < width; ++j) to[j] = j < valid ? from[j] : 0.0f;
          }
        }
      }
    }
  }
}

void conv(const ConvCall* call) {
  const ConvCall& s = *call;
  const int64_t group_in = s.cin / s.groups, group_out = s.cout / s.groups;
  const int64_t taps = s.kernel_h * s.kernel_w * group_in;
  const bool pointwise = s.kernel_h == 1 && s.kernel_w == 1;
  const bool three_wide = s.kernel_w == 3 && s.stride_w == 1 && s.dilation_w == 1;
  for (int64_t group = 0; group < s.groups; ++group) {
    const float* weights = s.weights + group * pack_b_floats(taps, group_out);
    for (int64_t column = 0; column < group_out; column += kPanel) {
      const int64_t columns = min_of(kPanel, group_out - column);
      const int64_t vectors = columns > kLanes ? 2 : 1;
      const int64_t channel = group * group_out + column;
      ConvTile tile{};
      tile.kernel_h = s.kernel_h;
      tile.kernel_w = s.kernel_w;
      tile.cin = group_in;
      tile.in_row = s.dilation_h * s.in_row;
      tile.in_tap = s.dilation_w * s.in_pixel;
      tile.in_pixel = s.stride_w * s.in_pixel;
      tile.weights = weights + column * taps;
      tile.out_pixel = s.out_pixel;
      tile.columns = columns;
      tile.epilogue = &s.epilogue;
      tile.bias = s.epilogue.bias ? s.epilogue.bias + channel : nullptr;
      int64_t run = pointwise ? kTileRows : kRun;
#if defined(__AVX512F__)
      if (three_wide) run = vectors == 2 ? kRun2 : kRun1;
#endif
      const int64_t tiles = (s.out_w + run - 1) / run;
      for (int64_t image = 0; image < s.images; ++image) {
        for (int64_t y = 0; y < s.out_h; ++y) {
          const float* in = s.in + image * s.in_image + y * s.stride_h * s.in_row + group * group_in;
          float* out = s.out + image * s.out_image + y * s.out_row + channel;
          const float* residual = s.epilogue.residual
                                      ? s.epilogue.residual + image * s.residual_image + y * s.residual_row + channel
                                      : nullptr;
          int64_t x = 0;
          for (int64_t i = 0; i < tiles; ++i) {
            const int64_t count = (s.out_w - x + (tiles - i) - 1) / (tiles - i);
            if (pointwise) {
              GemmTile g{};
              g.k = group_in;
              g.a = in + x * tile.in_pixel;
              g.lda = tile.in_pixel;
              g.b = tile.weights;
              g.ldb = vectors * kLanes;
              g.c = out + x * s.out_pixel;
              g.ldc = s.out_pixel;
              g.columns = columns;
              g.epilogue = &s.epilogue;
              g.bias = tile.bias;
              g.residual = residual ? residual + x * s.epilogue.residual_ld : nullptr;
              kGemmTiles[vectors - 1][count](g);
              x += count;
              continue;
            }
            tile.in = in + x * tile.in_pixel;
            tile.out = out + x * s.out_pixel;
            tile.residual = residual ? residual + x * s.epilogue.residual_ld : nullptr;
#if defined(__AVX512F__)
            if (three_wide) {
              kConv3Tiles[vectors - 1][count](tile);
              x += count;
              continue;
            }
#endif
            kConvTiles[vectors - 1][count](tile);
            x += count;
          }
        }
      }
    }
  }
  (void)three_wide;
}

}  // namespace
}  // namespace atheria::kernels
