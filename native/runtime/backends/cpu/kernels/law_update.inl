// The step's epilogue: psi' = (psi + Delta) / (|psi + Delta| + 1e-9) per cell, with optional product, decay and
// activity. A cell is 2 d floats, Re half then Im half; its sum of squares takes element j in lane j mod 16.
#include "math.hpp"

namespace atheria::kernels {
namespace {

constexpr float kNormFloor = 1e-9f;

// Delta after product and decay, elements [c, c+left) of the Re half and of the Im half.
struct ComplexPair {
  VecF re, im;
};
ATH_INLINE ComplexPair effective_delta(const LawUpdateCall& s, const float* psi, const float* delta, int64_t c,
                                       int64_t left) {
  const VecF pr = load_first(psi + c, left), pi = load_first(psi + s.d + c, left);
  VecF dr = load_first(delta + c, left), di = load_first(delta + s.d + c, left);
  if (s.product) {
    const VecF re = dr * pr - di * pi, im = dr * pi + di * pr;
    dr = re;
    di = im;
  }
  if (s.gamma != 0.0f) {
    const VecF g = splat(s.gamma);
    dr = dr - g * pr;
    di = di - g * pi;
  }
  return {dr, di};
}

ATH_INLINE float max_magnitude(VecF squares) {
  float lanes[kLanes], most = 0.0f;
  store(lanes, squares);
  for (int i = 0; i < kLanes; ++i) most = lanes[i] > most || lanes[i] != lanes[i] ? lanes[i] : most;
  return __builtin_sqrtf(most);
}

void law_update(const LawUpdateCall* call) {
  const LawUpdateCall& s = *call;
  const int64_t width = 2 * s.d;
  for (int64_t cell = 0; cell < s.cells; ++cell) {
    const float* psi = s.psi + cell * s.psi_ld;
    const float* delta = s.delta + cell * s.delta_ld;
    const float* background = s.background ? s.background + cell * s.background_ld : nullptr;
    float* out = s.out + cell * s.out_ld;
    VecF squares = zero();
    for (int64_t c = 0; c < s.d; c += kLanes) {
      const int64_t left = min_of(kLanes, s.d - c);
      const ComplexPair e = effective_delta(s, psi, delta, c, left);
      const VecF re = load_first(psi + c, left) + e.re, im = load_first(psi + s.d + c, left) + e.im;
      if (s.activity != Activity::none) {
        VecF away_re = re, away_im = im;
        if (s.activity == Activity::delta) {
          away_re = e.re;
          away_im = e.im;
        } else if (background) {
          away_re = re - load_first(background + c, left);
          away_im = im - load_first(background + s.d + c, left);
        }
        squares = max(squares, away_re * away_re + away_im * away_im);
      }
      store_first(out + c, re, left);
      store_first(out + s.d + c, im, left);
    }
    if (s.normalize) {
      Lanes16 acc = splat16(0.0f);
      for (int64_t j = 0; j < width; j += 16) {
        const Lanes16 v = load16_first_or(out + j, width - j, 0.0f);
        acc = map16(acc, map16(v, v, [](VecF a, VecF b) { return a * b; }), AddOp{});
      }
      const VecF norm = splat(__builtin_sqrtf(sum16(acc)) + kNormFloor);
      for (int64_t j = 0; j < width; j += kLanes) {
        const int64_t left = min_of(kLanes, width - j);
        store_first(out + j, load_first(out + j, left) / norm, left);
      }
    }
    if (s.activity != Activity::none) s.out_activity[cell] = max_magnitude(squares);
  }
}

}  // namespace
}  // namespace atheria::kernels
