// Writing long outputs past the caches.
#pragma once

#include "simd.hpp"

namespace atheria::kernels {
namespace {

// Outputs from this size on are written past the caches (they would not stay in them): a store then costs no read.
constexpr int64_t kStreamFloats = 4 << 20;
constexpr int64_t kStreamBlock = 1024;

ATH_NOINLINE void stream_copy(const float* block, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += kLanes) store_stream(out + i, load(block + i));
}

// Runs compute(first, count, to) over [0, n): straight into `out`, or for a long `out` block by block through L1,
// so that each kernel has one loop instead of two.
template <class F>
ATH_INLINE void in_blocks(int64_t n, float* out, F compute) {
  if (n < kStreamFloats) {
    compute(0, n, out);
    return;
  }
  alignas(64) float block[kStreamBlock];
  int64_t i = static_cast<int64_t>((64 - reinterpret_cast<uintptr_t>(out) % 64) % 64 / 4);
  if (i) compute(0, i, out);
  for (; i + kStreamBlock <= n; i += kStreamBlock) {
    compute(i, kStreamBlock, block);
    stream_copy(block, kStreamBlock, out + i);
  }
  stream_fence();
  compute(i, n - i, out + i);
}

}  // namespace
}  // namespace atheria::kernels
