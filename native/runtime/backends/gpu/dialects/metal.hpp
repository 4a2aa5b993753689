// The kernel dialect as Metal Shading Language 3 (C++14 with address spaces). See ../README.md for what each word means.
#pragma once

#include <metal_stdlib>

#define ATH_FUNCTION static inline
#define ATH_GLOBAL device
#define ATH_SHARED_SPACE threadgroup
#define ATH_PRIVATE thread
#define ATH_UNROLL _Pragma("unroll")
#define ATH_ROLLED _Pragma("nounroll")

#define ATH_KERNEL(name, Arguments, threads)                                                                                              \
  [[max_total_threads_per_threadgroup(threads)]] kernel void ath_##name(                                                                  \
      device float* operand0 [[buffer(0)]], device float* operand1 [[buffer(1)]], device float* operand2 [[buffer(2)]],                   \
      device float* operand3 [[buffer(3)]], device float* operand4 [[buffer(4)]], constant atheria::gpu::Arguments& arguments [[buffer(5)]], \
      metal::uint3 block_ [[threadgroup_position_in_grid]], metal::uint3 thread_ [[thread_position_in_threadgroup]])
#define ATH_BLOCK block_.x
#define ATH_BLOCK_Y block_.y
#define ATH_BLOCK_Z block_.z

#define ATH_SHARED(type, name, count) threadgroup type name[count]
#define ATH_OWN(type, name, count, threads) type name[count]
#define ATH_MINE(name) name
#define ATH_EACH_THREAD(threads) for (unsigned int worker = thread_.x, once_ = 1; once_; once_ = 0)
#define ATH_BARRIER metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup)

ATH_FUNCTION float ath_fma(float a, float b, float c) { return metal::fma(a, b, c); }
ATH_FUNCTION float ath_sqrt(float x) { return metal::precise::sqrt(x); }
ATH_FUNCTION unsigned int ath_bits(float x) { return as_type<unsigned int>(x); }
ATH_FUNCTION float ath_float(unsigned int bits) { return as_type<float>(bits); }
