// The step's epilogue against its scalar definition, bit for bit, for every channel count, option and split.
#include "levels.hpp"

using namespace kernels_test;

namespace {

struct Problem {
  LawUpdateCall call;
  std::vector<float> psi, delta, background;
};

Problem random_problem(Generator& g) {
  Problem p;
  LawUpdateCall& c = p.call;
  const int64_t sizes[] = {1, 3, 4, 7, 8, 8, 8, 9, 16, 32, 37};
  c.cells = g.size(0, 70), c.d = sizes[g.size(0, 10)];
  c.psi_ld = 2 * c.d + (g.flip() ? g.size(0, 3) : 0), c.delta_ld = 2 * c.d + (g.flip() ? g.size(0, 3) : 0);
  c.out_ld = 2 * c.d + (g.flip() ? g.size(0, 3) : 0), c.background_ld = g.flip() ? 2 * c.d : 0;
  p.psi = g.reals(c.cells * c.psi_ld), p.delta = g.reals(c.cells * c.delta_ld);
  p.background = g.reals((c.cells + 1) * 2 * c.d);
  c.psi = p.psi.data(), c.delta = p.delta.data();
  c.background = g.size(0, 3) ? p.background.data() : nullptr;
  c.product = g.flip(), c.normalize = g.size(0, 4) > 0, c.gamma = g.flip() ? 0.01f : 0.0f;
  c.activity = static_cast<Activity>(g.size(0, 2));
  return p;
}

// One cell as the header of the table defines it; `out` has 2 d floats. Returns the activity.
float define(const LawUpdateCall& c, int64_t cell, std::vector<float>& out) {
  const float* psi = c.psi + cell * c.psi_ld;
  const float* delta = c.delta + cell * c.delta_ld;
  float most = 0, lanes[16] = {};
  out.resize(2 * c.d);
  for (int64_t i = 0; i < c.d; ++i) {
    const float pr = psi[i], pi = psi[c.d + i];
    float dr = delta[i], di = delta[c.d + i];
    if (c.product) {
      const float re = dr * pr - di * pi, im = dr * pi + di * pr;
      dr = re, di = im;
    }
    dr = dr - c.gamma * pr, di = di - c.gamma * pi;
    out[i] = pr + dr, out[c.d + i] = pi + di;
    float ar = dr, ai = di;
    if (c.activity == Activity::background) {
      const float* b = c.background ? c.background + cell * c.background_ld : nullptr;
      ar = out[i] - (b ? b[i] : 0), ai = out[c.d + i] - (b ? b[c.d + i] : 0);
    }
    most = std::max(most, ar * ar + ai * ai);
  }
  for (int64_t j = 0; j < 2 * c.d; ++j) lanes[j % 16] += out[j] * out[j];
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  if (c.normalize) {
    const float norm = std::sqrt(lanes[0]) + 1e-9f;
    for (float& v : out) v /= norm;
  }
  return std::sqrt(most);
}

}  // namespace

TEST(law_update_is_its_definition_bit_for_bit) {
  for (const KernelTable* t : levels()) {
    Generator g(41);
    for (int round = 0; round < 120; ++round) {
      const Problem p = random_problem(g);
      std::vector<float> out(p.call.cells * p.call.out_ld + 1, kGuard), activity(p.call.cells + 1, kGuard), wanted;
      LawUpdateCall call = p.call;
      call.out = out.data(), call.out_activity = activity.data();
      t->law_update(&call);
      for (int64_t cell = 0; cell < call.cells; ++cell) {
        const float most = define(call, cell, wanted);
        if (!EXPECT(same_bits(out.data() + cell * call.out_ld, wanted.data(), 2 * call.d))) {
          std::fprintf(stderr, "  %s, d %ld, cell %ld of %ld\n", t->name, long(call.d), long(cell), long(call.cells));
          break;
        }
        if (call.activity != Activity::none) EXPECT_EQ(activity[cell], most);
        for (int64_t j = 2 * call.d; j < call.out_ld; ++j) EXPECT_EQ(out[cell * call.out_ld + j], kGuard);
      }
      EXPECT_EQ(activity.back(), kGuard);
      EXPECT_EQ(out.back(), kGuard);
    }
  }
}

TEST(law_update_in_place_and_in_pieces) {
  for (const KernelTable* t : levels()) {
    Generator g(42);
    for (int round = 0; round < 60; ++round) {
      Problem p = random_problem(g);
      LawUpdateCall call = p.call;
      call.out_ld = call.psi_ld;
      std::vector<float> out(call.cells * call.psi_ld + 1), activity(call.cells + 1), piece_activity(call.cells + 1);
      call.out = out.data(), call.out_activity = activity.data();
      t->law_update(&call);

      std::vector<float> in_place(p.psi);
      call.psi = call.out = in_place.data(), call.out_activity = piece_activity.data();
      const int64_t cut = g.size(0, call.cells);
      for (int part = 0; part < 2; ++part) {
        LawUpdateCall piece = call;
        const int64_t from = part ? cut : 0;
        piece.cells = part ? call.cells - cut : cut;
        piece.psi += from * call.psi_ld, piece.out += from * call.out_ld, piece.delta += from * call.delta_ld;
        if (piece.background) piece.background += from * call.background_ld;
        piece.out_activity += from;
        t->law_update(&piece);
      }
      for (int64_t cell = 0; cell < call.cells; ++cell) {
        EXPECT(same_bits(out.data() + cell * call.psi_ld, in_place.data() + cell * call.psi_ld, 2 * call.d));
      }
      if (call.activity != Activity::none) EXPECT(same_bits(activity.data(), piece_activity.data(), call.cells));
    }
  }
}

EXPECT_MAIN
