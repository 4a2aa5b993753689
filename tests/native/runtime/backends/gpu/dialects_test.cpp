// Words of the kernel dialect: the square root that is made right where a device's is not, and the mathematics against the C library's.
#include "gpu/dialects/host.hpp"

#include "gpu/dialects/rounded_sqrt.inl"
#include "gpu/kernels/arguments.hpp"
#include "gpu/kernels/math.inl"

#include <limits>
#include <random>

#include "expect.hpp"

TEST(a_square_root_a_unit_off_becomes_the_right_one) {
  std::mt19937 random(3);
  std::uniform_int_distribution<uint32_t> bits(ath_bits(0x1p-96f), ath_bits(std::numeric_limits<float>::max()));
  for (int i = 0; i < 2000000; ++i) {
    const float x = ath_float(bits(random)), right = std::sqrt(x);
    for (const uint32_t off : {0u, 1u, ~0u})
      if (!EXPECT_EQ(ath_bits(ath_rounded_sqrt(x, ath_float(ath_bits(right) + off))), ath_bits(right))) return;
  }
  for (const float x : {1.0f, 4.0f, 0x1p-96f, 2.25f, 1e38f}) EXPECT_EQ(ath_rounded_sqrt(x, std::sqrt(x)), std::sqrt(x));
  EXPECT_EQ(ath_rounded_sqrt(0.0f, 0.0f), 0.0f);
  EXPECT_EQ(ath_rounded_sqrt(INFINITY, INFINITY), INFINITY);
  EXPECT(std::isnan(ath_rounded_sqrt(-1.0f, NAN)));
}

TEST(functions_are_within_their_units) {
  const auto check = [](const char* name, float (*got)(float), double (*right)(double), float low, float high, double units) {
    double worst = 0;
    for (int i = 0; i <= 400000; ++i) {
      const float x = low + (high - low) * float(i) / 400000;
      const double wanted = right(double(x));
      const double unit = std::max(std::ldexp(1.0, std::ilogb(wanted) - 23), 1.5e-45);
      worst = std::max(worst, std::fabs(double(got(x)) - wanted) / unit);
    }
    if (!EXPECT(worst <= units)) std::fprintf(stderr, "  %s: %.3f units\n", name, worst);
  };
  check("exp", ath_exp, std::exp, -103.9f, 88.7f, 2);
  check("expm1", ath_expm1_negative, std::expm1, -30, -1e-6f, 2);
  check("tanh", ath_tanh, std::tanh, -10, 10, 2);
  check("sigmoid", ath_sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 20, 4);
  EXPECT_EQ(ath_exp(-INFINITY), 0.0f);
  EXPECT_EQ(ath_exp(INFINITY), INFINITY);
  EXPECT(std::isnan(ath_exp(NAN)) && std::isnan(ath_tanh(NAN)) && std::isnan(ath_sigmoid(NAN)) && std::isnan(ath_expm1_negative(NAN)));
  EXPECT_EQ(ath_bits(ath_tanh(-0.0f)), 0x80000000u);
}

TEST(two_sections_without_a_barrier_are_seen) {
  atheria::gpu::HostBlock block_ = {0, 0, 0, false};
  ATH_EACH_THREAD(2) { (void)worker; }
  ATH_BARRIER;
  ATH_EACH_THREAD(2) { (void)worker; }
  EXPECT(!block_.wrong);
  ATH_EACH_THREAD(2) { (void)worker; }
  EXPECT(block_.wrong);
}

EXPECT_MAIN
