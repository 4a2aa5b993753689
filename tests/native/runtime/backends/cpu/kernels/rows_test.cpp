// softmax, sums and norms along rows: values against double, the 16-lane order by bits, rows alone or together.
#include <new>

#include "levels.hpp"

using namespace kernels_test;

namespace {

// The order that every level promises: element i in lane i mod 16, then i with i+8, i+4, i+2, i+1.
float lane_sum(const std::vector<float>& terms) {
  float lanes[16] = {};
  for (size_t i = 0; i < terms.size(); ++i) lanes[i % 16] += terms[i];
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

}  // namespace

TEST(rows_sums_follow_the_published_order) {
  for (const KernelTable* t : levels()) {
    Generator g(31);
    for (int64_t n : {0, 1, 3, 8, 15, 16, 17, 40, 63, 64, 65, 200, 1000}) {
      const int64_t ld = n + 2;
      const std::vector<float> x = g.reals(3 * ld);
      float sums[4], squares[4], most[4];
      sums[3] = squares[3] = most[3] = kGuard;
      t->row_reduce(RowSum::sum, 3, n, x.data(), ld, sums);
      t->row_reduce(RowSum::sum_squares, 3, n, x.data(), ld, squares);
      t->row_reduce(RowSum::max, 3, n, x.data(), ld, most);
      for (int r = 0; r < 3; ++r) {
        const std::vector<float> row(x.begin() + r * ld, x.begin() + r * ld + n);
        std::vector<float> square(row);
        for (float& v : square) v *= v;
        EXPECT_EQ(sums[r], lane_sum(row));
        EXPECT_EQ(squares[r], lane_sum(square));
        float top = -INFINITY;
        for (float v : row) top = v > top ? v : top;
        EXPECT_EQ(most[r], top);
      }
      EXPECT_EQ(sums[3], kGuard);
      EXPECT_EQ(most[3], kGuard);
    }
  }
}

TEST(rows_softmax) {
  for (const KernelTable* t : levels()) {
    Generator g(32);
    for (int64_t n : {1, 2, 7, 8, 16, 19, 64, 127, 1000}) {
      for (float scale : {1.0f, 0.125f, -2.0f}) {
        const int64_t rows = 4, ldx = n + 3, ldo = n + 1;
        const std::vector<float> x = g.reals(rows * ldx, -30.0f, 30.0f);
        std::vector<float> out(rows * ldo, kGuard), in_place(x), alone(n);
        t->softmax(rows, n, scale, x.data(), ldx, out.data(), ldo);
        t->softmax(rows, n, scale, in_place.data(), ldx, in_place.data(), ldx);
        for (int64_t r = 0; r < rows; ++r) {
          double top = -INFINITY, total = 0;
          for (int64_t i = 0; i < n; ++i) top = std::max(top, double(x[r * ldx + i]) * scale);
          for (int64_t i = 0; i < n; ++i) total += std::exp(double(x[r * ldx + i]) * scale - top);
          for (int64_t i = 0; i < n; ++i) {
            const double wanted = std::exp(double(x[r * ldx + i]) * scale - top) / total;
            // The argument's own rounding (|x| up to 60) dominates.
            EXPECT_NEAR(out[r * ldo + i], wanted, 1e-5 * wanted + 1e-30);
          }
          EXPECT_EQ(out[r * ldo + n], kGuard);
          t->softmax(1, n, scale, x.data() + r * ldx, ldx, alone.data(), n);
          EXPECT(same_bits(alone.data(), out.data() + r * ldo, n));
          EXPECT(same_bits(alone.data(), in_place.data() + r * ldx, n));
        }
      }
    }
  }
}

// A long output is written past the caches by another loop.
TEST(rows_softmax_of_many_rows_equals_one_at_a_time) {
  Generator g(34);
  for (int64_t n : {48, 4096}) {
    const int64_t rows = (4 << 20) / n + 3;
    const std::vector<float> x = g.reals(rows * n, -5.0f, 5.0f);
    float* out = static_cast<float*>(::operator new(rows * n * sizeof(float), std::align_val_t{64}));
    std::vector<float> alone(n);
    for (const KernelTable* t : levels()) {
      t->softmax(rows, n, 1.0f, x.data(), n, out, n);
      for (int64_t r = 0; r < rows; r += r < rows - 40 ? 37 : 1) {
        t->softmax(1, n, 1.0f, x.data() + r * n, n, alone.data(), n);
        if (!EXPECT(same_bits(alone.data(), out + r * n, n))) break;
      }
    }
    ::operator delete(out, std::align_val_t{64});
  }
}

TEST(rows_softmax_of_masked_and_broken_rows) {
  for (const KernelTable* t : levels()) {
    float x[20], out[20];
    for (float& v : x) v = -INFINITY;
    x[3] = x[17] = 5.0f;
    t->softmax(1, 20, 1.0f, x, 20, out, 20);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(out[i], i == 3 || i == 17 ? 0.5f : 0.0f);
    x[0] = NAN;
    t->softmax(1, 20, 1.0f, x, 20, out, 20);
    for (float v : out) EXPECT(std::isnan(v));
  }
}

TEST(rows_layer_and_rms_norm) {
  for (const KernelTable* t : levels()) {
    Generator g(33);
    for (int64_t n : {1, 5, 16, 33, 64, 300}) {
      const int64_t rows = 3, ldx = n + 2, ldo = n + 1;
      const std::vector<float> x = g.reals(rows * ldx, -2.0f, 5.0f), weight = g.reals(n), bias = g.reals(n);
      for (int with = 0; with < 2; ++with) {
        std::vector<float> layer(rows * ldo, kGuard), rms(rows * ldo, kGuard);
        t->layer_norm(rows, n, 1e-3f, x.data(), ldx, with ? weight.data() : nullptr, with ? bias.data() : nullptr,
                      layer.data(), ldo);
        t->rms_norm(rows, n, 1e-3f, x.data(), ldx, with ? weight.data() : nullptr, rms.data(), ldo);
        for (int64_t r = 0; r < rows; ++r) {
          double mean = 0, variance = 0, squares = 0;
          for (int64_t i = 0; i < n; ++i) mean += x[r * ldx + i], squares += double(x[r * ldx + i]) * x[r * ldx + i];
          mean /= double(n), squares /= double(n);
          for (int64_t i = 0; i < n; ++i) variance += std::pow(x[r * ldx + i] - mean, 2) / double(n);
          for (int64_t i = 0; i < n; ++i) {
            const double w = with ? weight[i] : 1, b = with ? bias[i] : 0;
            EXPECT_NEAR(layer[r * ldo + i], (x[r * ldx + i] - mean) / std::sqrt(variance + 1e-3) * w + b, 2e-5);
            EXPECT_NEAR(rms[r * ldo + i], x[r * ldx + i] / std::sqrt(squares + 1e-3) * w, 2e-6);
          }
          EXPECT_EQ(layer[r * ldo + n], kGuard);
          EXPECT_EQ(rms[r * ldo + n], kGuard);
        }
      }
    }
  }
}

EXPECT_MAIN
