// Which instruction sets may run here: what the CPU has and the operating system saves.
#pragma once

#include <cstdint>

#include "atheria/status.h"

namespace atheria {

// In rising order; the names are those of ath_host.cpu_level.
enum class CpuLevel { baseline, avx2, avx512, neon };

const char* cpu_level_name(CpuLevel level);

// The raw facts, apart from the machine so that the decision can be tested.
struct CpuFacts {
  bool fma = false, f16c = false, osxsave = false, avx = false;
  bool avx2 = false, avx512f = false, avx512dq = false, avx512bw = false, avx512vl = false;
  uint64_t xcr0 = 0;  // XGETBV(0): register files the operating system saves; 0 without OSXSAVE
};

CpuFacts cpu_facts();
CpuLevel cpu_level_of(const CpuFacts& facts);

// What this machine runs, or the lower level that `wanted` (ATHERIA_CPU_LEVEL; null or "": none) asks for. A level that is unknown or above the
// machine's is ATH_INVALID_ARGUMENT: running it would end in SIGILL.
ath_status cpu_level_choose(const CpuFacts& facts, const char* wanted, CpuLevel* out_level);
// The same with the environment's wish.
ath_status cpu_level(CpuLevel* out_level);

// "AMD EPYC", as the machine says; "unknown" if it does not.
const char* cpu_name();

}  // namespace atheria
