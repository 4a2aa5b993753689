// exp, tanh and the activations against long double over every 2003rd float; exact cases; the same bits on FMA levels.
#include "levels.hpp"

using namespace kernels_test;

namespace {

// Every `stride`-th finite float in [low, high] by magnitude, both signs where allowed.
std::vector<float> floats_between(float low, float high, uint32_t stride) {
  std::vector<float> list;
  for (uint32_t bits = 0; bits < 0x7f800000u; bits += stride) {
    float x;
    std::memcpy(&x, &bits, 4);
    if (x <= high && x >= low) list.push_back(x);
    if (-x >= low && -x <= high) list.push_back(-x);
  }
  return list;
}

// Distance in units of the last place of the wanted value; denormal results count in denormal units.
double ulps(float got, long double wanted) {
  if (std::isnan(got)) return 1e30;
  if (std::isinf(got)) return std::fabs(wanted) > 3.402823567e38L ? 0 : 1e30;
  int exponent;
  std::frexp(wanted, &exponent);
  const long double unit = std::ldexp(1.0L, std::max(exponent - 24, -149));
  return static_cast<double>(std::fabs((static_cast<long double>(got) - wanted) / unit));
}

template <class F>
double worst(const KernelTable& t, Unary op, const std::vector<float>& x, F exact) {
  std::vector<float> y(x.size());
  t.unary(op, static_cast<int64_t>(x.size()), 1.0f, x.data(), y.data());
  double most = 0;
  float at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double u = ulps(y[i], exact(static_cast<long double>(x[i])));
    if (u > most) most = u, at = x[i];
  }
  std::fprintf(stderr, "  %-9s op %d: worst %.3f ulp at %.9g (%zu values)\n", t.name, static_cast<int>(op), most, at,
               x.size());
  return most;
}

long double gelu_exact(long double x) { return x * 0.5L * std::erfc(-x * 0.707106781186547524400844L); }

}  // namespace

TEST(math_exp_within_two_ulp) {
  const std::vector<float> x = floats_between(-110.0f, 95.0f, 2003);
  for (const KernelTable* t : levels()) EXPECT(worst(*t, Unary::exp, x, [](long double v) { return std::exp(v); }) <= 2);
}

TEST(math_tanh_within_two_ulp) {
  const std::vector<float> x = floats_between(-40.0f, 40.0f, 2003);
  for (const KernelTable* t : levels()) EXPECT(worst(*t, Unary::tanh, x, [](long double v) { return std::tanh(v); }) <= 2);
}

TEST(math_elu_keeps_relative_accuracy_near_zero) {
  const std::vector<float> x = floats_between(-110.0f, 10.0f, 2003);
  for (const KernelTable* t : levels()) {
    EXPECT(worst(*t, Unary::elu, x, [](long double v) { return v > 0 ? v : std::expm1(v); }) <= 2);
  }
}

TEST(math_sigmoid_and_silu_within_four_ulp) {
  const std::vector<float> x = floats_between(-80.0f, 80.0f, 2003);
  for (const KernelTable* t : levels()) {
    EXPECT(worst(*t, Unary::sigmoid, x, [](long double v) { return 1 / (1 + std::exp(-v)); }) <= 4);
    EXPECT(worst(*t, Unary::silu, x, [](long double v) { return v / (1 + std::exp(-v)); }) <= 4);
  }
}

TEST(math_gelu_is_close_in_absolute_terms) {
  for (const KernelTable* t : levels()) {
    for (float x = -12.0f; x < 12.0f; x += 0.0071f) {
      float erf_form, tanh_form;
      t->unary(Unary::gelu, 1, 1.0f, &x, &erf_form);
      t->unary(Unary::gelu_tanh, 1, 1.0f, &x, &tanh_form);
      EXPECT_NEAR(erf_form, static_cast<double>(gelu_exact(x)), 4e-7 * (1 + std::fabs(x)));
      EXPECT_NEAR(tanh_form, activation_of(Activation::gelu_tanh, x, 1), 4e-7 * (1 + std::fabs(x)));
    }
  }
}

TEST(math_special_values) {
  const float inf = INFINITY, nan = NAN;
  for (const KernelTable* t : levels()) {
    const auto of = [t](Unary op, float x) {
      float y;
      t->unary(op, 1, 1.0f, &x, &y);
      return y;
    };
    EXPECT_EQ(of(Unary::exp, 0.0f), 1.0f);
    EXPECT_EQ(of(Unary::exp, inf), inf);
    EXPECT_EQ(of(Unary::exp, -inf), 0.0f);
    EXPECT_EQ(of(Unary::exp, 3e38f), inf);
    EXPECT_EQ(of(Unary::tanh, inf), 1.0f);
    EXPECT_EQ(of(Unary::tanh, -inf), -1.0f);
    EXPECT(std::signbit(of(Unary::tanh, -0.0f)));
    EXPECT_EQ(of(Unary::sigmoid, inf), 1.0f);
    EXPECT_EQ(of(Unary::sigmoid, -inf), 0.0f);
    EXPECT_EQ(of(Unary::elu, -inf), -1.0f);
    EXPECT_EQ(of(Unary::elu, inf), inf);
    EXPECT_EQ(of(Unary::relu, -inf), 0.0f);
    for (Unary op : {Unary::exp, Unary::tanh, Unary::sigmoid, Unary::elu, Unary::relu, Unary::gelu, Unary::gelu_tanh,
                     Unary::silu, Unary::sqrt}) {
      if (!EXPECT(std::isnan(of(op, nan)))) std::fprintf(stderr, "  op %d on %s\n", static_cast<int>(op), t->name);
    }
  }
}

TEST(math_gives_the_same_bits_on_levels_with_fma) {
  const std::vector<float> x = floats_between(-110.0f, 95.0f, 5003);
  const int64_t n = static_cast<int64_t>(x.size());
  std::vector<const KernelTable*> fused;
  for (const KernelTable* t : levels()) {
    if (t->has_fma) fused.push_back(t);
  }
  if (fused.size() < 2) SKIP("this CPU runs fewer than two levels with FMA");
  std::vector<float> first(x.size()), y(x.size());
  for (int op = 0; op <= static_cast<int>(Unary::offset); ++op) {
    for (const KernelTable* t : fused) {
      t->unary(static_cast<Unary>(op), n, 0.7f, x.data(), t == fused[0] ? first.data() : y.data());
      // NaN of sqrt(negative) may differ in sign between instructions; everything else is compared by bits.
      if (t != fused[0] && op != static_cast<int>(Unary::sqrt)) EXPECT(same_bits(first.data(), y.data(), n));
    }
  }
}

EXPECT_MAIN
