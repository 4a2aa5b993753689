// CPU levels by CPUID and XGETBV, never by model name: a virtual machine may mask what its CPU has.
#include "cpu.hpp"

#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "environment.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace atheria {

const char* cpu_level_name(CpuLevel level) {
  static const char* const names[] = {"baseline", "avx2", "avx512", "neon"};
  return names[static_cast<int>(level)];
}

CpuFacts cpu_facts() {
  CpuFacts facts;
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (__get_cpuid(1, &a, &b, &c, &d)) {
    facts.fma = c >> 12 & 1;
    facts.osxsave = c >> 27 & 1;
    facts.avx = c >> 28 & 1;
    facts.f16c = c >> 29 & 1;
  }
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    facts.avx2 = b >> 5 & 1;
    facts.avx512f = b >> 16 & 1;
    facts.avx512dq = b >> 17 & 1;
    facts.avx512bw = b >> 30 & 1;
    facts.avx512vl = b >> 31 & 1;
  }
  if (facts.osxsave) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    facts.xcr0 = uint64_t{high} << 32 | low;
  }
#endif
  return facts;
}

CpuLevel cpu_level_of(const CpuFacts& facts) {
#if defined(__aarch64__)
  (void)facts;
  return CpuLevel::neon;
#else
  constexpr uint64_t kAvxState = 0x6;      // bits 1, 2: XMM, YMM
  constexpr uint64_t kAvx512State = 0xE6;  // and 5, 6, 7: masks, upper halves of ZMM0-15, ZMM16-31
  const bool avx2 = facts.osxsave && (facts.xcr0 & kAvxState) == kAvxState && facts.avx && facts.avx2 && facts.fma && facts.f16c;
  const bool avx512 = avx2 && (facts.xcr0 & kAvx512State) == kAvx512State && facts.avx512f && facts.avx512dq && facts.avx512bw &&
                      facts.avx512vl;
  return avx512 ? CpuLevel::avx512 : avx2 ? CpuLevel::avx2 : CpuLevel::baseline;
#endif
}

ath_status cpu_level_choose(const CpuFacts& facts, const char* wanted, CpuLevel* out_level) {
  const CpuLevel machine = cpu_level_of(facts);
  *out_level = machine;
  if (!wanted || !*wanted) return ATH_OK;
  for (CpuLevel level : {CpuLevel::baseline, CpuLevel::avx2, CpuLevel::avx512, CpuLevel::neon}) {
    if (std::strcmp(wanted, cpu_level_name(level))) continue;
    const bool other_architecture = (level == CpuLevel::neon) != (machine == CpuLevel::neon) && level != CpuLevel::baseline;
    if (level > machine || other_architecture)
      return ath_status_set(ATH_INVALID_ARGUMENT, "ATHERIA_CPU_LEVEL is \"%s\", but this machine runs \"%s\" at most; unset it or choose a lower level",
                            wanted, cpu_level_name(machine));
    *out_level = level;
    return ATH_OK;
  }
  return ath_status_set(ATH_INVALID_ARGUMENT, "ATHERIA_CPU_LEVEL is \"%s\"; expected baseline, avx2, avx512 or neon", wanted);
}

ath_status cpu_level(CpuLevel* out_level) { return cpu_level_choose(cpu_facts(), environment_text("ATHERIA_CPU_LEVEL").c_str(), out_level); }

namespace {

struct CpuName {
  char text[64] = "unknown";
  CpuName() {
#if defined(__x86_64__)
    unsigned r[12];
    if (__get_cpuid_max(0x80000000u, nullptr) >= 0x80000004u) {
      for (unsigned i = 0; i < 3; ++i) __get_cpuid(0x80000002u + i, r + 4 * i, r + 4 * i + 1, r + 4 * i + 2, r + 4 * i + 3);
      char brand[49] = {};
      std::memcpy(brand, r, 48);
      const char* start = brand + std::strspn(brand, " ");
      if (*start) std::snprintf(text, sizeof text, "%s", start);
      for (size_t n = std::strlen(text); n && text[n - 1] == ' '; --n) text[n - 1] = 0;
    }
#elif defined(__APPLE__)
    size_t bytes = sizeof text;
    if (sysctlbyname("machdep.cpu.brand_string", text, &bytes, nullptr, 0)) std::strcpy(text, "unknown");
#endif
  }
};

}  // namespace

const char* cpu_name() {
  static const CpuName name;
  return name.text;
}

}  // namespace atheria
