// Independent multiply-adds in registers: as many chains as hide the latency, nothing else in the loop.
// Included once per level, with ATH_BURST naming the function.
#include "peak.hpp"
#include "simd.hpp"

namespace {
// 12 chains: more than latency (4-5) x units (2), and few enough for 16 registers.
constexpr int kChains = 12;
volatile float sink;
}  // namespace

double atheria::bench::ATH_BURST(int64_t rounds) {
  using namespace atheria::kernels;
  VecF sum[kChains];
  float start = 1.0f;
#if defined(__aarch64__)
  __asm__ volatile("" : "+w"(start));  // the loop must not be computed at compile time
#else
  __asm__ volatile("" : "+x"(start));
#endif
  for (int i = 0; i < kChains; ++i) sum[i] = splat(start + static_cast<float>(i));
  const VecF a = splat(start * 0.999f), b = splat(start * 1e-3f);
  for (int64_t r = 0; r < rounds; ++r) {
    ATH_UNROLL for (int i = 0; i < kChains; ++i) sum[i] = kernels::fma(sum[i], a, b);
  }
  VecF total = zero();
  for (int i = 0; i < kChains; ++i) total = total + sum[i];
  sink = total[0];
  return 2.0 * kLanes * kChains * static_cast<double>(rounds);
}
