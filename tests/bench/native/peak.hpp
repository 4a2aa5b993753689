// The machine's own limits on one core: independent multiply-adds, and the triad a[i] = b[i] + s c[i].
#pragma once

#include <stdint.h>

namespace atheria::bench {

// Runs `rounds` of independent multiply-adds in registers and gives the floating-point operations done.
double fma_burst_baseline(int64_t rounds);
double fma_burst_avx2(int64_t rounds);
double fma_burst_avx512(int64_t rounds);

}  // namespace atheria::bench
