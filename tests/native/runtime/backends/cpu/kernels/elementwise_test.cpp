// Elementwise kernels equal their scalar definition bit for bit, at every length, offset and in place.
#include "levels.hpp"

using namespace kernels_test;

namespace {

float scalar(Binary op, float a, float b) {
  switch (op) {
    case Binary::add: return a + b;
    case Binary::sub: return a - b;
    case Binary::mul: return a * b;
    case Binary::div: return a / b;
    case Binary::max: return a > b ? a : b;
    case Binary::min: return a < b ? a : b;
  }
  return 0;
}

float scalar(Unary op, float x, float alpha) {
  switch (op) {
    case Unary::relu: return x > 0 ? x : 0;
    case Unary::neg: return -x;
    case Unary::abs: return std::fabs(x);
    case Unary::square: return x * x;
    case Unary::sqrt: return std::sqrt(x);
    case Unary::reciprocal: return 1 / x;
    case Unary::scale: return alpha * x;
    case Unary::offset: return x + alpha;
    default: return NAN;
  }
}

constexpr Unary kExact[] = {Unary::relu, Unary::neg,  Unary::abs,        Unary::square,
                            Unary::sqrt, Unary::scale, Unary::reciprocal, Unary::offset};

}  // namespace

TEST(elementwise_unary_is_exact_at_every_length) {
  for (const KernelTable* t : levels()) {
    Generator g(21);
    for (int64_t n = 0; n < 140; n += 1 + n / 20) {
      for (Unary op : kExact) {
        const std::vector<float> x = g.reals(n + 1, op == Unary::sqrt ? 0.0f : -3.0f, 3.0f);
        std::vector<float> out(n + 2, kGuard), wanted(n + 2, kGuard);
        for (int64_t i = 0; i < n; ++i) wanted[i + 1] = scalar(op, x[i + 1], 0.3f);
        t->unary(op, n, 0.3f, x.data() + 1, out.data() + 1);
        EXPECT(same_bits(out.data(), wanted.data(), n + 2));
      }
    }
  }
}

TEST(elementwise_binary_is_exact_against_a_vector_a_scalar_and_a_row) {
  for (const KernelTable* t : levels()) {
    Generator g(22);
    for (int64_t n = 0; n < 140; n += 1 + n / 20) {
      for (int o = 0; o <= static_cast<int>(Binary::min); ++o) {
        const Binary op = static_cast<Binary>(o);
        const std::vector<float> a = g.reals(n), b = g.reals(n);
        std::vector<float> out(n + 1, kGuard), wanted(n + 1, kGuard);
        for (int64_t i = 0; i < n; ++i) wanted[i] = scalar(op, a[i], b[i]);
        t->binary(op, n, a.data(), b.data(), out.data());
        EXPECT(same_bits(out.data(), wanted.data(), n + 1));
        for (int64_t i = 0; i < n; ++i) wanted[i] = scalar(op, a[i], 0.37f);
        out.assign(a.begin(), a.end());
        out.push_back(kGuard);
        t->binary_scalar(op, n, out.data(), 0.37f, out.data());
        EXPECT(same_bits(out.data(), wanted.data(), n + 1));

        const int64_t rows = 3, lda = n + 2, ldo = n + 1;
        const std::vector<float> table = g.reals(rows * lda);
        std::vector<float> got(rows * ldo, kGuard), want(rows * ldo, kGuard);
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t i = 0; i < n; ++i) want[r * ldo + i] = scalar(op, table[r * lda + i], b[i]);
        }
        t->binary_row(op, rows, n, table.data(), lda, b.data(), got.data(), ldo);
        EXPECT(same_bits(got.data(), want.data(), rows * ldo));
      }
    }
  }
}

TEST(elementwise_maximum_keeps_nan_of_either_side) {
  for (const KernelTable* t : levels()) {
    const float a[3] = {NAN, 1.0f, 2.0f}, b[3] = {0.0f, NAN, 1.0f};
    for (Binary op : {Binary::max, Binary::min}) {
      float out[3];
      t->binary(op, 3, a, b, out);
      EXPECT(std::isnan(out[0]) && std::isnan(out[1]));
      EXPECT_EQ(out[2], op == Binary::max ? 2.0f : 1.0f);
    }
  }
}

// Long outputs are written past the caches by another loop, from any alignment.
TEST(elementwise_long_ranges_equal_short_ones) {
  const int64_t n = (4 << 20) + 77;
  Generator g(23);
  const std::vector<float> a = g.reals(n + 3), b = g.reals(n + 3);
  std::vector<float> out(n + 4), wanted(n + 4, kGuard);
  for (int64_t i = 0; i < n; ++i) wanted[i + 3] = a[i + 1] * b[i + 2];
  for (const KernelTable* t : levels()) {
    out.assign(n + 4, kGuard);
    t->binary(Binary::mul, n, a.data() + 1, b.data() + 2, out.data() + 3);
    EXPECT(same_bits(out.data(), wanted.data(), n + 4));
    out.assign(n + 4, kGuard);
    std::memcpy(out.data() + 3, a.data(), n * sizeof(float));
    t->unary(Unary::relu, n, 0.0f, out.data() + 3, out.data() + 3);
    bool same = out[2] == kGuard && out[n + 3] == kGuard;
    for (int64_t i = 0; i < n; ++i) same = same && out[i + 3] == (a[i] > 0 ? a[i] : 0.0f);
    EXPECT(same);
  }
}

TEST(elementwise_complex_product) {
  for (const KernelTable* t : levels()) {
    Generator g(24);
    for (int64_t d : {1, 2, 3, 4, 7, 8, 9, 16, 21, 64}) {
      for (int64_t gap : {0, 1}) {
        const int64_t cells = 5, ld = 2 * d + gap;
        const std::vector<float> a = g.reals(cells * ld), b = g.reals(cells * ld);
        alignas(64) float out[5 * 129];
        std::vector<float> wanted(5 * 129, kGuard);
        for (float& v : out) v = kGuard;
        for (int64_t i = 0; i < cells; ++i) {
          for (int64_t c = 0; c < d; ++c) {
            const float ar = a[i * ld + c], ai = a[i * ld + d + c], br = b[i * ld + c], bi = b[i * ld + d + c];
            wanted[i * ld + c] = ar * br - ai * bi;
            wanted[i * ld + d + c] = ar * bi + ai * br;
          }
        }
        t->complex_mul(cells, d, a.data(), ld, b.data(), ld, out, ld);
        EXPECT(same_bits(out, wanted.data(), 5 * 129));
      }
    }
  }
}

EXPECT_MAIN
