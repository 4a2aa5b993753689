// Whether wide registers may be used: what the CPU has and the operating system saves. Not __builtin_cpu_supports, which needs a part of the compiler's own
// library that not every compiler brings.
#pragma once

#include <cpuid.h>

#include <cstdint>

namespace atheria::engine {

struct X86Features {
  bool avx2 = false, avx512f = false;
};

inline X86Features x86_features() {
  constexpr uint32_t kSavesYmm = 0x6, kSavesZmm = 0xE6;  // of XCR0: XMM and YMM; and masks, the rest of ZMM
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return {};
  uint32_t saved, high;
  __asm__ volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return {};
  X86Features features;
  features.avx2 = (saved & kSavesYmm) == kSavesYmm && (b >> 5 & 1);
  features.avx512f = (saved & kSavesZmm) == kSavesZmm && (b >> 16 & 1);
  return features;
}

}  // namespace atheria::engine
