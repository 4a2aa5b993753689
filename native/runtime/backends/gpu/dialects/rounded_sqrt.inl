// A square root within one unit in the last place, made the correctly rounded one; for dialects whose own is not.
#pragma once

// x is 0, or at least 2^-96 (so that no residual is a denormal), or infinite, or NaN, or negative.
ATH_FUNCTION float ath_rounded_sqrt(float x, float root) {
  if (!(x > 0.0f) || x == root + root) return root;  // 0, NaN, negative; 4 and infinity need no correction
  const float below = ath_float(ath_bits(root) - 1u), above = ath_float(ath_bits(root) + 1u);
  if (ath_fma(-below, root, x) <= 0.0f) return below;
  if (ath_fma(-above, root, x) > 0.0f) return above;
  return root;
}
