// CPUs by affinity mask and cgroup quota; waiting by the standard library's, which is the system's own; forks are counted, signals blocked.
#include "schedule/system.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <new>
#include <string>

#include "schedule/threads.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace atheria {
namespace {

std::atomic<uint32_t> forks{0};

uint32_t affinity_cpus() {
#if defined(__linux__)
  // The kernel refuses a mask smaller than its own, so it grows until it fits.
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (!set) break;
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return uint32_t(count);
  }
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? uint32_t(online) : 1;
}

#if defined(__linux__)
std::string text_of(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (!file) return "";
  char text[4096];
  const size_t bytes = std::fread(text, 1, sizeof text, file);
  std::fclose(file);
  return std::string(text, bytes);
}

// The smallest quota between our cgroup and the root; 0: none.
uint32_t cgroup_cpus() {
  uint32_t least = 0;
  const auto consider = [&](uint32_t cpus) {
    if (cpus && (!least || cpus < least)) least = cpus;
  };
  const std::string groups = text_of("/proc/self/cgroup");
  const size_t unified = groups.compare(0, 3, "0::") == 0 ? 0 : groups.find("\n0::");
  if (unified != std::string::npos) {
    const size_t begin = groups.find("0::", unified) + 3;
    std::string group = groups.substr(begin, groups.find('\n', begin) - begin);
    for (;;) {
      consider(cpus_of_quota(text_of("/sys/fs/cgroup" + group + "/cpu.max")));
      const size_t slash = group.rfind('/');
      if (group.empty() || slash == std::string::npos) break;
      group.resize(slash);
    }
  }
  // Version 1: quota and period in two files; inside a container its own group is mounted as the root.
  const std::string quota = text_of("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), period = text_of("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (!quota.empty() && !period.empty()) consider(cpus_of_quota(quota.substr(0, quota.find('\n')) + " " + period));
  return least;
}
#endif

}  // namespace

uint32_t system_cpus() {
  uint32_t cpus = affinity_cpus();
#if defined(__linux__)
  const uint32_t quota = cgroup_cpus();
  if (quota) cpus = std::min(cpus, quota);
#endif
  return std::max(cpus, uint32_t{1});
}

void word_wait(const std::atomic<uint32_t>& word, uint32_t value) { word.wait(value, std::memory_order_acquire); }

void word_wake_all(std::atomic<uint32_t>& word) { word.notify_all(); }

uint32_t fork_generation() { return forks.load(std::memory_order_relaxed); }

void fork_watch() {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); }); });
}

BlockedSignals::BlockedSignals() {
  static_assert(sizeof(sigset_t) <= sizeof before_);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, new (before_) sigset_t);
}

BlockedSignals::~BlockedSignals() { pthread_sigmask(SIG_SETMASK, reinterpret_cast<const sigset_t*>(before_), nullptr); }

}  // namespace atheria
