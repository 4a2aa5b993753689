// How many threads this process may keep busy.
#pragma once

#include <cstdint>
#include <string>

#include "atheria/status.h"

namespace atheria {

// The smaller of the affinity mask's CPUs and the cgroup's quota (rounded up), at least 1.
uint32_t threads_available();

// ATHERIA_THREADS if it is set (1..ATH_POOL_THREADS_MAX; anything else is ATH_INVALID_ARGUMENT), else threads_available().
ath_status threads_default(uint32_t* out_threads);

// CPUs of a cgroup v2 "cpu.max" text ("150000 100000" is 2, "max 100000" is 0: no limit), or 0 for a text that is none.
uint32_t cpus_of_quota(const std::string& cpu_max);

}  // namespace atheria
