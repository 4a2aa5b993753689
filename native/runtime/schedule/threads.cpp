// Threads by what the system allows (a container with 2 CPUs of 128 must not start 128 workers) and by the user's wish.
#include "threads.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "atheria/queue.h"
#include "base/environment.hpp"
#include "system.hpp"

namespace atheria {

uint32_t cpus_of_quota(const std::string& cpu_max) {
  long long quota = 0, period = 0;
  if (std::sscanf(cpu_max.c_str(), "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0) return 0;
  return uint32_t(std::min<long long>((quota + period - 1) / period, UINT32_MAX));
}

uint32_t threads_available() { return system_cpus(); }

ath_status threads_default(uint32_t* out_threads) {
  const std::string environment = environment_text("ATHERIA_THREADS");
  if (environment.empty()) {
    *out_threads = threads_available();
    return ATH_OK;
  }
  char* end = nullptr;
  const long threads = std::strtol(environment.c_str(), &end, 10);
  if (*end || threads < 1 || threads > long{ATH_POOL_THREADS_MAX})
    return ath_status_set(ATH_INVALID_ARGUMENT, "ATHERIA_THREADS is \"%s\"; expected a number from 1 to %u", environment.c_str(), ATH_POOL_THREADS_MAX);
  *out_threads = uint32_t(threads);
  return ATH_OK;
}

}  // namespace atheria
