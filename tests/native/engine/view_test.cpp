// Views against their formulas, cell by cell.
#include <numbers>

#include "engine_fixture.hpp"

namespace {

struct Case {
  ath_domain domain;
  int64_t extent_x, extent_y;
  ath_background background;
  int d;
};

void check(const Case& c) {
  const plain::Net net = plain::random_net(c.d, {3}, 4, 11, 2.0f);
  ath_engine_config config = default_config();
  config.domain = c.domain;
  config.extent_x = c.extent_x;
  config.extent_y = c.extent_y;
  config.background = c.background;
  config.seed = 7;
  EnginePointer engine = make_engine(plain::make_callback_law(net), config);
  const bool endless = c.domain == ATH_DOMAIN_INFINITE;
  oracle::write(engine.get(), oracle::random_cells(60, endless ? -20 : 0, endless ? -20 : 0, endless ? 40 : c.extent_x, endless ? 40 : c.extent_y, 1, c.d, 4),
                c.d);
  EXPECT_OK(ath_engine_step(engine.get(), 2, nullptr, nullptr, nullptr));
  oracle::Universe judge{net, config, oracle::cells_of(engine.get(), c.d), 2};
  for (const ath_region& region : {ath_region{-25, -21, 30, 40, 0}, ath_region{3, 5, 4, 6, 0}, ath_region{16, 0, 32, 16, 0}, ath_region{0, 0, 9, 9, 1}}) {
    const int64_t w = region.x1 - region.x0, h = region.y1 - region.y0;
    for (int view = ATH_VIEW_STATE; view <= ATH_VIEW_ACTIVE; ++view) {
      const int per_pixel = view == ATH_VIEW_STATE ? 2 * c.d : view == ATH_VIEW_HOLOGRAPHIC ? 3 : 1;
      std::vector<float> pixels(static_cast<size_t>(w * h * per_pixel) + 1, 1e30f);
      EXPECT_OK(ath_engine_view(engine.get(), static_cast<ath_view>(view), &region, pixels.data()));
      EXPECT_EQ(pixels.back(), 1e30f);
      double worst = 0;
      for (int64_t y = 0; y < h; ++y) {
        for (int64_t x = 0; x < w; ++x) {
          const oracle::Cell cell{region.x0 + x, region.y0 + y, region.z};
          const bool inside = judge.inside(cell);
          const oracle::State s = inside ? judge.at(cell) : oracle::State(2 * c.d, 0.0f);
          double density = 0;
          for (const float v : s) density += double(v) * v;
          const double phase = std::atan2(s[c.d], s[0]);
          const float* got = pixels.data() + (y * w + x) * per_pixel;
          std::vector<double> expected;
          switch (view) {
            case ATH_VIEW_STATE:
              for (int k = 0; k < c.d; ++k) {
                expected.push_back(s[k]);
                expected.push_back(s[c.d + k]);
              }
              break;
            case ATH_VIEW_DENSITY:
            case ATH_VIEW_ENERGY: expected = {density}; break;
            case ATH_VIEW_PHASE: expected = {phase}; break;
            case ATH_VIEW_REAL: expected = {s[0]}; break;
            case ATH_VIEW_IMAG: expected = {s[c.d]}; break;
            case ATH_VIEW_HOLOGRAPHIC:
              expected = {std::min(1.0, 5 * density), (phase + std::numbers::pi) / (2 * std::numbers::pi), std::clamp((s[0] + 1.0) / 2, 0.0, 1.0)};
              break;
            default: expected = {judge.active.count(cell) != 0 ? 1.0 : 0.0};
          }
          for (int k = 0; k < per_pixel; ++k) {
            const double error = std::fabs(got[k] - expected[k]) / (1 + std::fabs(expected[k]));
            worst = std::isnan(error) ? 1e30 : std::max(worst, error);
          }
        }
      }
      if (!EXPECT(worst <= 1e-6)) std::fprintf(stderr, "  view %d, domain %d, background %d, worst %g\n", view, c.domain, c.background, worst);
    }
  }
}

}  // namespace

TEST(views_agree_with_their_formulas) {
  for (const int d : {1, 2, 3, 8}) check({ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_ZERO, d});
  check({ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_STATIC, 4});
  check({ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_FLUCTUATING, 4});
  check({ATH_DOMAIN_BOUNDED, 21, 20, ATH_BACKGROUND_STATIC, 2});
  check({ATH_DOMAIN_BOUNDED, 5, 100, ATH_BACKGROUND_ZERO, 2});
  check({ATH_DOMAIN_PERIODIC, 22, 16, ATH_BACKGROUND_FLUCTUATING, 3});
}

TEST(regions_that_cannot_be_shown_are_refused) {
  EnginePointer engine = make_engine(plain::make_callback_law(plain::random_net(1, {1}, 1, 1)), default_config());
  float pixel = 0;
  for (const ath_region& region : {ath_region{0, 0, 0, 5, 0}, ath_region{5, 0, 4, 5, 0}, ath_region{0, 0, 1 << 20, 1 << 20, 0},
                                   ath_region{INT64_MIN, 0, INT64_MAX, 1, 0}, ath_region{0, 0, 1, 1, 1 << 30}}) {
    EXPECT_STATUS(ath_engine_view(engine.get(), ATH_VIEW_REAL, &region, &pixel), ATH_OUT_OF_RANGE);
  }
  const ath_region far{(int64_t{1} << 30), 0, (int64_t{1} << 30) + 1, 1, 0};
  EXPECT_OK(ath_engine_view(engine.get(), ATH_VIEW_REAL, &far, &pixel));
  EXPECT_STATUS(ath_engine_view(engine.get(), static_cast<ath_view>(99), &far, &pixel), ATH_INVALID_ARGUMENT);
}

EXPECT_MAIN
