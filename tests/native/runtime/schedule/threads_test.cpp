// How many threads: cgroup quotas, the environment, and never none.
#include "schedule/threads.hpp"

#if defined(_WIN32)
#include <windows.h>
#elif defined(__linux__)
#include <sched.h>
#endif

#include "atheria/queue.h"
#include "environment.hpp"
#include "expect.hpp"

using namespace atheria;

TEST(quotas) {
  EXPECT_EQ(cpus_of_quota("max 100000\n"), 0u);
  EXPECT_EQ(cpus_of_quota("100000 100000\n"), 1u);
  EXPECT_EQ(cpus_of_quota("150000 100000\n"), 2u);
  EXPECT_EQ(cpus_of_quota("1000 100000"), 1u);
  EXPECT_EQ(cpus_of_quota("-1 100000"), 0u);
  EXPECT_EQ(cpus_of_quota(""), 0u);
  EXPECT_EQ(cpus_of_quota("100000 0"), 0u);
}

#if defined(__linux__)
TEST(the_affinity_mask_is_obeyed) {
  cpu_set_t before, one;
  sched_getaffinity(0, sizeof before, &before);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
      break;
    }
  sched_setaffinity(0, sizeof one, &one);
  EXPECT_EQ(threads_available(), 1u);
  sched_setaffinity(0, sizeof before, &before);
  EXPECT(threads_available() <= uint32_t(CPU_COUNT(&before)));
}
#elif defined(_WIN32)
TEST(the_affinity_mask_is_obeyed) {
  DWORD_PTR before = 0, all = 0;
  EXPECT(GetProcessAffinityMask(GetCurrentProcess(), &before, &all));
  if (!(before & (before - 1))) SKIP("this process may use one CPU only");
  EXPECT(SetProcessAffinityMask(GetCurrentProcess(), before & (0 - before)));
  EXPECT_EQ(threads_available(), 1u);
  EXPECT(SetProcessAffinityMask(GetCurrentProcess(), before));
  EXPECT(threads_available() > 1);
}
#endif

TEST(the_environment_wins_and_is_checked) {
  uint32_t threads = 0;
  expect::set_environment("ATHERIA_THREADS", "7");
  EXPECT_OK(threads_default(&threads));
  EXPECT_EQ(threads, 7u);
  expect::set_environment("ATHERIA_THREADS", std::to_string(ATH_POOL_THREADS_MAX));
  EXPECT_OK(threads_default(&threads));
  EXPECT_EQ(threads, ATH_POOL_THREADS_MAX);
  const std::string above = std::to_string(ATH_POOL_THREADS_MAX + 1);
  for (const char* wrong : {"0", "-2", "two", "3x", above.c_str(), "99999999999999999999"}) {
    expect::set_environment("ATHERIA_THREADS", wrong);
    EXPECT_STATUS(threads_default(&threads), ATH_INVALID_ARGUMENT);
    EXPECT_CONTAINS(ath_status_message(), wrong);
  }
  expect::unset_environment("ATHERIA_THREADS");
  EXPECT_OK(threads_default(&threads));
  EXPECT(threads >= 1);
}

EXPECT_MAIN
