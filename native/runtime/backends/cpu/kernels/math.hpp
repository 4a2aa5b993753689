// exp, expm1, tanh, sigmoid, gelu on vectors: the same polynomials on every level, at most 2 ulp for exp and tanh.
#pragma once

#include "simd.hpp"
#include "table.hpp"

namespace atheria::kernels {
namespace {

constexpr float kRoundMagic = 12582912.0f;  // 1.5 * 2^23: adding it leaves round(x) in the low bits

// exp(x) = 2^n exp(r), |r| <= ln2 / 2. ln2 is split so that n * hi is exact without FMA as well.
struct ExpSplit {
  VecF n_magic;  // n + kRoundMagic
  VecF r;
};
ATH_INLINE ExpSplit split_exp(VecF x) {
  ExpSplit s;
  s.n_magic = fma(x, splat(1.44269504088896341f), splat(kRoundMagic));
  const VecF n = s.n_magic - splat(kRoundMagic);
  s.r = fma(n, splat(-0.693359375f), x);
  s.r = fma(n, splat(2.12194440e-4f), s.r);
  return s;
}
// exp(r) - 1 = r + r^2 q(r). Pairs of terms side by side: a chain of seven would wait for itself.
ATH_INLINE VecF expm1_reduced(VecF r) {
  const VecF square = r * r;
  const VecF high = fma(r, splat(1.9875691500e-4f), splat(1.3981999507e-3f));
  const VecF middle = fma(r, splat(8.3334519073e-3f), splat(4.1665795894e-2f));
  const VecF low = fma(r, splat(1.6666665459e-1f), splat(5.0000001201e-1f));
  return fma(fma(fma(high, square, middle), square, low), square, r);
}
// v * 2^n for n in [-160, 130], one rounding, gradual underflow, overflow to infinity.
ATH_INLINE VecF scale_by_exponent(VecF v, VecF n_magic) {
#if defined(__AVX512F__)
  return _mm512_scalef_ps(v, n_magic - splat(kRoundMagic));
#else
  const VecI n = bits(n_magic) - splat_int(0x4b400000);
  const VecI half = n >> 1;
  const VecF low = floats((half + 127) << 23);
  const VecF high = floats((n - half + 127) << 23);
  return v * low * high;
#endif
}

// For x below 89. max and min keep their second operand when it is NaN.
ATH_INLINE VecF exp_bounded(VecF x) {
  const ExpSplit s = split_exp(max(splat(-104.0f), x));
  return scale_by_exponent(splat(1.0f) + expm1_reduced(s.r), s.n_magic);
}
ATH_INLINE VecF exp(VecF x) { return exp_bounded(min(splat(89.0f), x)); }

// exp(x) - 1 for x <= 0, without cancellation near 0; anything for x > 0. One constant for ln2 is enough here: where
// n is large, exp(x) is small against 1.
ATH_INLINE VecF expm1_negative(VecF x) {
  const VecF clamped = max(splat(-40.0f), x);
  const VecF n_magic = fma(clamped, splat(1.44269504088896341f), splat(kRoundMagic));
  const VecF r = fma(n_magic - splat(kRoundMagic), splat(-0.69314718055994531f), clamped);
  const VecF power = floats(wrapping_add(bits(n_magic) << 23, splat_int(0x3f800000)));
  return fma(power, expm1_reduced(r), power - splat(1.0f));
}

ATH_INLINE VecF sigmoid(VecF x) {
  const VecF e = exp_bounded(-abs(x));
  const VecF top = select(x < zero(), e, splat(1.0f));
  return top / (splat(1.0f) + e);
}

ATH_INLINE VecF tanh(VecF x) {
  const VecF magnitude = abs(x);
  // Near 0 an odd polynomial, elsewhere 1 - 2 / (exp(2|x|) + 1).
  const VecF square = x * x;
  VecF p = splat(-5.70498872745e-3f);
  p = fma(p, square, splat(2.06390887954e-2f));
  p = fma(p, square, splat(-5.37397155531e-2f));
  p = fma(p, square, splat(1.33314422036e-1f));
  p = fma(p, square, splat(-3.33332819422e-1f));
  const VecF near_zero = fma(p * square, magnitude, magnitude);
  const VecF e = exp(magnitude + magnitude);
  const VecF far = splat(1.0f) - splat(2.0f) / (e + splat(1.0f));
  const VecI sign = bits(x) & splat_int(static_cast<int32_t>(0x80000000u));
  return floats(bits(select(magnitude < splat(0.625f), near_zero, far)) | sign);
}

// erfc(z), z >= 0: t exp(-z^2 + P(t)), t = 1 / (1 + z/2); relative error below 2e-7 near 0 and growing with z^2.
ATH_INLINE VecF erfc_positive(VecF z) {
  const VecF t = splat(1.0f) / fma(z, splat(0.5f), splat(1.0f));
  VecF p = splat(0.17087277f);
  p = fma(p, t, splat(-0.82215223f));
  p = fma(p, t, splat(1.48851587f));
  p = fma(p, t, splat(-1.13520398f));
  p = fma(p, t, splat(0.27886807f));
  p = fma(p, t, splat(-0.18628806f));
  p = fma(p, t, splat(0.09678418f));
  p = fma(p, t, splat(0.37409196f));
  p = fma(p, t, splat(1.00002368f));
  p = fma(p, t, splat(-1.26551223f));
  return t * exp_bounded(p - z * z);
}

ATH_INLINE VecF gelu(VecF x) {
  const VecF half_tail = splat(0.5f) * erfc_positive(abs(x) * splat(0.70710678118654752f));
  return x * select(x < zero(), half_tail, splat(1.0f) - half_tail);
}

ATH_INLINE VecF gelu_tanh(VecF x) {
  const VecF u = splat(0.79788456080286536f) * fma(splat(0.044715f) * x * x, x, x);
  return x * sigmoid(u + u);
}

ATH_INLINE VecF relu(VecF x) { return max(zero(), x); }
ATH_INLINE VecF elu(VecF x, VecF alpha) { return select(x > zero(), x, alpha * expm1_negative(x)); }
ATH_INLINE VecF elu(VecF x) { return select(x > zero(), x, expm1_negative(x)); }
ATH_INLINE VecF silu(VecF x) { return x * sigmoid(x); }

}  // namespace
}  // namespace atheria::kernels
