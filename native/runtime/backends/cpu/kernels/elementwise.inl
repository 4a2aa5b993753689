// Elementwise kernels: unary, binary with a vector, a scalar or a row, complex product of (Re half, Im half) cells.
// Multiplications and additions round separately, so every level gives the same bits and so does numpy.
#pragma once

#include "math.hpp"
#include "stream.hpp"

namespace atheria::kernels {
namespace {

// Unroll is for operations cheaper than the loop around them.
template <int Unroll, class F>
ATH_INLINE void map_range(int64_t n, const float* x, float* out, F f) {
  int64_t i = 0;
  for (; i + Unroll * kLanes <= n; i += Unroll * kLanes) {
    ATH_UNROLL for (int u = 0; u < Unroll; ++u) store(out + i + u * kLanes, f(load(x + i + u * kLanes)));
  }
  for (; i < n; i += kLanes) {
    const int64_t left = min_of(kLanes, n - i);
    store_first(out + i, f(load_first(x + i, left)), left);
  }
}

template <class F>
ATH_INLINE void zip_range(int64_t n, const float* a, const float* b, float* out, F f) {
  int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    ATH_UNROLL for (int u = 0; u < 2; ++u) {
      store(out + i + u * kLanes, f(load(a + i + u * kLanes), load(b + i + u * kLanes)));
    }
  }
  for (; i < n; i += kLanes) {
    const int64_t left = min_of(kLanes, n - i);
    store_first(out + i, f(load_first(a + i, left), load_first(b + i, left)), left);
  }
}

ATH_NOINLINE void unary_range(Unary op, int64_t n, float alpha, const float* x, float* out) {
  const VecF a = splat(alpha);
  switch (op) {
    case Unary::relu: map_range<4>(n, x, out, [](VecF v) { return relu(v); }); break;
    case Unary::elu: map_range<1>(n, x, out, [a](VecF v) { return elu(v, a); }); break;
    case Unary::sigmoid: map_range<1>(n, x, out, [](VecF v) { return sigmoid(v); }); break;
    case Unary::tanh: map_range<1>(n, x, out, [](VecF v) { return tanh(v); }); break;
    case Unary::gelu: map_range<1>(n, x, out, [](VecF v) { return gelu(v); }); break;
    case Unary::gelu_tanh: map_range<1>(n, x, out, [](VecF v) { return gelu_tanh(v); }); break;
    case Unary::silu: map_range<1>(n, x, out, [](VecF v) { return silu(v); }); break;
    case Unary::exp: map_range<1>(n, x, out, [](VecF v) { return exp(v); }); break;
    case Unary::neg: map_range<4>(n, x, out, [](VecF v) { return -v; }); break;
    case Unary::abs: map_range<4>(n, x, out, [](VecF v) { return abs(v); }); break;
    case Unary::square: map_range<4>(n, x, out, [](VecF v) { return v * v; }); break;
    case Unary::sqrt: map_range<1>(n, x, out, [](VecF v) { return sqrt(v); }); break;
    case Unary::reciprocal: map_range<1>(n, x, out, [](VecF v) { return splat(1.0f) / v; }); break;
    case Unary::scale: map_range<4>(n, x, out, [a](VecF v) { return a * v; }); break;
    case Unary::offset: map_range<4>(n, x, out, [a](VecF v) { return v + a; }); break;
  }
}

void unary(Unary op, int64_t n, float alpha, const float* x, float* out) {
  in_blocks(n, out, [=](int64_t first, int64_t count, float* to) { unary_range(op, count, alpha, x + first, to); });
}

// A NaN in either operand gives NaN, as in numpy.
ATH_INLINE VecF max_nan(VecF a, VecF b) { return select(a == a, max(a, b), a); }
ATH_INLINE VecF min_nan(VecF a, VecF b) { return select(a == a, min(a, b), a); }

ATH_NOINLINE void binary_range(Binary op, int64_t n, const float* a, const float* b, float* out) {
  switch (op) {
    case Binary::add: zip_range(n, a, b, out, [](VecF p, VecF q) { return p + q; }); break;
    case Binary::sub: zip_range(n, a, b, out, [](VecF p, VecF q) { return p - q; }); break;
    case Binary::mul: zip_range(n, a, b, out, [](VecF p, VecF q) { return p * q; }); break;
    case Binary::div: zip_range(n, a, b, out, [](VecF p, VecF q) { return p / q; }); break;
    case Binary::max: zip_range(n, a, b, out, [](VecF p, VecF q) { return max_nan(p, q); }); break;
    case Binary::min: zip_range(n, a, b, out, [](VecF p, VecF q) { return min_nan(p, q); }); break;
  }
}

ATH_NOINLINE void scalar_range(Binary op, int64_t n, const float* a, float b, float* out) {
  const VecF q = splat(b);
  switch (op) {
    case Binary::add: map_range<4>(n, a, out, [q](VecF p) { return p + q; }); break;
    case Binary::sub: map_range<4>(n, a, out, [q](VecF p) { return p - q; }); break;
    case Binary::mul: map_range<4>(n, a, out, [q](VecF p) { return p * q; }); break;
    case Binary::div: map_range<1>(n, a, out, [q](VecF p) { return p / q; }); break;
    case Binary::max: map_range<1>(n, a, out, [q](VecF p) { return max_nan(p, q); }); break;
    case Binary::min: map_range<1>(n, a, out, [q](VecF p) { return min_nan(p, q); }); break;
  }
}

void binary(Binary op, int64_t n, const float* a, const float* b, float* out) {
  in_blocks(n, out, [=](int64_t first, int64_t count, float* to) { binary_range(op, count, a + first, b + first, to); });
}

void binary_scalar(Binary op, int64_t n, const float* a, float b, float* out) {
  in_blocks(n, out, [=](int64_t first, int64_t count, float* to) { scalar_range(op, count, a + first, b, to); });
}

void binary_row(Binary op, int64_t rows, int64_t n, const float* a, int64_t lda, const float* b, float* out,
                int64_t ldo) {
  for (int64_t r = 0; r < rows; ++r) binary_range(op, n, a + r * lda, b, out + r * ldo);
}

#if defined(__AVX512F__)
// A cell of d = 8 in one register, [re im] each: the product of a and b.
ATH_INLINE VecF complex_product(VecF a, VecF b) {
  // [ar ar] * [br bi] and [ai ai] * [bi br]: their difference is the real half, their sum the imaginary one.
  const VecF straight = VecF(_mm512_shuffle_f32x4(a, a, 0x44)) * b;
  const VecF crossed = VecF(_mm512_shuffle_f32x4(a, a, 0xee)) * VecF(_mm512_shuffle_f32x4(b, b, 0x4e));
  return _mm512_mask_sub_ps(straight + crossed, 0x00ff, straight, crossed);
}
#endif

void complex_mul(int64_t cells, int64_t d, const float* a, int64_t lda, const float* b, int64_t ldb, float* out,
                 int64_t ldo) {
#if defined(__AVX512F__)
  if (d == 8 && lda == 16 && ldb == 16 && ldo == 16 && reinterpret_cast<uintptr_t>(out) % 64 == 0) {
    in_blocks(cells * 16, out, [=](int64_t first, int64_t count, float* to) {
      zip_range(count, a + first, b + first, to, [](VecF p, VecF q) { return complex_product(p, q); });
    });
    return;
  }
#endif
  for (int64_t i = 0; i < cells; ++i, a += lda, b += ldb, out += ldo) {
    for (int64_t c = 0; c < d; c += kLanes) {
      const int64_t left = min_of(kLanes, d - c);
      const VecF ar = load_first(a + c, left), ai = load_first(a + d + c, left);
      const VecF br = load_first(b + c, left), bi = load_first(b + d + c, left);
      store_first(out + c, ar * br - ai * bi, left);
      store_first(out + d + c, ar * bi + ai * br, left);
    }
  }
}

}  // namespace
}  // namespace atheria::kernels
