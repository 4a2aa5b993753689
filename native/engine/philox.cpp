// Philox4x32-10. The vector versions keep each 32-bit word in a 64-bit lane, where the widening multiply wants it; what stands above it is never read.
#include "philox.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#define ATHERIA_PHILOX_X86 1
// From Clang 18 to 21 the 512-bit registers are a feature of their own, which compilers that start from a bare CPU (zig) leave out.
#if defined(__clang__) && __clang_major__ >= 18 && __clang_major__ <= 21
#define ATHERIA_TARGET_AVX512 "avx512f,evex512"
#else
#define ATHERIA_TARGET_AVX512 "avx512f"
#endif
#include <immintrin.h>

#include "x86_features.hpp"
#endif

namespace atheria::engine {
namespace {

constexpr uint32_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
constexpr uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
constexpr int kRounds = 10;

void philox_portable(const uint32_t* x, const uint32_t* y, uint32_t z, uint32_t t, uint64_t key, uint32_t (*words)[kPhiloxLanes]) {
  for (int i = 0; i < kPhiloxLanes; ++i) {
    uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
    uint32_t c0 = x[i], c1 = y[i], c2 = z, c3 = t;
    for (int round = 0; round < kRounds; ++round, key0 += kWeyl0, key1 += kWeyl1) {
      const uint64_t p0 = uint64_t{c0} * kMultiplier0, p1 = uint64_t{c2} * kMultiplier1;
      c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ key0;
      c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ key1;
      c1 = static_cast<uint32_t>(p1);
      c3 = static_cast<uint32_t>(p0);
    }
    words[0][i] = c0, words[1][i] = c1, words[2][i] = c2, words[3][i] = c3;
  }
}

#ifdef ATHERIA_PHILOX_X86

__attribute__((target("avx2"))) void philox_avx2(const uint32_t* x, const uint32_t* y, uint32_t z, uint32_t t, uint64_t key,
                                                 uint32_t (*words)[kPhiloxLanes]) {
  constexpr int kVectors = kPhiloxLanes / 4;
  const __m256i multiplier0 = _mm256_set1_epi64x(kMultiplier0), multiplier1 = _mm256_set1_epi64x(kMultiplier1);
  __m256i c0[kVectors], c1[kVectors], c2[kVectors], c3[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    c0[v] = _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + 4 * v)));
    c1[v] = _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(y + 4 * v)));
    c2[v] = _mm256_set1_epi64x(z);
    c3[v] = _mm256_set1_epi64x(t);
  }
  uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kRounds; ++round, key0 += kWeyl0, key1 += kWeyl1) {
    const __m256i k0 = _mm256_set1_epi64x(key0), k1 = _mm256_set1_epi64x(key1);
    for (int v = 0; v < kVectors; ++v) {
      const __m256i p0 = _mm256_mul_epu32(c0[v], multiplier0), p1 = _mm256_mul_epu32(c2[v], multiplier1);
      c0[v] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), c1[v]), k0);
      c2[v] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), c3[v]), k1);
      c1[v] = p1;
      c3[v] = p0;
    }
  }
  const __m256i evens = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
  for (int v = 0; v < kVectors; ++v) {
    const __m256i* const counters[4] = {c0, c1, c2, c3};
    for (int word = 0; word < 4; ++word) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(words[word] + 4 * v), _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(counters[word][v], evens)));
    }
  }
}

#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC's own header reads a register that it leaves undefined on purpose (bug 105593)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
__attribute__((target(ATHERIA_TARGET_AVX512))) void philox_avx512(const uint32_t* x, const uint32_t* y, uint32_t z, uint32_t t, uint64_t key,
                                                      uint32_t (*words)[kPhiloxLanes]) {
  constexpr int kVectors = kPhiloxLanes / 8;
  const __m512i multiplier0 = _mm512_set1_epi64(kMultiplier0), multiplier1 = _mm512_set1_epi64(kMultiplier1);
  __m512i c0[kVectors], c1[kVectors], c2[kVectors], c3[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    c0[v] = _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 8 * v)));
    c1[v] = _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(y + 8 * v)));
    c2[v] = _mm512_set1_epi64(z);
    c3[v] = _mm512_set1_epi64(t);
  }
  uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kRounds; ++round, key0 += kWeyl0, key1 += kWeyl1) {
    const __m512i k0 = _mm512_set1_epi64(key0), k1 = _mm512_set1_epi64(key1);
    for (int v = 0; v < kVectors; ++v) {
      const __m512i p0 = _mm512_mul_epu32(c0[v], multiplier0), p1 = _mm512_mul_epu32(c2[v], multiplier1);
      c0[v] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c1[v], k0, 0x96);
      c2[v] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c3[v], k1, 0x96);
      c1[v] = p1;
      c3[v] = p0;
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words[0] + 8 * v), _mm512_cvtepi64_epi32(c0[v]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words[1] + 8 * v), _mm512_cvtepi64_epi32(c1[v]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words[2] + 8 * v), _mm512_cvtepi64_epi32(c2[v]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words[3] + 8 * v), _mm512_cvtepi64_epi32(c3[v]));
  }
}
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

}  // namespace

int philox_versions(PhiloxVersion out_versions[3]) {
  int count = 0;
#ifdef ATHERIA_PHILOX_X86
  const X86Features features = x86_features();
  if (features.avx512f) out_versions[count++] = {"avx512", philox_avx512};
  if (features.avx2) out_versions[count++] = {"avx2", philox_avx2};
#endif
  out_versions[count++] = {"portable", philox_portable};
  return count;
}

void philox4x32(const uint32_t x[kPhiloxLanes], const uint32_t y[kPhiloxLanes], uint32_t z, uint32_t t, uint64_t key, uint32_t words[4][kPhiloxLanes]) {
  static const PhiloxVersion fastest = [] {
    PhiloxVersion versions[3];
    philox_versions(versions);
    return versions[0];
  }();
  fastest.run(x, y, z, t, key, words);
}

}  // namespace atheria::engine
