// Kernels along the last axis: softmax, sums, layer and rms norm. Sums run in 16 lanes (element i in lane i mod 16),
// folded by halves, on every level.
#pragma once

#include "math.hpp"
#include "stream.hpp"

namespace atheria::kernels {
namespace {

// acc[lane] (+) f(x[i]) over a row; a lane beyond n contributes f(fill).
template <class F, class G>
ATH_INLINE Lanes16 accumulate16(int64_t n, const float* x, float start, float fill, F f, G combine) {
  Lanes16 acc = splat16(start);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) acc = map16(acc, map16(load16(x + i), f), combine);
  if (i < n) acc = map16(acc, map16(load16_first_or(x + i, n - i, fill), f), combine);
  return acc;
}

ATH_INLINE float row_max(int64_t n, const float* x) {
  // Four independent chains: a maximum does not depend on its order.
  VecF acc[4];
  ATH_UNROLL for (int u = 0; u < 4; ++u) acc[u] = splat(-__builtin_inff());
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    ATH_UNROLL for (int u = 0; u < 4; ++u) acc[u] = max(acc[u], load(x + i + u * kLanes));
  }
  Lanes16 all = splat16(-__builtin_inff());
  ATH_UNROLL for (int u = 0; u < 4; ++u) all.part[u % kParts] = max(all.part[u % kParts], acc[u]);
  for (; i < n; i += kLanes) {
    all.part[0] = max(all.part[0], load_first_or(x + i, n - i, -__builtin_inff()));
  }
  return max16(all);
}

// scale * max(x) for scale > 0; otherwise the smallest x gives the largest scale * x.
ATH_INLINE float scaled_max(int64_t n, float scale, const float* x) {
  if (scale > 0.0f) return row_max(n, x) * scale;
  float top = -__builtin_inff();
  for (int64_t i = 0; i < n; ++i) top = x[i] * scale > top ? x[i] * scale : top;
  return top;
}

// exp(scale * x - top) into out; returns the sum. Asks for the row `ahead` floats on: this stage leaves memory idle.
ATH_INLINE float exp_row(int64_t n, float scale, float top, const float* x, int64_t ahead, float* out) {
  const VecF s = splat(scale), m = splat(-top);
  const auto shifted = [s, m](VecF v) { return exp_bounded(fma(v, s, m)); };
  Lanes16 acc = splat16(0.0f);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __builtin_prefetch(x + i + ahead);
    const Lanes16 e = map16(load16(x + i), shifted);
    store16(out + i, e);
    acc = map16(acc, e, AddOp{});
  }
  if (i < n) {
    store16_first(out + i, map16(load16_first_or(x + i, n - i, 0.0f), shifted), n - i);
    // Read back so that lanes beyond n add 0.
    acc = map16(acc, load16_first_or(out + i, n - i, 0.0f), AddOp{});
  }
  return sum16(acc);
}

ATH_INLINE void scale_row(int64_t n, float factor, const float* from, float* out) {
  const VecF f = splat(factor);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, load(from + i) * f);
  if (i < n) store_first(out + i, load_first(from + i, n - i) * f, n - i);
}
ATH_INLINE void scale_row_stream(int64_t n, float factor, const float* from, float* out) {
  const VecF f = splat(factor);
  for (int64_t i = 0; i < n; i += kLanes) store_stream(out + i, load(from + i) * f);
}

void softmax(int64_t rows, int64_t n, float scale, const float* x, int64_t ldx, float* out, int64_t ldo) {
  // Each stage runs over a group of rows: within one row the stages wait for each other, rows do not.
  constexpr int64_t kGroup = 16, kBlock = 4096;
  const int64_t group = n > kBlock / kGroup ? 1 + kBlock / 4 / n : kGroup;
  const bool stream = rows * n >= kStreamFloats && n <= kBlock && n % 16 == 0 && ldo % 16 == 0 &&
                      reinterpret_cast<uintptr_t>(out) % 64 == 0;
  alignas(64) float block[kBlock];
  float top[kGroup], sum[kGroup];
  for (int64_t first = 0; first < rows; first += group) {
    const int64_t count = min_of(group, rows - first);
    const float* in = x + first * ldx;
    float* to = stream ? block : out + first * ldo;
    const int64_t ldt = stream ? n : ldo;
    for (int64_t r = 0; r < count; ++r) top[r] = scaled_max(n, scale, in + r * ldx);
    for (int64_t r = 0; r < count; ++r) sum[r] = exp_row(n, scale, top[r], in + r * ldx, group * ldx, to + r * ldt);
    for (int64_t r = 0; r < count; ++r) {
      float* result = out + (first + r) * ldo;
      if (stream) {
        scale_row_stream(n, 1.0f / sum[r], to + r * ldt, result);
      } else {
        scale_row(n, 1.0f / sum[r], to + r * ldt, result);
      }
    }
  }
  if (stream) stream_fence();
}

void row_reduce(RowSum op, int64_t rows, int64_t n, const float* x, int64_t ldx, float* out) {
  for (int64_t r = 0; r < rows; ++r, x += ldx) {
    switch (op) {
      case RowSum::sum:
        out[r] = sum16(accumulate16(n, x, 0.0f, 0.0f, [](VecF v) { return v; }, AddOp{}));
        break;
      case RowSum::sum_squares:
        out[r] = sum16(accumulate16(n, x, 0.0f, 0.0f, [](VecF v) { return v * v; }, AddOp{}));
        break;
      case RowSum::max: out[r] = row_max(n, x); break;
    }
  }
}

template <bool HasBias>
ATH_INLINE void normalise_row(int64_t n, const float* x, float mean, float inverse, const float* weight,
                              const float* bias, float* out) {
  const VecF m = splat(mean), s = splat(inverse);
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t left = min_of(kLanes, n - i);
    VecF v = (load_first(x + i, left) - m) * s;
    if (weight) v = v * load_first(weight + i, left);
    if (HasBias && bias) v = v + load_first(bias + i, left);
    store_first(out + i, v, left);
  }
}

void layer_norm(int64_t rows, int64_t n, float epsilon, const float* x, int64_t ldx, const float* weight,
                const float* bias, float* out, int64_t ldo) {
  for (int64_t r = 0; r < rows; ++r, x += ldx, out += ldo) {
    const float count = static_cast<float>(n);
    const float mean = sum16(accumulate16(n, x, 0.0f, 0.0f, [](VecF v) { return v; }, AddOp{})) / count;
    const VecF m = splat(mean);
    const auto squares = [m](VecF v) { return (v - m) * (v - m); };
    const float variance = sum16(accumulate16(n, x, 0.0f, mean, squares, AddOp{})) / count;
    normalise_row<true>(n, x, mean, 1.0f / __builtin_sqrtf(variance + epsilon), weight, bias, out);
  }
}

void rms_norm(int64_t rows, int64_t n, float epsilon, const float* x, int64_t ldx, const float* weight, float* out,
              int64_t ldo) {
  for (int64_t r = 0; r < rows; ++r, x += ldx, out += ldo) {
    const float squares = sum16(accumulate16(n, x, 0.0f, 0.0f, [](VecF v) { return v * v; }, AddOp{}));
    const float mean = squares / static_cast<float>(n);
    normalise_row<false>(n, x, 0.0f, 1.0f / __builtin_sqrtf(mean + epsilon), weight, nullptr, out);
  }
}

}  // namespace
}  // namespace atheria::kernels
