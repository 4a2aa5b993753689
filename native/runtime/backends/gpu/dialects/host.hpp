// The kernel dialect as plain C++, for tests: the threads of a block run one after the other, from barrier to barrier. See ../README.md.
#pragma once

namespace atheria::gpu {

// One block of a grid while it runs. `backwards` runs its threads in the other order: a result that changes shows threads that touch the same
// shared memory between two barriers.
struct HostBlock {
  unsigned int x, y, z;
  bool backwards;
  bool open = true;            // a barrier came after the last section
  const char* wrong = nullptr;  // what a kernel did that a device would not forgive

  unsigned int begin() {
    if (!open) wrong = "two sections without a barrier between them";
    open = false;
    return 0;
  }
  unsigned int worker(unsigned int turn, unsigned int threads) const { return backwards ? threads - 1 - turn : turn; }
};

}  // namespace atheria::gpu

#define ATH_FUNCTION static inline
#define ATH_GLOBAL
#define ATH_SHARED_SPACE
#define ATH_PRIVATE
#define ATH_UNROLL
#define ATH_ROLLED

#define ATH_KERNEL(name, Arguments, threads)                                                                                              \
  static void ath_##name([[maybe_unused]] float* operand0, [[maybe_unused]] float* operand1, [[maybe_unused]] float* operand2,            \
                         [[maybe_unused]] float* operand3, [[maybe_unused]] float* operand4, const atheria::gpu::Arguments& arguments,     \
                         atheria::gpu::HostBlock& block_)
#define ATH_BLOCK block_.x
#define ATH_BLOCK_Y block_.y
#define ATH_BLOCK_Z block_.z

#define ATH_SHARED(type, name, count) type name[count]
#define ATH_OWN(type, name, count, threads) type name[threads][count]
#define ATH_MINE(name) name[worker]
#define ATH_EACH_THREAD(threads)                                                                                  \
  for (unsigned int turn_ = block_.begin(), worker = block_.worker(turn_, threads); turn_ < (threads);            \
       ++turn_, worker = block_.worker(turn_, threads))
#define ATH_BARRIER block_.open = true

ATH_FUNCTION float ath_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
ATH_FUNCTION float ath_sqrt(float x) { return __builtin_sqrtf(x); }
ATH_FUNCTION unsigned int ath_bits(float x) { return __builtin_bit_cast(unsigned int, x); }
ATH_FUNCTION float ath_float(unsigned int bits) { return __builtin_bit_cast(float, bits); }
