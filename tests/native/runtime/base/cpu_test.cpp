// CPU levels from CPUID and XGETBV facts, and the override.
#include "base/cpu.hpp"

#include "expect.hpp"

using namespace atheria;

#if defined(__x86_64__)
namespace {

CpuFacts full() {
  CpuFacts facts;
  facts.fma = facts.f16c = facts.osxsave = facts.avx = facts.avx2 = true;
  facts.avx512f = facts.avx512dq = facts.avx512bw = facts.avx512vl = true;
  facts.xcr0 = 0xE7;
  return facts;
}

CpuLevel level_of(const CpuFacts& facts) { return cpu_level_of(facts); }

}  // namespace

TEST(what_the_system_does_not_save_is_not_used) {
  CpuFacts facts = full();
  EXPECT_EQ(level_of(facts), CpuLevel::avx512);
  for (const uint64_t bit : {5, 6, 7}) {
    facts = full();
    facts.xcr0 &= ~(uint64_t{1} << bit);
    EXPECT_EQ(level_of(facts), CpuLevel::avx2);
  }
  for (const uint64_t bit : {1, 2}) {
    facts = full();
    facts.xcr0 &= ~(uint64_t{1} << bit);
    EXPECT_EQ(level_of(facts), CpuLevel::baseline);
  }
  facts = full();
  facts.osxsave = false;
  EXPECT_EQ(level_of(facts), CpuLevel::baseline);
}

TEST(every_part_of_a_level_is_needed) {
  for (bool CpuFacts::*part : {&CpuFacts::avx512f, &CpuFacts::avx512dq, &CpuFacts::avx512bw, &CpuFacts::avx512vl}) {
    CpuFacts facts = full();
    facts.*part = false;
    EXPECT_EQ(level_of(facts), CpuLevel::avx2);
  }
  for (bool CpuFacts::*part : {&CpuFacts::avx, &CpuFacts::avx2, &CpuFacts::fma, &CpuFacts::f16c}) {
    CpuFacts facts = full();
    facts.*part = false;
    EXPECT_EQ(level_of(facts), CpuLevel::baseline);
  }
}

TEST(the_override_goes_down_and_never_up) {
  CpuFacts facts = full();
  CpuLevel level;
  EXPECT_OK(cpu_level_choose(facts, nullptr, &level));
  EXPECT_EQ(level, CpuLevel::avx512);
  EXPECT_OK(cpu_level_choose(facts, "", &level));
  EXPECT_EQ(level, CpuLevel::avx512);
  EXPECT_OK(cpu_level_choose(facts, "avx2", &level));
  EXPECT_EQ(level, CpuLevel::avx2);
  EXPECT_OK(cpu_level_choose(facts, "baseline", &level));
  EXPECT_EQ(level, CpuLevel::baseline);
  facts.avx512f = false;
  EXPECT_STATUS(cpu_level_choose(facts, "avx512", &level), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "this machine runs \"avx2\" at most");
  EXPECT_STATUS(cpu_level_choose(facts, "neon", &level), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(cpu_level_choose(facts, "AVX2", &level), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "expected baseline, avx2, avx512 or neon");
}
#endif

TEST(this_machine_has_a_name) { EXPECT(std::strlen(cpu_name()) > 0); }

EXPECT_MAIN
