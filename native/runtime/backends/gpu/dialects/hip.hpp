// The kernel dialect as HIP (clang, -x hip -nogpuinc -nogpulib): compiler built-ins only, so that no header or device library of a ROCm version is
// needed. See ../README.md for what each word means.
#pragma once

#define ATH_FUNCTION static __attribute__((device)) __attribute__((always_inline)) inline
#define ATH_GLOBAL
#define ATH_SHARED_SPACE
#define ATH_PRIVATE
#define ATH_UNROLL _Pragma("unroll")
#define ATH_ROLLED _Pragma("nounroll")

#define ATH_KERNEL(name, Arguments, threads)                                                                                              \
  extern "C" __attribute__((global)) __attribute__((amdgpu_flat_work_group_size(threads, threads))) void                                  \
      ath_##name(float* operand0, float* operand1, float* operand2, float* operand3, float* operand4, const atheria::gpu::Arguments arguments)
#define ATH_BLOCK __builtin_amdgcn_workgroup_id_x()
#define ATH_BLOCK_Y __builtin_amdgcn_workgroup_id_y()
#define ATH_BLOCK_Z __builtin_amdgcn_workgroup_id_z()

#define ATH_SHARED(type, name, count) static __attribute__((shared)) type name[count]
#define ATH_OWN(type, name, count, threads) type name[count]
#define ATH_MINE(name) name
#define ATH_EACH_THREAD(threads) for (unsigned int worker = __builtin_amdgcn_workitem_id_x(), once_ = 1; once_; once_ = 0)
#define ATH_BARRIER                                      \
  do {                                                   \
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup"); \
    __builtin_amdgcn_s_barrier();                        \
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup"); \
  } while (0)

ATH_FUNCTION float ath_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
ATH_FUNCTION unsigned int ath_bits(float x) { return __builtin_bit_cast(unsigned int, x); }
ATH_FUNCTION float ath_float(unsigned int bits) { return __builtin_bit_cast(float, bits); }

#include "rounded_sqrt.inl"

// The instruction is within one unit in the last place and takes denormals for zero.
ATH_FUNCTION float ath_sqrt(float x) {
  const bool small = x < 0x1p-96f;
  const float scaled = small ? x * 0x1p+32f : x;
  const float root = ath_rounded_sqrt(scaled, __builtin_amdgcn_sqrtf(scaled));
  return small ? root * 0x1p-16f : root;
}
