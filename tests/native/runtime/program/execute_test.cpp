// Running: scratch of the caller or of the call, many threads at once, wrong calls refused before anything runs.
#include <thread>

#include "base/aligned.hpp"
#include "text_program.hpp"

namespace {

// ((x + y) * x - y), with locals that take each other's place.
const char* const kText =
    "program \"t\"\ninput x f32[N]\ninput y f32[N]\nlocal a f32[N]\nlocal b f32[N]\nlocal c f32[N]\nlocal d f32[N]\noutput z f32[N]\n"
    "alloc a\nadd a x y\nmul b a x\nfree a\nload d y\nsub c b d\nstore z c\nhalt\n";

}  // namespace

TEST(results_with_either_scratch) {
  const TextProgram program(kText);
  const Planned plan(program, {{'N', 100}});
  std::vector<float> x(100), y(100), z(100);
  for (size_t i = 0; i < 100; ++i) {
    x[i] = float(i);
    y[i] = 0.25f * float(i) - 3;
  }
  const size_t bytes = ath_executable_scratch_bytes(plan.get());
  const atheria::AlignedBytes own(bytes + 1);
  void* scratch = own.data();
  for (void* memory : {static_cast<void*>(nullptr), scratch}) {
    std::fill(z.begin(), z.end(), -1.0f);
    EXPECT_OK(plan.run({x.data(), y.data()}, {z.data()}, {}, memory));
    for (size_t i = 0; i < 100; ++i)
      if (!EXPECT_EQ(z[i], (x[i] + y[i]) * x[i] - y[i])) break;
  }
}

TEST(many_threads_run_one_executable) {
  const TextProgram program(kText);
  const Planned plan(program, {{'N', 1000}});
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::vector<float> x(1000, float(t)), y(1000, 2), z(1000);
      for (int again = 0; again < 100; ++again) {
        if (plan.run({x.data(), y.data()}, {z.data()})) ++wrong[t];
        for (const float value : z) wrong[t] += value != (float(t) + 2) * float(t) - 2;
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

TEST(wrong_calls_are_refused) {
  const TextProgram program(kText);
  const Planned plan(program, {{'N', 1}});
  float x = 1, y = 2, z = 9;
  EXPECT_STATUS(plan.run({&x}, {&z}), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "program \"t\": 1 inputs and 1 outputs given; it has 2 and 1");
  EXPECT_STATUS(plan.run({&x, &y}, {}), ATH_INVALID_ARGUMENT);
  ath_run run = {};
  EXPECT_STATUS(ath_executable_run(plan.get(), &run), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "struct_bytes is 0");
  EXPECT_STATUS(plan.run({&x, &y}, {&z}, {{0, 0, 1, 1}}), ATH_UNSUPPORTED);
  EXPECT_CONTAINS(ath_status_message(), "cannot run in a bounded domain: the first input is not [B,H,W,C]");
  EXPECT_EQ(z, 9.0f);
}

EXPECT_MAIN
