// Products by cblas_sgemm, in blocks of a fixed number of rows.
//
// OpenBLAS chooses its kernel by the shape of the call: one row becomes a matrix-vector product, small products have kernels of their own. So the
// bits of a row would depend on how many rows come with it; here every call has the same number of rows, and a last, incomplete block is
// computed on a zero-padded copy. Some kernels also sum in another order in another place of the block (Haswell's does: rows 0-11 and the rest), so
// the number of rows is the largest for which they do not, tried when the op is prepared.
#include <cstring>

#include "../blas.hpp"
#include "../device.hpp"
#include "../ops.hpp"

namespace atheria::openblas {
namespace {

constexpr int64_t kBlockRowsMax = 64;

void multiply_block(const Product& p, const float* a, const float* b, const float* bias, float* out) {
  for (int64_t row = 0; bias && row < p.block_rows; ++row) std::memcpy(out + row * p.n, bias, size_t(p.n) * sizeof(float));
  ATH_BLAS(cblas_sgemm)
  (CblasRowMajor, CblasNoTrans, CblasNoTrans, int(p.block_rows), int(p.n), int(p.k), 1.0f, a, int(p.k), b, int(p.n), bias ? 1.0f : 0.0f, out, int(p.n));
}

// Numbers without structure, so that another order of a sum shows in its last bit.
void fill(float* values, int64_t count) {
  uint32_t state = 0x9E3779B9u;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = float(int32_t(state)) * 0x1p-31f;
  }
}

}  // namespace

int64_t uniform_block_rows(const ath_host& host, int64_t n, int64_t k, bool bias) {
  const size_t bytes = size_t(k * n + kBlockRowsMax * (k + n) + n) * sizeof(float);
  auto* b = static_cast<float*>(host.allocator->allocate(host.allocator->self, bytes));
  if (!b) return 0;
  float* const a = b + k * n;
  float* const out = a + kBlockRowsMax * k;
  float* const start = out + kBlockRowsMax * n;
  fill(b, k * n);
  fill(a, k);
  fill(start, n);
  for (int64_t row = 1; row < kBlockRowsMax; ++row) std::memcpy(a + row * k, a, size_t(k) * sizeof(float));
  const OneThread one_thread;
  int64_t rows = kBlockRowsMax;
  for (; rows > 1; rows /= 2) {
    multiply_block({rows, n, k, rows}, a, b, bias ? start : nullptr, out);
    bool uniform = true;
    for (int64_t row = 1; row < rows; ++row) uniform = uniform && !std::memcmp(out, out + row * n, size_t(n) * sizeof(float));
    if (uniform) break;
  }
  host.allocator->release(host.allocator->self, b, bytes);
  return rows;
}

size_t product_scratch_floats(const Product& p) { return p.m % p.block_rows ? size_t(p.block_rows * (p.k + p.n)) : 0; }

void multiply(const Product& p, const float* a, const float* b, const float* bias, float* out, float* scratch) {
  const OneThread one_thread;
  int64_t row = 0;
  for (; row + p.block_rows <= p.m; row += p.block_rows) multiply_block(p, a + row * p.k, b, bias, out + row * p.n);
  const int64_t left = p.m - row;
  if (!left) return;
  float* const padded = scratch;
  float* const result = scratch + p.block_rows * p.k;
  std::memcpy(padded, a + row * p.k, size_t(left * p.k) * sizeof(float));
  std::memset(padded + left * p.k, 0, size_t((p.block_rows - left) * p.k) * sizeof(float));
  multiply_block(p, padded, b, bias, result);
  std::memcpy(out + row * p.n, result, size_t(left * p.n) * sizeof(float));
}

}  // namespace atheria::openblas
