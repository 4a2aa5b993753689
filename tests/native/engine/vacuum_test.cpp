// The vacuum against its definition in double precision, against frozen values, and for independence of grouping.
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "../expect.hpp"
#include "atheria/engine.h"
#include "background.hpp"
#include "oracle.hpp"

using namespace atheria::engine;

TEST(agrees_with_the_definition) {
  std::mt19937_64 random(3);
  double worst = 0;
  for (const uint32_t d : {1u, 3u, 4u, 8u, 11u}) {
    std::vector<int64_t> coords;
    for (int i = 0; i < 4000; ++i) {
      for (int axis = 0; axis < 3; ++axis) coords.push_back(static_cast<int64_t>(random() % (1 << 24)) - (1 << 23));
      coords.back() >>= 4;
    }
    std::vector<float> states(coords.size() / 3 * 2 * d);
    const uint64_t seed = random(), t = random() % 1000;
    EXPECT_OK(ath_vacuum_evaluate(seed, t, coords.data(), coords.size() / 3, d, states.data()));
    for (size_t i = 0; i < coords.size() / 3; ++i) {
      const oracle::State expected = oracle::vacuum(seed, t, {coords[3 * i], coords[3 * i + 1], coords[3 * i + 2]}, static_cast<int>(d));
      for (uint32_t c = 0; c < d; ++c) {
        worst = std::max(worst, std::fabs(double(states[(i * d + c) * 2]) - expected[c]));
        worst = std::max(worst, std::fabs(double(states[(i * d + c) * 2 + 1]) - expected[d + c]));
      }
    }
  }
  std::fprintf(stderr, "largest difference from the definition: %.2g\n", worst);
  EXPECT(worst <= 5e-7);
  EXPECT(worst > 0);
}

TEST(frozen_values_of_the_reference) {
  // tests/python/atheria/reference/vacuum_test.py: (3, -2, 5), d = 8, seed 2^40 + 9, t = 11.
  const int64_t coord[3] = {3, -2, 5};
  float state[16];
  EXPECT_OK(ath_vacuum_evaluate((uint64_t{1} << 40) + 9, 11, coord, 1, 8, state));
  const float expected[8] = {0.99922603f, -0.03933575f, 0.99903005f, -0.04403311f, 0.99943894f, -0.03349259f, 0.9999695f, 0.0078154f};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(state[i], expected[i], 2e-7);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(state[12 + i], expected[4 + i], 2e-7);
}

TEST(a_cell_does_not_depend_on_its_group) {
  const Background background(ATH_BACKGROUND_STATIC, 5, 6);
  std::vector<float> whole(20 * 20 * 12);
  background.fill(0, -7, -9, 4, 20, 20, whole.data(), 20 * 12);
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 20; ++x) {
      float one[12];
      background.fill(0, -7 + x, -9 + y, 4, 1, 1, one, 0);
      EXPECT(std::memcmp(one, whole.data() + (y * 20 + x) * 12, sizeof one) == 0);
    }
  }
}

TEST(channels_outside_the_range_are_refused) {
  const int64_t coord[3] = {0, 0, 0};
  std::vector<float> state(2 * 1024);
  EXPECT_OK(ath_vacuum_evaluate(0, 0, coord, 1, 1024, state.data()));
  EXPECT_STATUS(ath_vacuum_evaluate(0, 0, coord, 1, 0, state.data()), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_vacuum_evaluate(0, 0, coord, 1, 1025, state.data()), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_vacuum_evaluate(0, 0, nullptr, 1, 8, state.data()), ATH_INVALID_ARGUMENT);
}

TEST(the_vacuum_repeats_with_the_periods_of_engine_h) {
  const int64_t coord[3] = {3, -2, 5};
  const uint64_t t = 11;
  float state[16], again[16];
  EXPECT_OK(ath_vacuum_evaluate(9, t, coord, 1, 8, state));
  const auto moved = [&](int64_t dx, int64_t dy, int64_t dz, uint64_t dt) {
    const int64_t there[3] = {coord[0] + dx, coord[1] + dy, coord[2] + dz};
    EXPECT_OK(ath_vacuum_evaluate(9, t + dt, there, 1, 8, again));
    return std::memcmp(state, again, sizeof state) == 0;
  };
  const int64_t xy = ATH_VACUUM_PERIOD_XY, z = ATH_VACUUM_PERIOD_Z;
  EXPECT(moved(xy, 0, 0, 0) && moved(0, -xy, 0, 0) && moved(0, 0, z, 0) && moved(0, 0, 0, ATH_VACUUM_PERIOD_T));
  EXPECT(!moved(xy / 2, 0, 0, 0) && !moved(0, xy / 2, 0, 0) && !moved(0, 0, z / 2, 0) && !moved(0, 0, 0, ATH_VACUUM_PERIOD_T / 2));
}

EXPECT_MAIN
