// One vector type whose width follows the file's -m flags. Include only from a level_*.cpp, inside nothing.
//
// Everything here has internal linkage: a function compiled for AVX-512 must never be the copy the linker keeps for
// a baseline caller. For the same reason these files include no C++ standard header.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define ATH_INLINE inline __attribute__((always_inline))
#if defined(__GNUC__) && !defined(__clang__)
#define ATH_NOINLINE __attribute__((noinline, noclone))  // a clone per constant argument would double the code
#else
#define ATH_NOINLINE __attribute__((noinline))
#endif
// Full unrolling keeps accumulator arrays in registers.
#define ATH_UNROLL _Pragma("GCC unroll 32")

// A table of tiles by size: entry i is TILE(i), sizes above MOST repeat the largest.
#define ATH_SIZES(TILE, MOST)                                                                              \
  {nullptr, TILE(ATH_MOST(1, MOST)), TILE(ATH_MOST(2, MOST)), TILE(ATH_MOST(3, MOST)),                      \
   TILE(ATH_MOST(4, MOST)), TILE(ATH_MOST(5, MOST)), TILE(ATH_MOST(6, MOST)), TILE(ATH_MOST(7, MOST)),      \
   TILE(ATH_MOST(8, MOST)), TILE(ATH_MOST(9, MOST)), TILE(ATH_MOST(10, MOST)), TILE(ATH_MOST(11, MOST)),    \
   TILE(ATH_MOST(12, MOST)), TILE(ATH_MOST(13, MOST)), TILE(ATH_MOST(14, MOST)), TILE(ATH_MOST(15, MOST)),  \
   TILE(ATH_MOST(16, MOST)), TILE(ATH_MOST(17, MOST)), TILE(ATH_MOST(18, MOST))}
#define ATH_MOST(N, MOST) ((N) < (MOST) ? (N) : (MOST))

namespace atheria::kernels {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
constexpr int kBytes = kLanes * 4;

#if defined(__FMA__) || defined(__ARM_NEON)
constexpr bool kHasFma = true;
#else
constexpr bool kHasFma = false;
#endif

typedef float VecF __attribute__((vector_size(kBytes), may_alias));
typedef int32_t VecI __attribute__((vector_size(kBytes), may_alias));
typedef float VecFUnaligned __attribute__((vector_size(kBytes), may_alias, aligned(4)));

ATH_INLINE VecF load(const float* p) { return *reinterpret_cast<const VecFUnaligned*>(p); }
ATH_INLINE void store(float* p, VecF v) { *reinterpret_cast<VecFUnaligned*>(p) = v; }
ATH_INLINE VecF zero() { return VecF{}; }
ATH_INLINE VecI bits(VecF v) { return reinterpret_cast<VecI>(v); }
ATH_INLINE VecF floats(VecI v) { return reinterpret_cast<VecF>(v); }
typedef uint32_t VecU __attribute__((vector_size(kBytes), may_alias));
// Lanes whose result is thrown away may wrap, which signed numbers must not.
ATH_INLINE VecI wrapping_add(VecI a, VecI b) { return reinterpret_cast<VecI>(reinterpret_cast<VecU>(a) + reinterpret_cast<VecU>(b)); }

#if defined(__AVX512F__)

ATH_INLINE VecF splat(float x) { return _mm512_set1_ps(x); }
ATH_INLINE VecI splat_int(int32_t x) { return reinterpret_cast<VecI>(_mm512_set1_epi32(x)); }
ATH_INLINE VecF fma(VecF a, VecF b, VecF c) { return _mm512_fmadd_ps(a, b, c); }
ATH_INLINE VecF sqrt(VecF a) { return _mm512_sqrt_ps(a); }
// Both return the second operand when either is NaN, as the SSE instructions do.
ATH_INLINE VecF max(VecF a, VecF b) { return _mm512_max_ps(a, b); }
ATH_INLINE VecF min(VecF a, VecF b) { return _mm512_min_ps(a, b); }
ATH_INLINE __mmask16 lane_mask(int64_t n) { return static_cast<__mmask16>(n >= 16 ? 0xffff : (1u << n) - 1u); }
ATH_INLINE VecF load_first(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(lane_mask(n), p); }
ATH_INLINE VecF load_first_or(const float* p, int64_t n, float other) {
  return _mm512_mask_loadu_ps(_mm512_set1_ps(other), lane_mask(n), p);
}
ATH_INLINE void store_first(float* p, VecF v, int64_t n) { _mm512_mask_storeu_ps(p, lane_mask(n), v); }
ATH_INLINE void store_stream(float* p, VecF v) { _mm512_stream_ps(p, v); }
ATH_INLINE void stream_fence() { _mm_sfence(); }

#elif defined(__AVX2__)

ATH_INLINE VecF splat(float x) { return _mm256_set1_ps(x); }
ATH_INLINE VecI splat_int(int32_t x) { return reinterpret_cast<VecI>(_mm256_set1_epi32(x)); }
ATH_INLINE VecF fma(VecF a, VecF b, VecF c) { return _mm256_fmadd_ps(a, b, c); }
ATH_INLINE VecF sqrt(VecF a) { return _mm256_sqrt_ps(a); }
ATH_INLINE VecF max(VecF a, VecF b) { return _mm256_max_ps(a, b); }
ATH_INLINE VecF min(VecF a, VecF b) { return _mm256_min_ps(a, b); }
ATH_INLINE __m256i lane_mask(int64_t n) {
  const int32_t count = n > 8 ? 8 : static_cast<int32_t>(n);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
ATH_INLINE VecF load_first(const float* p, int64_t n) { return _mm256_maskload_ps(p, lane_mask(n)); }
ATH_INLINE VecF load_first_or(const float* p, int64_t n, float other) {
  const __m256i mask = lane_mask(n);
  return _mm256_blendv_ps(_mm256_set1_ps(other), _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
}
ATH_INLINE void store_first(float* p, VecF v, int64_t n) { _mm256_maskstore_ps(p, lane_mask(n), v); }
ATH_INLINE void store_stream(float* p, VecF v) { _mm256_stream_ps(p, v); }
ATH_INLINE void stream_fence() { _mm_sfence(); }

#else

#if defined(__SSE2__)
ATH_INLINE VecF splat(float x) { return _mm_set1_ps(x); }
ATH_INLINE VecI splat_int(int32_t x) { return reinterpret_cast<VecI>(_mm_set1_epi32(x)); }
ATH_INLINE VecF fma(VecF a, VecF b, VecF c) { return a * b + c; }
ATH_INLINE VecF sqrt(VecF a) { return _mm_sqrt_ps(a); }
ATH_INLINE VecF max(VecF a, VecF b) { return _mm_max_ps(a, b); }
ATH_INLINE VecF min(VecF a, VecF b) { return _mm_min_ps(a, b); }
ATH_INLINE void store_stream(float* p, VecF v) { _mm_stream_ps(p, v); }
ATH_INLINE void stream_fence() { _mm_sfence(); }
#else
ATH_INLINE VecF splat(float x) { return VecF{x, x, x, x}; }
ATH_INLINE VecI splat_int(int32_t x) { return VecI{x, x, x, x}; }
ATH_INLINE VecF max(VecF a, VecF b) { return a > b ? a : b; }
ATH_INLINE VecF min(VecF a, VecF b) { return a < b ? a : b; }
ATH_INLINE void store_stream(float* p, VecF v) { store(p, v); }
ATH_INLINE void stream_fence() {}
#if defined(__ARM_NEON)
ATH_INLINE VecF fma(VecF a, VecF b, VecF c) { return vfmaq_f32(c, a, b); }
ATH_INLINE VecF sqrt(VecF a) { return vsqrtq_f32(a); }
#else
ATH_INLINE VecF fma(VecF a, VecF b, VecF c) { return a * b + c; }
ATH_INLINE VecF sqrt(VecF a) {
  return VecF{__builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]), __builtin_sqrtf(a[2]), __builtin_sqrtf(a[3])};
}
#endif
#endif

// No masked memory access at this level: part of a vector goes through four floats of stack, out of line.
ATH_NOINLINE VecF load_part(const float* p, int64_t n, float other) {
  float lanes[4] = {other, other, other, other};
  for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
  return load(lanes);
}
ATH_NOINLINE void store_part(float* p, VecF v, int64_t n) {
  float lanes[4];
  store(lanes, v);
  for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
}
ATH_INLINE VecF load_first_or(const float* p, int64_t n, float other) {
  return n >= 4 ? load(p) : load_part(p, n, other);
}
ATH_INLINE VecF load_first(const float* p, int64_t n) { return load_first_or(p, n, 0.0f); }
ATH_INLINE void store_first(float* p, VecF v, int64_t n) {
  if (n >= 4) {
    store(p, v);
  } else {
    store_part(p, v, n);
  }
}

#endif

ATH_INLINE VecF select(VecI mask, VecF yes, VecF no) { return mask ? yes : no; }
ATH_INLINE VecF abs(VecF a) { return floats(bits(a) & splat_int(0x7fffffff)); }
ATH_INLINE int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }

// Sixteen lanes whatever the register width, so that a sum has the same tree on every level.
constexpr int kParts = 16 / kLanes;
struct Lanes16 {
  VecF part[kParts];
};

ATH_INLINE Lanes16 splat16(float x) {
  Lanes16 r;
  ATH_UNROLL for (int i = 0; i < kParts; ++i) r.part[i] = splat(x);
  return r;
}
ATH_INLINE Lanes16 load16(const float* p) {
  Lanes16 r;
  ATH_UNROLL for (int i = 0; i < kParts; ++i) r.part[i] = load(p + i * kLanes);
  return r;
}
ATH_INLINE Lanes16 load16_first_or(const float* p, int64_t n, float other) {
  Lanes16 r;
  ATH_UNROLL for (int i = 0; i < kParts; ++i) {
    const int64_t left = n - i * kLanes;
    r.part[i] = left > 0 ? load_first_or(p + i * kLanes, left, other) : splat(other);
  }
  return r;
}
ATH_INLINE void store16(float* p, const Lanes16& v) {
  ATH_UNROLL for (int i = 0; i < kParts; ++i) store(p + i * kLanes, v.part[i]);
}
ATH_INLINE void store16_first(float* p, const Lanes16& v, int64_t n) {
  ATH_UNROLL for (int i = 0; i < kParts; ++i) {
    const int64_t left = n - i * kLanes;
    if (left > 0) store_first(p + i * kLanes, v.part[i], left);
  }
}
template <class F>
ATH_INLINE Lanes16 map16(const Lanes16& a, F f) {
  Lanes16 r;
  ATH_UNROLL for (int i = 0; i < kParts; ++i) r.part[i] = f(a.part[i]);
  return r;
}
template <class F>
ATH_INLINE Lanes16 map16(const Lanes16& a, const Lanes16& b, F f) {
  Lanes16 r;
  ATH_UNROLL for (int i = 0; i < kParts; ++i) r.part[i] = f(a.part[i], b.part[i]);
  return r;
}

// Folds 16 lanes to one: i with i+8, i+4, i+2, i+1.
struct AddOp {
  template <class V>
  ATH_INLINE V operator()(V a, V b) const { return a + b; }
};
struct MaxOp {
  ATH_INLINE VecF operator()(VecF a, VecF b) const { return max(a, b); }
#if defined(__AVX512F__)
  ATH_INLINE __m256 operator()(__m256 a, __m256 b) const { return _mm256_max_ps(a, b); }
#endif
#if defined(__AVX2__)
  ATH_INLINE __m128 operator()(__m128 a, __m128 b) const { return _mm_max_ps(a, b); }
#endif
};

template <class F>
ATH_INLINE float fold16(const Lanes16& v, F f) {
#if defined(__SSE2__)
#if defined(__AVX512F__)
  const __m256 eight = f(_mm512_castps512_ps256(v.part[0]), _mm512_extractf32x8_ps(v.part[0], 1));
  const __m128 four = f(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#elif defined(__AVX2__)
  const __m256 eight = f(v.part[0], v.part[1]);
  const __m128 four = f(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#else
  const __m128 four = f(f(v.part[0], v.part[2]), f(v.part[1], v.part[3]));
#endif
  const __m128 two = f(four, __m128(_mm_movehl_ps(four, four)));
  const __m128 one = f(two, __m128(_mm_shuffle_ps(two, two, 0x55)));
  return _mm_cvtss_f32(one);
#else
  const VecF four = f(f(v.part[0], v.part[2]), f(v.part[1], v.part[3]));
  const VecF two = f(four, VecF{four[2], four[3], four[2], four[3]});
  return f(two, VecF{two[1], two[1], two[1], two[1]})[0];
#endif
}
ATH_INLINE float sum16(const Lanes16& v) { return fold16(v, AddOp{}); }
ATH_INLINE float max16(const Lanes16& v) { return fold16(v, MaxOp{}); }

}  // namespace
}  // namespace atheria::kernels
