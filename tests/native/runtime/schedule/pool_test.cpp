// The pool: each index once, the same cuts every time, failures in order, many callers, fork, and rest when idle.
#include "atheria/queue.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include "expect.hpp"

namespace {

using Cut = std::tuple<uint32_t, size_t, size_t>;

struct Record {
  std::mutex mutex;
  std::set<Cut> cuts;
  std::vector<std::atomic<int>> touched;
  explicit Record(size_t count) : touched(count) {}
};

ath_status touch(void* context, size_t begin, size_t end, uint32_t worker) {
  auto& record = *static_cast<Record*>(context);
  for (size_t i = begin; i < end; ++i) ++record.touched[i];
  const std::lock_guard lock(record.mutex);
  record.cuts.insert({worker, begin, end});
  return ATH_OK;
}

ath_status add_one(void* context, size_t begin, size_t end, uint32_t) {
  static_cast<std::atomic<size_t>*>(context)->fetch_add(end - begin);
  return ATH_OK;
}

double cpu_seconds() {
#if defined(_WIN32)
  FILETIME made, ended, kernel, user;
  GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user);
  const auto seconds = [](const FILETIME& time) { return 1e-7 * double(uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime); };
  return seconds(kernel) + seconds(user);
#else
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
#endif
}

}  // namespace

TEST(each_index_once_in_grains_and_always_cut_the_same) {
  for (const uint32_t threads : {1u, 2u, 3u, 8u}) {
    ath_pool* pool = nullptr;
    EXPECT_OK(ath_pool_create(threads, &pool));
    EXPECT_EQ(ath_pool_threads(pool), threads);
    for (const size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{64}, size_t{1000}})
      for (const size_t grain : {size_t{0}, size_t{1}, size_t{16}, size_t{5000}}) {
        std::set<Cut> before;
        for (int again = 0; again < 3; ++again) {
          Record record(count);
          EXPECT_OK(ath_pool_run(pool, count, grain, touch, &record));
          bool once = true;
          for (const auto& times : record.touched) once = once && times == 1;
          EXPECT(once);
          for (const auto& [worker, begin, end] : record.cuts) {
            EXPECT(worker < threads);
            EXPECT(grain == 0 || begin % grain == 0);
          }
          if (again) EXPECT(record.cuts == before);
          before = record.cuts;
        }
        if (count == 1000 && grain <= 16) EXPECT_EQ(before.size(), size_t{threads});
      }
    ath_pool_destroy(pool);
  }
}

TEST(the_lowest_failing_range_is_told_and_all_run) {
  ath_pool* pool = nullptr;
  EXPECT_OK(ath_pool_create(4, &pool));
  std::atomic<int> ran{0};
  const ath_range_function fail_late = [](void* context, size_t begin, size_t, uint32_t worker) -> ath_status {
    ++*static_cast<std::atomic<int>*>(context);
    return worker == 0 ? ATH_OK : ath_status_set(ATH_OUT_OF_RANGE, "range from %zu of worker %u", begin, worker);
  };
  for (int again = 0; again < 50; ++again) {
    EXPECT_STATUS(ath_pool_run(pool, 400, 1, fail_late, &ran), ATH_OUT_OF_RANGE);
    EXPECT_EQ(ath_status_message(), "range from 100 of worker 1");
  }
  EXPECT_EQ(ran.load(), 200);
  std::atomic<size_t> sum{0};
  EXPECT_OK(ath_pool_run(pool, 400, 1, add_one, &sum));  // and the pool works on
  EXPECT_EQ(sum.load(), 400u);
  ath_pool_destroy(pool);
}

TEST(many_callers_wait_for_each_other) {
  ath_pool* pool = nullptr;
  EXPECT_OK(ath_pool_create(3, &pool));
  std::atomic<size_t> sum{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      for (int again = 0; again < 200; ++again) EXPECT_OK(ath_pool_run(pool, 100, 1, add_one, &sum));
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 4u * 200u * 100u);
  ath_pool_destroy(pool);
}

TEST(a_range_cannot_wait_for_its_own_pool) {
  for (const uint32_t threads : {1u, 2u}) {
    ath_pool* pool = nullptr;
    EXPECT_OK(ath_pool_create(threads, &pool));
    const ath_range_function nested = [](void* context, size_t, size_t, uint32_t) {
      std::atomic<size_t> sum{0};
      return ath_pool_run(static_cast<ath_pool*>(context), 10, 1, add_one, &sum);
    };
    EXPECT_STATUS(ath_pool_run(pool, 10, 1, nested, pool), ATH_FAILED_PRECONDITION);
    ath_pool_destroy(pool);
  }
}

#if !defined(_WIN32)
TEST(a_forked_child_has_workers_of_its_own) {
  if (std::getenv("ATHERIA_TESTS_EMULATED")) SKIP("qemu's emulator (7.2) ends when a program with threads forks");
  ath_pool* pool = nullptr;
  EXPECT_OK(ath_pool_create(3, &pool));
  std::atomic<size_t> sum{0};
  EXPECT_OK(ath_pool_run(pool, 300, 1, add_one, &sum));
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a deadlock ends the child, and the test
    std::atomic<size_t> in_child{0};
    bool good = true;
    for (int again = 0; again < 20; ++again) good = good && ath_pool_run(pool, 300, 1, add_one, &in_child) == ATH_OK;
    good = good && in_child == 6000;
    ath_pool_destroy(pool);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_OK(ath_pool_run(pool, 300, 1, add_one, &sum));
  EXPECT_EQ(sum.load(), 600u);
  ath_pool_destroy(pool);
}
#endif

TEST(idle_costs_nothing) {
  ath_pool* pool = nullptr;
  EXPECT_OK(ath_pool_create(8, &pool));
  std::atomic<size_t> sum{0};
  EXPECT_OK(ath_pool_run(pool, 800, 1, add_one, &sum));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double before = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT(cpu_seconds() - before < 0.03);
  ath_pool_destroy(pool);
}

TEST(counts_that_cannot_be) {
  ath_pool* pool = nullptr;
  EXPECT_STATUS(ath_pool_create(5000, &pool), ATH_INVALID_ARGUMENT);
  EXPECT_OK(ath_pool_create(2, &pool));
  EXPECT_STATUS(ath_pool_run(pool, 1, 1, nullptr, nullptr), ATH_INVALID_ARGUMENT);
  ath_pool_destroy(pool);
  ath_pool_destroy(nullptr);
}

TEST(as_many_threads_as_the_contract_says) {
  ath_pool* pool = nullptr;
  EXPECT_OK(ath_pool_create(ATH_POOL_THREADS_MAX, &pool));
  EXPECT_EQ(ath_pool_threads(pool), ATH_POOL_THREADS_MAX);
  ath_pool_destroy(pool);
  EXPECT_STATUS(ath_pool_create(ATH_POOL_THREADS_MAX + 1, &pool), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "1025 threads; expected at most 1024");
}

EXPECT_MAIN
