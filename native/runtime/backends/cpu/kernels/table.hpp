// The function table every instruction-set level exports: f32 math on raw pointers, channels-last.
//
// Rules shared by all entries
// - Sizes and strides count floats, never bytes. Pointers need no alignment; 64 bytes is fastest.
// - Inputs may alias outputs only where an entry says "in place".
// - A sum has one order that depends on nothing but its own length: gemm and convolution run one chain of
//   multiply-adds per output element from 0 (k ascending; kh, then cin, then kw), row sums use 16 fixed lanes folded
//   by halves. So any split over rows, columns, pixels or batch gives the same bits, and levels with FMA agree with
//   each other bit for bit.
// - Nothing allocates, throws, locks or keeps state; threads call on disjoint output ranges.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace atheria::kernels {

enum class Activation : int32_t { none, relu, elu, sigmoid, tanh, gelu, gelu_tanh, silu };

enum class Unary : int32_t {
  relu,
  elu,        // alpha = scale of the negative side
  sigmoid,
  tanh,
  gelu,       // x * Phi(x), by erfc
  gelu_tanh,  // the tanh form
  silu,
  exp,
  neg,
  abs,
  square,
  sqrt,
  reciprocal,
  scale,      // alpha * x
  offset,     // x + alpha
};

enum class Binary : int32_t { add, sub, mul, div, max, min };

enum class RowSum : int32_t { sum, sum_squares, max };

// What happens to a finished sum before it is stored: + bias, + residual, activation, in this order.
struct Epilogue {
  const float* bias = nullptr;      // [columns] or null
  const float* residual = nullptr;  // same shape as the output, or null; may be the output itself
  int64_t residual_ld = 0;          // gemm: floats between rows. Convolution: floats between pixels
  Activation activation = Activation::none;
  float alpha = 1.0f;               // elu only
};

// C[m,n] (+)= A[m,k] B[k,n]. `b` is row-major with ldb > 0, or packed (pack_b) with ldb = 0.
// Columns [n_begin, n_end) of the packed B are computed; n_begin is a multiple of panel_columns. `c`, `bias` and
// `residual` always point at column 0. Rows are split by moving a, c and residual.
struct GemmCall {
  int64_t m = 0, n = 0, k = 0;
  int64_t n_begin = 0, n_end = 0;
  const float* a = nullptr;
  int64_t lda = 0;
  const float* b = nullptr;
  int64_t ldb = 0;
  float* c = nullptr;
  int64_t ldc = 0;
  bool accumulate = false;  // start each chain from C instead of 0
  Epilogue epilogue;
};

// 'Valid' convolution: out_h x out_w pixels are produced, the caller provides (padded) input for all of them.
// in[b,y,x,c] at in + b*in_image + y*in_row + x*in_pixel + c; the same for out. Weights packed by pack_conv.
// Splits: over images, over rows and over pixels by moving in, out and residual; over groups by the caller's loop.
struct ConvCall {
  int64_t images = 0, out_h = 0, out_w = 0;
  int64_t kernel_h = 0, kernel_w = 0;
  int64_t stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int64_t cin = 0, cout = 0, groups = 1;  // cin and cout count all groups
  const float* in = nullptr;
  int64_t in_image = 0, in_row = 0, in_pixel = 0;
  const float* weights = nullptr;
  float* out = nullptr;
  int64_t out_image = 0, out_row = 0, out_pixel = 0;
  Epilogue epilogue;                      // residual_ld: floats between residual pixels
  int64_t residual_image = 0, residual_row = 0;
};

enum class Activity : int32_t {
  none,
  background,  // max over complex channels of |s - background|
  delta,       // max over complex channels of |Delta|, after product and decay
};

// One step of the law's state, per cell of 2 d floats, Re half then Im half:
//   Delta := Delta * psi (complex, if product);  Delta := Delta - gamma psi;  s := psi + Delta;
//   psi' = s / (sqrt(sum |s|^2) + 1e-9)   (psi' = s if !normalize)
// `out` may be `psi` or `delta` (in place).
struct LawUpdateCall {
  int64_t cells = 0, d = 0;
  const float* psi = nullptr;
  int64_t psi_ld = 0;
  const float* delta = nullptr;
  int64_t delta_ld = 0;
  float* out = nullptr;
  int64_t out_ld = 0;
  bool product = false, normalize = true;
  float gamma = 0.0f;
  Activity activity = Activity::none;
  const float* background = nullptr;  // null: zero
  int64_t background_ld = 0;          // 0: one cell's background for all
  float* out_activity = nullptr;      // [cells], when activity is not none
};

struct KernelTable {
  const char* name;  // "baseline", "avx2", "avx512", "neon"
  int32_t lanes;     // floats in a vector register
  int32_t has_fma;   // 1: multiply-adds round once
  int32_t panel_columns;  // column granularity of packed B

  // Floats needed for packed B[k,n]; a whole number of cache lines.
  int64_t (*pack_b_floats)(int64_t k, int64_t n);
  // Packs columns [n_begin, n_end) (n_begin a multiple of panel_columns) of B, or of B^T when transposed:
  // element (k,n) is b[k*ldb + n], transposed b[n*ldb + k].
  void (*pack_b)(int64_t k, int64_t n, int64_t n_begin, int64_t n_end, const float* b, int64_t ldb, bool transposed,
                 float* out_packed);
  void (*gemm)(const GemmCall* call);

  // Weights [kernel_h, kernel_w, cin / groups, cout].
  int64_t (*pack_conv_floats)(int64_t kernel_h, int64_t kernel_w, int64_t cin, int64_t cout, int64_t groups);
  void (*pack_conv)(int64_t kernel_h, int64_t kernel_w, int64_t cin, int64_t cout, int64_t groups,
                    const float* weights, float* out_packed);
  void (*conv)(const ConvCall* call);

  void (*unary)(Unary op, int64_t n, float alpha, const float* x, float* out);               // in place allowed
  void (*binary)(Binary op, int64_t n, const float* a, const float* b, float* out);          // in place allowed
  void (*binary_scalar)(Binary op, int64_t n, const float* a, float b, float* out);          // in place allowed
  // out[r,c] = a[r,c] op b[c]; rows are `ld` apart in a and out. In place allowed.
  void (*binary_row)(Binary op, int64_t rows, int64_t n, const float* a, int64_t lda, const float* b, float* out,
                     int64_t ldo);
  // Per cell of 2 d floats (Re half, Im half): out = a * b. In place allowed.
  void (*complex_mul)(int64_t cells, int64_t d, const float* a, int64_t lda, const float* b, int64_t ldb, float* out,
                      int64_t ldo);
  // softmax(scale * x) over n, per row. In place allowed.
  void (*softmax)(int64_t rows, int64_t n, float scale, const float* x, int64_t ldx, float* out, int64_t ldo);
  void (*row_reduce)(RowSum op, int64_t rows, int64_t n, const float* x, int64_t ldx, float* out);
  // out = (x - mean) / sqrt(var + epsilon) * weight + bias over n, per row; weight and bias may be null.
  void (*layer_norm)(int64_t rows, int64_t n, float epsilon, const float* x, int64_t ldx, const float* weight,
                     const float* bias, float* out, int64_t ldo);
  // out = x / sqrt(mean(x^2) + epsilon) * weight over n, per row; weight may be null.
  void (*rms_norm)(int64_t rows, int64_t n, float epsilon, const float* x, int64_t ldx, const float* weight,
                   float* out, int64_t ldo);
  void (*law_update)(const LawUpdateCall* call);
};

// A level's table, or null when this build has none for the target. The caller checks the CPU before any call.
const KernelTable* baseline_table();  // SSE2 on x86-64, NEON on AArch64, plain vectors elsewhere
const KernelTable* avx2_table();      // needs AVX2, FMA
const KernelTable* avx512_table();    // needs AVX-512 F, DQ, BW, VL

}  // namespace atheria::kernels
