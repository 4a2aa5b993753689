// Box-Muller and own polynomials, 16 cells at a time. Only + - * / sqrt and whole numbers, so every instruction set gives the same bits.
#include "vacuum.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "philox.hpp"
#include "vector_clones.hpp"

namespace atheria::engine {
namespace {

constexpr int L = kVacuumLanes;
static_assert(L == kPhiloxLanes);

// ln(m 2^-24) for whole m in [1, 2^24]; small relative error also near 0, where Box-Muller's square root would enlarge an absolute one.
inline float log_of_u1(uint32_t m) {
  // m <= 2^24 converts exactly. The reduction puts the mantissa into [sqrt(1/2), sqrt(2)).
  const uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(m)));
  const uint32_t shifted = bits - 0x3F3504F3u;
  const int32_t exponent = static_cast<int32_t>(shifted) >> 23;
  const float f = std::bit_cast<float>((shifted & 0x007FFFFFu) + 0x3F3504F3u) - 1.0f;
  const float e = static_cast<float>(exponent - 24);
  const float z = f * f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  float y = f * z * p;
  y = y + e * -2.12194440e-4f;
  y = y - 0.5f * z;
  return (f + y) + e * 0.693359375f;
}

// sin and cos of 2 pi v 2^-24 for v < 2^24: the quadrant is taken off as a whole number, without rounding.
inline void sincos_of_u2(uint32_t v, float* out_cos, float* out_sin) {
  const int32_t quadrant = static_cast<int32_t>((v + (1u << 21)) >> 22);
  const float a = static_cast<float>(static_cast<int32_t>(v) - quadrant * (1 << 22)) * 3.74507028e-7f;  // 2 pi / 2^24; |a| <= pi/4
  const float z = a * a;
  const float s = a + a * z * (-1.6666654611e-1f + z * (8.3321608736e-3f - z * 1.9515295891e-4f));
  const float c = 1.0f - 0.5f * z + z * z * (4.166664568298827e-2f + z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
  const bool swap = (quadrant & 1) != 0;
  const float cos_value = swap ? s : c;
  const float sin_value = swap ? c : s;
  *out_cos = ((quadrant + 1) & 2) != 0 ? -cos_value : cos_value;
  *out_sin = (quadrant & 2) != 0 ? -sin_value : sin_value;
}

// From the words of 16 cells for one block of four channels to their states: real[4][16], imag[4][16].
ATHERIA_VECTOR_CLONES
void states_of_words(const uint32_t (*words)[L], float* real, float* imag) {
  for (int pair = 0; pair < 2; ++pair) {
    const uint32_t* r = words[2 * pair];
    const uint32_t* q = words[2 * pair + 1];
    float n[2][L];
    for (int i = 0; i < L; ++i) {
      const float radius = 0.1f * __builtin_sqrtf(-2.0f * log_of_u1((r[i] >> 8) + 1));
      float c, s;
      sincos_of_u2(q[i] >> 8, &c, &s);
      n[0][i] = radius * c;
      n[1][i] = radius * s;
    }
    for (int j = 0; j < 2; ++j) {
      float* re = real + (2 * pair + j) * L;
      float* im = imag + (2 * pair + j) * L;
      for (int i = 0; i < L; ++i) {  // |n| < 0.58: plain Taylor polynomials
        const float v = n[j][i];
        const float z = v * v;
        re[i] = 1.0f + z * (-0.5f + z * (4.16666667e-2f + z * (-1.38888889e-3f + z * 2.48015873e-5f)));
        im[i] = v + v * z * (-1.66666667e-1f + z * (8.33333333e-3f - z * 1.98412698e-4f));
      }
    }
  }
}

}  // namespace

void vacuum_evaluate(uint64_t seed, uint64_t t, int64_t z, VacuumCells& cells, int count, uint32_t d) {
  uint32_t x[L], y[L];
  for (int i = 0; i < L; ++i) {
    const int lane = i < count ? i : 0;
    x[i] = static_cast<uint32_t>(cells.x[lane]);
    y[i] = static_cast<uint32_t>(cells.y[lane]);
  }
  float real[4 * L], imag[4 * L];
  for (uint32_t block = 0; block * 4 < d; ++block) {
    const uint32_t zb = (static_cast<uint32_t>(z) & 0x00FFFFFFu) | (block << 24);
    uint32_t words[4][L];
    philox4x32(x, y, zb, static_cast<uint32_t>(t), seed, words);
    states_of_words(words, real, imag);
    const uint32_t channels = d - block * 4 < 4 ? d - block * 4 : 4;
    for (int i = 0; i < count; ++i) {
      float* out = cells.out[i] + block * 4;
      for (uint32_t c = 0; c < channels; ++c) {
        out[c] = real[c * L + i];
        out[d + c] = imag[c * L + i];
      }
    }
  }
}

}  // namespace atheria::engine
