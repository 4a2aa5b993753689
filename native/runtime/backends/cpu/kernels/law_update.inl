// The step's epilogue: psi' = (psi + Delta) / (|psi + Delta| + 1e-9) per cell, with optional product, decay and
// activity. A cell is 2 d floats, Re half then Im half; its sum of squares takes element j in lane j mod 16.
#pragma once

#include "elementwise.inl"

namespace atheria::kernels {
namespace {

constexpr float kNormFloor = 1e-9f;

// A NaN among the channels is the cell's activity: the engine looks for it there.
struct FarthestOp {
  ATH_INLINE VecF operator()(VecF a, VecF b) const { return max_nan(a, b); }
};

// Any d, one cell: s goes to `out`, then |s| is summed and divided out in a second pass over the cell.
ATH_INLINE void update_cell(const LawUpdateCall& s, int64_t cell) {
  const float* psi = s.psi + cell * s.psi_ld;
  const float* delta = s.delta + cell * s.delta_ld;
  const float* background = s.background ? s.background + cell * s.background_ld : nullptr;
  float* out = s.out + cell * s.out_ld;
  const VecF gamma = splat(s.gamma);
  VecF squares = zero();
  for (int64_t c = 0; c < s.d; c += kLanes) {
    const int64_t left = min_of(kLanes, s.d - c);
    const VecF pr = load_first(psi + c, left), pi = load_first(psi + s.d + c, left);
    VecF dr = load_first(delta + c, left), di = load_first(delta + s.d + c, left);
    if (s.product) {
      const VecF re = dr * pr - di * pi, im = dr * pi + di * pr;
      dr = re;
      di = im;
    }
    dr = dr - gamma * pr;
    di = di - gamma * pi;
    const VecF re = pr + dr, im = pi + di;
    if (s.activity != Activity::none) {
      VecF away_re = re, away_im = im;
      if (s.activity == Activity::delta) {
        away_re = dr;
        away_im = di;
      } else if (background) {
        away_re = re - load_first(background + c, left);
        away_im = im - load_first(background + s.d + c, left);
      }
      squares = FarthestOp{}(squares, away_re * away_re + away_im * away_im);
    }
    // A masked store cannot be forwarded to the loads below, so it is kept for the tail.
    if (left == kLanes) {
      store(out + c, re);
      store(out + s.d + c, im);
    } else {
      store_first(out + c, re, left);
      store_first(out + s.d + c, im, left);
    }
  }
  if (s.normalize) {
    const int64_t width = 2 * s.d;
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
  if (s.activity != Activity::none) {
    float lanes[kLanes], most = 0.0f;
    store(lanes, squares);
    for (int i = 0; i < kLanes; ++i) most = lanes[i] > most || lanes[i] != lanes[i] ? lanes[i] : most;
    s.out_activity[cell] = __builtin_sqrtf(most);
  }
}

#if defined(__AVX512F__)

// Folds lanes of sixteen vectors at once; lane c of the result is vector c folded by halves, as fold16 does it.
template <class First, class Rest>
ATH_INLINE VecF fold_sixteen(const VecF (&v)[16], First first, Rest rest) {
  __m512 eight[8], four[4], two[2];
  ATH_UNROLL for (int i = 0; i < 8; ++i) {
    eight[i] = first(VecF(_mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0x44)),
                     VecF(_mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0xee)));
  }
  ATH_UNROLL for (int i = 0; i < 4; ++i) {
    four[i] = rest(VecF(_mm512_shuffle_f32x4(eight[2 * i], eight[2 * i + 1], 0x88)),
                   VecF(_mm512_shuffle_f32x4(eight[2 * i], eight[2 * i + 1], 0xdd)));
  }
  ATH_UNROLL for (int i = 0; i < 2; ++i) {
    two[i] = rest(VecF(_mm512_shuffle_ps(four[2 * i], four[2 * i + 1], 0x44)),
                  VecF(_mm512_shuffle_ps(four[2 * i], four[2 * i + 1], 0xee)));
  }
  const __m512 one = rest(VecF(_mm512_shuffle_ps(two[0], two[1], 0x88)), VecF(_mm512_shuffle_ps(two[0], two[1], 0xdd)));
  // Lane 4 b + j holds vector 4 j + b.
  return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), one);
}

// Sixteen cells of d = 8, one register each.
template <bool Measured>
ATH_NOINLINE void update_sixteen(const LawUpdateCall& s, int64_t cell, float* out, int64_t out_ld, bool stream) {
  const VecF gamma = splat(s.gamma);
  VecF state[16], square[16];
  ATH_UNROLL for (int i = 0; i < 16; ++i) {
    const VecF p = load(s.psi + (cell + i) * s.psi_ld);
    VecF q = load(s.delta + (cell + i) * s.delta_ld);
    if (s.product) q = complex_product(q, p);
    q = q - gamma * p;
    state[i] = p + q;
    if (Measured) {
      VecF away = state[i];
      if (s.activity == Activity::delta) {
        away = q;
      } else if (s.background) {
        away = away - load(s.background + (cell + i) * s.background_ld);
      }
      square[i] = away * away;
    }
  }
  if (Measured) store(s.out_activity + cell, sqrt(fold_sixteen(square, AddOp{}, FarthestOp{})));
  if (s.normalize) {
    ATH_UNROLL for (int i = 0; i < 16; ++i) square[i] = state[i] * state[i];
    alignas(64) float norms[16];
    store(norms, sqrt(fold_sixteen(square, AddOp{}, AddOp{})) + splat(kNormFloor));
    ATH_UNROLL for (int i = 0; i < 16; ++i) state[i] = state[i] / splat(norms[i]);
  }
  if (stream) {
    ATH_UNROLL for (int i = 0; i < 16; ++i) store_stream(out + i * out_ld, state[i]);
  } else {
    ATH_UNROLL for (int i = 0; i < 16; ++i) store(out + i * out_ld, state[i]);
  }
}

int64_t update_in_registers(const LawUpdateCall& s) {
  if (s.d != 8) return 0;
  const auto update = s.activity == Activity::none ? &update_sixteen<false> : &update_sixteen<true>;
  const bool stream = s.cells * 16 >= kStreamFloats && s.out_ld % 16 == 0 && s.out != s.psi && s.out != s.delta &&
                      reinterpret_cast<uintptr_t>(s.out) % 64 == 0;
  int64_t cell = 0;
  for (; cell + 16 <= s.cells; cell += 16) update(s, cell, s.out + cell * s.out_ld, s.out_ld, stream);
  if (stream) stream_fence();
  return cell;
}

#else
int64_t update_in_registers(const LawUpdateCall&) { return 0; }
#endif

void law_update(const LawUpdateCall* call) {
  for (int64_t cell = update_in_registers(*call); cell < call->cells; ++cell) update_cell(*call, cell);
}

}  // namespace
}  // namespace atheria::kernels
