// gemm against a double loop, and the promise that no split, packing or FMA level changes a bit.
#include "levels.hpp"

using namespace kernels_test;

namespace {

struct Problem {
  int64_t m, n, k, lda, ldb, ldc;
  std::vector<float> a, b, bias, residual, start;
  bool accumulate, has_bias, has_residual;
  Activation activation;
};

Problem random_problem(Generator& g, int64_t most) {
  Problem p{};
  p.m = g.size(1, most), p.n = g.size(1, most), p.k = g.size(g.flip() ? 0 : 1, most);
  p.lda = p.k + g.size(0, 5), p.ldb = p.n + g.size(0, 5), p.ldc = p.n + g.size(0, 5);
  p.a = g.reals(p.m * p.lda + 1), p.b = g.reals(p.k * p.ldb + 1), p.bias = g.reals(p.n);
  p.residual = g.reals(p.m * p.ldc), p.start = g.reals(p.m * p.ldc);
  p.accumulate = g.size(0, 3) == 0, p.has_bias = g.flip(), p.has_residual = g.size(0, 2) == 0;
  p.activation = static_cast<Activation>(g.size(0, 7));
  return p;
}

GemmCall call_of(const Problem& p, const float* b, int64_t ldb, float* c) {
  GemmCall call;
  call.m = p.m, call.n = p.n, call.k = p.k, call.n_begin = 0, call.n_end = p.n;
  call.a = p.a.data(), call.lda = p.lda, call.b = b, call.ldb = ldb, call.c = c, call.ldc = p.ldc;
  call.accumulate = p.accumulate;
  call.epilogue.bias = p.has_bias ? p.bias.data() : nullptr;
  call.epilogue.residual = p.has_residual ? p.residual.data() : nullptr;
  call.epilogue.residual_ld = p.ldc;
  call.epilogue.activation = p.activation;
  call.epilogue.alpha = 0.75f;
  return call;
}

std::vector<float> guarded(const Problem& p) {
  std::vector<float> c(static_cast<size_t>(p.m * p.ldc), kGuard);
  for (int64_t i = 0; i < p.m; ++i) {
    for (int64_t j = 0; j < p.n; ++j) c[i * p.ldc + j] = p.start[i * p.ldc + j];
  }
  return c;
}

std::vector<float> packed(const KernelTable& t, const Problem& p) {
  std::vector<float> out(static_cast<size_t>(t.pack_b_floats(p.k, p.n)) + 1, kGuard);
  t.pack_b(p.k, p.n, 0, p.n, p.b.data(), p.ldb, false, out.data());
  EXPECT_EQ(out.back(), kGuard);
  return out;
}

void expect_close(const KernelTable& t, const Problem& p, const std::vector<float>& c) {
  for (int64_t i = 0; i < p.m; ++i) {
    for (int64_t j = 0; j < p.ldc; ++j) {
      const float got = c[i * p.ldc + j];
      if (j >= p.n) {
        if (!EXPECT_EQ(got, kGuard)) return;
        continue;
      }
      double sum = p.accumulate ? p.start[i * p.ldc + j] : 0.0, magnitude = std::fabs(sum);
      for (int64_t k = 0; k < p.k; ++k) {
        const double product = double(p.a[i * p.lda + k]) * p.b[k * p.ldb + j];
        sum += product, magnitude += std::fabs(product);
      }
      if (p.has_bias) sum += p.bias[j], magnitude += std::fabs(p.bias[j]);
      if (p.has_residual) sum += p.residual[i * p.ldc + j], magnitude += 1;
      const double wanted = activation_of(p.activation, sum, 0.75);
      // One rounding a step, each at most half an ulp of the running magnitude.
      if (!EXPECT_NEAR(got, wanted, 6e-8 * (double(p.k) + 8) * magnitude + 1e-6)) {
        std::fprintf(stderr, "  level %s, m %ld n %ld k %ld at (%ld, %ld)\n", t.name, long(p.m), long(p.n), long(p.k),
                     long(i), long(j));
        return;
      }
    }
  }
}

}  // namespace

TEST(gemm_equals_a_double_loop) {
  for (const KernelTable* t : levels()) {
    Generator g(1);
    for (int round = 0; round < 60; ++round) {
      const Problem p = random_problem(g, round < 50 ? 70 : 180);
      std::vector<float> c = guarded(p);
      const std::vector<float> b = packed(*t, p);
      const GemmCall call = call_of(p, b.data(), 0, c.data());
      t->gemm(&call);
      expect_close(*t, p, c);
    }
  }
}

TEST(gemm_blocks_of_k_and_n_change_nothing_but_speed) {
  for (const KernelTable* t : levels()) {
    Generator g(2);
    Problem p = random_problem(g, 4);
    p.m = 19, p.n = 410, p.k = 900, p.lda = 1024, p.ldb = 411, p.ldc = 413;
    p.a = g.reals(p.m * p.lda), p.b = g.reals(p.k * p.ldb), p.bias = g.reals(p.n);
    p.residual = g.reals(p.m * p.ldc), p.start = g.reals(p.m * p.ldc);
    std::vector<float> c = guarded(p);
    const std::vector<float> b = packed(*t, p);
    GemmCall call = call_of(p, b.data(), 0, c.data());
    t->gemm(&call);
    expect_close(*t, p, c);

    // The first k half, then the second on top of it: the same chain.
    p.has_bias = p.has_residual = false, p.activation = Activation::none;
    std::vector<float> whole = guarded(p), halves = guarded(p);
    GemmCall once = call_of(p, p.b.data(), p.ldb, whole.data()), twice = call_of(p, p.b.data(), p.ldb, halves.data());
    t->gemm(&once);
    twice.k = 321;
    t->gemm(&twice);
    twice.accumulate = true, twice.k = p.k - 321, twice.a += 321, twice.b += 321 * p.ldb;
    t->gemm(&twice);
    EXPECT(same_bits(whole.data(), halves.data(), p.m * p.ldc));
  }
}

TEST(gemm_gives_the_same_bits_for_any_split_and_any_packing) {
  for (const KernelTable* t : levels()) {
    Generator g(3);
    for (int round = 0; round < 30; ++round) {
      const Problem p = random_problem(g, 150);
      const std::vector<float> b = packed(*t, p);
      std::vector<float> whole = guarded(p), unpacked = guarded(p), split = guarded(p);
      GemmCall call = call_of(p, b.data(), 0, whole.data());
      t->gemm(&call);
      call = call_of(p, p.b.data(), p.ldb, unpacked.data());
      t->gemm(&call);
      EXPECT(same_bits(whole.data(), unpacked.data(), p.m * p.ldc));
      const int64_t cut_m = g.size(0, p.m), cut_n = g.size(0, p.n / t->panel_columns) * t->panel_columns;
      for (int part = 0; part < 4; ++part) {
        GemmCall piece = call_of(p, b.data(), 0, split.data());
        const int64_t m0 = part & 1 ? cut_m : 0;
        piece.m = part & 1 ? p.m - cut_m : cut_m;
        piece.n_begin = part & 2 ? cut_n : 0, piece.n_end = part & 2 ? p.n : cut_n;
        piece.a += m0 * p.lda, piece.c += m0 * p.ldc;
        if (piece.epilogue.residual) piece.epilogue.residual += m0 * p.ldc;
        t->gemm(&piece);
      }
      EXPECT(same_bits(whole.data(), split.data(), p.m * p.ldc));
    }
  }
}

TEST(gemm_of_a_large_unpacked_b_goes_through_blocks_with_the_same_bits) {
  for (const KernelTable* t : levels()) {
    Generator g(6);
    for (int round = 0; round < 3; ++round) {
      Problem p = random_problem(g, 4);
      p.m = g.size(60, 90), p.n = g.size(250, 330), p.k = g.size(330, 600), p.lda = p.k, p.ldb = p.n + 3, p.ldc = p.n + 1;
      p.a = g.reals(p.m * p.lda), p.b = g.reals(p.k * p.ldb), p.bias = g.reals(p.n);
      p.residual = g.reals(p.m * p.ldc), p.start = g.reals(p.m * p.ldc);
      const std::vector<float> b = packed(*t, p);
      std::vector<float> whole = guarded(p), unpacked = guarded(p), split = guarded(p);
      GemmCall call = call_of(p, b.data(), 0, whole.data());
      t->gemm(&call);
      call = call_of(p, p.b.data(), p.ldb, unpacked.data());
      t->gemm(&call);
      EXPECT(same_bits(whole.data(), unpacked.data(), p.m * p.ldc));
      call.c = split.data(), call.n_end = 5 * t->panel_columns;
      t->gemm(&call);
      call.n_begin = call.n_end, call.n_end = p.n;
      t->gemm(&call);
      EXPECT(same_bits(whole.data(), split.data(), p.m * p.ldc));
    }
  }
}

TEST(gemm_packs_a_transposed_b_and_pieces_of_b_alike) {
  for (const KernelTable* t : levels()) {
    Generator g(4);
    for (int round = 0; round < 20; ++round) {
      const Problem p = random_problem(g, 100);
      std::vector<float> transposed(static_cast<size_t>(p.n * p.k + 1));
      for (int64_t k = 0; k < p.k; ++k) {
        for (int64_t n = 0; n < p.n; ++n) transposed[n * p.k + k] = p.b[k * p.ldb + n];
      }
      const int64_t size = t->pack_b_floats(p.k, p.n);
      std::vector<float> straight(size, 0.0f), turned(size, 0.0f), pieces(size, 0.0f);
      t->pack_b(p.k, p.n, 0, p.n, p.b.data(), p.ldb, false, straight.data());
      t->pack_b(p.k, p.n, 0, p.n, transposed.data(), p.k, true, turned.data());
      const int64_t cut = g.size(0, p.n / t->panel_columns) * t->panel_columns;
      t->pack_b(p.k, p.n, cut, p.n, p.b.data(), p.ldb, false, pieces.data());
      t->pack_b(p.k, p.n, 0, cut, p.b.data(), p.ldb, false, pieces.data());
      EXPECT(same_bits(straight.data(), turned.data(), size));
      EXPECT(same_bits(straight.data(), pieces.data(), size));
    }
  }
}

TEST(gemm_agrees_bit_for_bit_between_levels_with_fma) {
  std::vector<const KernelTable*> fused;
  for (const KernelTable* t : levels()) {
    if (t->has_fma) fused.push_back(t);
  }
  if (fused.size() < 2) SKIP("this CPU runs fewer than two levels with FMA");
  Generator g(5);
  for (int round = 0; round < 30; ++round) {
    const Problem p = random_problem(g, 120);
    std::vector<float> first;
    for (const KernelTable* t : fused) {
      std::vector<float> c = guarded(p);
      const std::vector<float> b = packed(*t, p);
      const GemmCall call = call_of(p, b.data(), 0, c.data());
      t->gemm(&call);
      if (first.empty()) first = c;
      EXPECT(same_bits(first.data(), c.data(), p.m * p.ldc));
    }
  }
}

EXPECT_MAIN
