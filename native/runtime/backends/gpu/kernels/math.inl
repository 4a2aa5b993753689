// exp, expm1, tanh, sigmoid, gelu: the polynomials of the cpu backend, from fma, division and nothing of a device's own library, so that every
// dialect gives the same bits wherever it rounds as IEEE 754 says.
#pragma once

// exp(x) = 2^n exp(r), |r| <= ln2 / 2.
ATH_FUNCTION float ath_expm1_reduced(float r) {
  const float square = r * r;
  const float high = ath_fma(r, 1.9875691500e-4f, 1.3981999507e-3f);
  const float middle = ath_fma(r, 8.3334519073e-3f, 4.1665795894e-2f);
  const float low = ath_fma(r, 1.6666665459e-1f, 5.0000001201e-1f);
  return ath_fma(ath_fma(ath_fma(high, square, middle), square, low), square, r);
}

// A NaN passes through every one of these: comparisons with it are false.
ATH_FUNCTION float ath_exp(float x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it leaves round(x) in the low bits
  x = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
  const float n_magic = ath_fma(x, 1.44269504088896341f, magic);
  const float n = n_magic - magic;
  float r = ath_fma(n, -0.693359375f, x);
  r = ath_fma(n, 2.12194440e-4f, r);
  const float power = 1.0f + ath_expm1_reduced(r);
  // In two factors, so that the ends of the range are reached by rounding once.
  const unsigned int whole = ath_bits(n_magic) - 0x4b400000u;
  const unsigned int part = whole >> 1;  // of a negative one too: what differs is shifted out
  return power * ath_float((part + 127u) << 23) * ath_float((whole - part + 127u) << 23);
}

// exp(x) - 1 for x <= 0, without cancellation near 0.
ATH_FUNCTION float ath_expm1_negative(float x) {
  const float magic = 12582912.0f;
  x = x < -40.0f ? -40.0f : x;
  const float n_magic = ath_fma(x, 1.44269504088896341f, magic);
  const float r = ath_fma(n_magic - magic, -0.69314718055994531f, x);
  const float power = ath_float((ath_bits(n_magic) << 23) + 0x3f800000u);
  return ath_fma(power, ath_expm1_reduced(r), power - 1.0f);
}

ATH_FUNCTION float ath_magnitude(float x) { return ath_float(ath_bits(x) & 0x7fffffffu); }

ATH_FUNCTION float ath_sigmoid(float x) {
  const float e = ath_exp(-ath_magnitude(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

ATH_FUNCTION float ath_tanh(float x) {
  const float size = ath_magnitude(x);
  float result;
  if (size < 0.625f) {  // near 0 an odd polynomial, elsewhere 1 - 2 / (exp(2|x|) + 1)
    const float square = x * x;
    float p = -5.70498872745e-3f;
    p = ath_fma(p, square, 2.06390887954e-2f);
    p = ath_fma(p, square, -5.37397155531e-2f);
    p = ath_fma(p, square, 1.33314422036e-1f);
    p = ath_fma(p, square, -3.33332819422e-1f);
    result = ath_fma(p * square, size, size);
  } else {
    result = 1.0f - 2.0f / (ath_exp(size + size) + 1.0f);
  }
  return ath_float(ath_bits(result) | (ath_bits(x) & 0x80000000u));
}

// By an Operation below kScale.
ATH_FUNCTION float ath_activate(unsigned int operation, float x) {
  switch (operation) {
    case atheria::gpu::kRelu: return x < 0.0f ? 0.0f : x;
    case atheria::gpu::kElu: return x <= 0.0f ? ath_expm1_negative(x) : x;
    case atheria::gpu::kSigmoid: return ath_sigmoid(x);
    case atheria::gpu::kTanh: return ath_tanh(x);
    case atheria::gpu::kGelu: {
      const float u = 0.79788456080286536f * ath_fma(0.044715f * x * x, x, x);
      return x * ath_sigmoid(u + u);
    }
    case atheria::gpu::kSilu: return x * ath_sigmoid(x);
    default: return x;
  }
}
