// Worker threads that run one range each. Which worker gets which range depends on the counts alone, never on timing.
#include <atomic>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "atheria/queue.h"
#include "base/guard.hpp"
#include "system.hpp"
#include "threads.hpp"

namespace {

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Waits until `word` is no longer `value`: first spinning for a few microseconds, because the next step of a simulation usually follows at
// once, then asleep. Spinning with more threads than CPUs would only take time from the one that is waited for.
void wait_for_change(const std::atomic<uint32_t>& word, uint32_t value, int spins) {
  for (int i = 0; i < spins; ++i) {
    if (word.load(std::memory_order_acquire) != value) return;
    relax();
  }
  while (word.load(std::memory_order_acquire) == value) atheria::word_wait(word, value);
}

struct Result {
  ath_status status = ATH_OK;
  std::string message;
};

// The job and the threads; replaced as a whole after a fork.
struct Crew {
  Crew(uint32_t threads, int spins) : generation(atheria::fork_generation()), spins(spins), results(threads) {}

  const uint32_t generation;  // of the process these threads live in
  const int spins;
  std::mutex callers;  // one job at a time
  std::vector<std::thread> workers;
  std::vector<Result> results;
  std::atomic<uint32_t> job{0};      // rises by one for each job
  std::atomic<uint32_t> running{0};  // workers still busy with it
  std::atomic<bool> quit{false};

  size_t count = 0, grain = 1;
  ath_range_function function = nullptr;
  void* context = nullptr;
};

thread_local const void* inside = nullptr;  // the pool whose range this thread is running

void run_range(Crew& crew, uint32_t worker) {
  const size_t threads = crew.results.size();
  const size_t units = crew.count / crew.grain + (crew.count % crew.grain != 0);
  // units * (worker + 1) may overflow; quotient and remainder do not.
  const size_t each = units / threads, extra = units % threads;
  const size_t first = each * worker + (worker < extra ? worker : extra);
  const size_t last = first + each + (worker < extra);
  if (first == last) return;
  const size_t begin = first * crew.grain;
  const size_t end = last == units ? crew.count : last * crew.grain;
  Result& result = crew.results[worker];
  result.status = crew.function(crew.context, begin, end, worker);
  if (result.status) (void)atheria::guarded("pool", [&]() -> ath_status { return result.message = ath_status_message(), ATH_OK; });
}

void work(Crew& crew, const void* pool, uint32_t worker, uint32_t seen) {
  inside = pool;
  for (;;) {
    wait_for_change(crew.job, seen, crew.spins);
    ++seen;
    if (crew.quit.load(std::memory_order_acquire)) return;
    run_range(crew, worker);
    if (crew.running.fetch_sub(1, std::memory_order_acq_rel) == 1) atheria::word_wake_all(crew.running);
  }
}

void dismiss(Crew* crew) {
  crew->quit.store(true, std::memory_order_release);
  crew->job.fetch_add(1, std::memory_order_acq_rel);
  atheria::word_wake_all(crew->job);
  for (std::thread& thread : crew->workers) thread.join();
  delete crew;
}

}  // namespace

struct ath_pool {
  uint32_t threads;
  std::atomic<Crew*> crew{nullptr};
};

namespace {

// Starts what is missing; the crew's lock is held.
ath_status start_workers(ath_pool* pool, Crew& crew) {
  if (crew.workers.size() == pool->threads - 1) return ATH_OK;
  const atheria::BlockedSignals blocked;
  try {
    while (crew.workers.size() < pool->threads - 1)
      crew.workers.emplace_back(work, std::ref(crew), static_cast<const void*>(pool), uint32_t(crew.workers.size()) + 1, crew.job.load());
  } catch (const std::system_error& error) {
    return ath_status_set(ATH_UNAVAILABLE, "pool: thread %zu of %u cannot be started: %s; use fewer (ATHERIA_THREADS)", crew.workers.size() + 1,
                          pool->threads, error.what());
  }
  return ATH_OK;
}

Crew* present_crew(ath_pool* pool) {
  Crew* crew = pool->crew.load(std::memory_order_acquire);
  if (crew->generation == atheria::fork_generation()) return crew;
  // In a child. The parent's crew is left as it lies: its threads, and whoever held its locks, are not here.
  Crew* fresh = new Crew(pool->threads, crew->spins);
  if (pool->crew.compare_exchange_strong(crew, fresh)) return fresh;
  delete fresh;  // another thread of the child was first
  return crew;
}

}  // namespace

ath_status ath_pool_create(uint32_t threads, ath_pool** out_pool) {
  if (!out_pool) return ath_status_set(ATH_INVALID_ARGUMENT, "pool: out_pool is null");
  if (threads > ATH_POOL_THREADS_MAX) return ath_status_set(ATH_INVALID_ARGUMENT, "pool: %u threads; expected at most %u", threads, ATH_POOL_THREADS_MAX);
  return atheria::guarded("pool", [&]() -> ath_status {
    if (!threads)
      if (const ath_status failed = atheria::threads_default(&threads)) return failed;
    atheria::fork_watch();
    auto crew = new Crew(threads, threads <= atheria::threads_available() ? 4000 : 0);
    auto* pool = new (std::nothrow) ath_pool();
    if (!pool) {
      delete crew;
      return ath_status_set(ATH_OUT_OF_MEMORY, "pool: the system has no memory left");
    }
    pool->threads = threads;
    pool->crew = crew;
    *out_pool = pool;
    return ATH_OK;
  });
}

void ath_pool_destroy(ath_pool* pool) {
  if (!pool) return;
  Crew* crew = pool->crew.load();
  // A crew of before a fork cannot be dismissed: its threads are the parent's.
  if (crew->generation == atheria::fork_generation()) dismiss(crew);
  delete pool;
}

uint32_t ath_pool_threads(const ath_pool* pool) { return pool->threads; }

ath_status ath_pool_run(ath_pool* pool, size_t count, size_t grain, ath_range_function function, void* context) {
  if (!pool || !function) return ath_status_set(ATH_INVALID_ARGUMENT, "pool: pool or function is null");
  if (!count) return ATH_OK;
  if (!grain) grain = 1;
  if (inside == pool)
    return ath_status_set(ATH_FAILED_PRECONDITION, "pool: run from inside one of its own ranges would wait for itself; use another pool or a loop");
  return atheria::guarded("pool", [&]() -> ath_status {
    Crew& crew = *present_crew(pool);
    const std::lock_guard lock(crew.callers);
    const void* outer = inside;
    if (pool->threads == 1 || count <= grain) {  // one range: nobody needs waking
      inside = pool;
      const ath_status status = function(context, 0, count, 0);
      inside = outer;
      return status;
    }
    if (const ath_status failed = start_workers(pool, crew)) return failed;
    crew.count = count;
    crew.grain = grain;
    crew.function = function;
    crew.context = context;
    for (Result& result : crew.results) result.status = ATH_OK;
    crew.running.store(pool->threads - 1, std::memory_order_relaxed);
    crew.job.fetch_add(1, std::memory_order_acq_rel);
    atheria::word_wake_all(crew.job);
    inside = pool;
    run_range(crew, 0);
    inside = outer;
    for (uint32_t left; (left = crew.running.load(std::memory_order_acquire)) != 0;) wait_for_change(crew.running, left, crew.spins);
    for (const Result& result : crew.results)
      if (result.status) return ath_status_set(result.status, "%s", result.message.c_str());
    return ATH_OK;
  });
}
