// The kernel dialect as CUDA C++ (nvcc). See ../README.md for what each word means.
#pragma once

#define ATH_FUNCTION static __device__ __forceinline__
#define ATH_GLOBAL
#define ATH_SHARED_SPACE
#define ATH_PRIVATE
#define ATH_UNROLL _Pragma("unroll")
#define ATH_ROLLED _Pragma("unroll 1")

#define ATH_KERNEL(name, Arguments, threads)                                                                                              \
  extern "C" __global__ void __launch_bounds__(threads)                                                                                   \
      ath_##name(float* operand0, float* operand1, float* operand2, float* operand3, float* operand4, const atheria::gpu::Arguments arguments)
#define ATH_BLOCK blockIdx.x
#define ATH_BLOCK_Y blockIdx.y
#define ATH_BLOCK_Z blockIdx.z

#define ATH_SHARED(type, name, count) __shared__ type name[count]
#define ATH_OWN(type, name, count, threads) type name[count]
#define ATH_MINE(name) name
#define ATH_EACH_THREAD(threads) for (unsigned int worker = threadIdx.x, once_ = 1; once_; once_ = 0)
#define ATH_BARRIER __syncthreads()

ATH_FUNCTION float ath_fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }
ATH_FUNCTION float ath_sqrt(float x) { return __fsqrt_rn(x); }
ATH_FUNCTION unsigned int ath_bits(float x) { return __float_as_uint(x); }
ATH_FUNCTION float ath_float(unsigned int bits) { return __uint_as_float(bits); }
