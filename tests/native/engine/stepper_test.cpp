// Steps of the engine against the oracle: every kind of space, background and activity, for programs and callbacks.
#include "engine_fixture.hpp"

namespace {

struct Case {
  const char* name;
  ath_domain domain;
  int64_t extent_x, extent_y;
  ath_background background;
  ath_activity activity;
};

const Case kCases[] = {
    {"infinite, zero, threshold", ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_ZERO, ATH_ACTIVITY_THRESHOLD},
    {"infinite, zero, exact", ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_ZERO, ATH_ACTIVITY_EXACT},
    {"infinite, static, threshold", ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_STATIC, ATH_ACTIVITY_THRESHOLD},
    {"infinite, fluctuating, threshold", ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_FLUCTUATING, ATH_ACTIVITY_THRESHOLD},
    {"infinite, fluctuating, exact", ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_FLUCTUATING, ATH_ACTIVITY_EXACT},
    {"bounded 40x24, zero, threshold", ATH_DOMAIN_BOUNDED, 40, 24, ATH_BACKGROUND_ZERO, ATH_ACTIVITY_THRESHOLD},
    {"bounded 32x32, zero, exact", ATH_DOMAIN_BOUNDED, 32, 32, ATH_BACKGROUND_ZERO, ATH_ACTIVITY_EXACT},
    {"bounded 19x33, static, exact", ATH_DOMAIN_BOUNDED, 19, 33, ATH_BACKGROUND_STATIC, ATH_ACTIVITY_EXACT},
    {"bounded 5x7, fluctuating, threshold", ATH_DOMAIN_BOUNDED, 5, 7, ATH_BACKGROUND_FLUCTUATING, ATH_ACTIVITY_THRESHOLD},
    {"periodic 32x16, zero, exact", ATH_DOMAIN_PERIODIC, 32, 16, ATH_BACKGROUND_ZERO, ATH_ACTIVITY_EXACT},
    {"periodic 21x37, zero, threshold", ATH_DOMAIN_PERIODIC, 21, 37, ATH_BACKGROUND_ZERO, ATH_ACTIVITY_THRESHOLD},
    {"periodic 18x18, static, threshold", ATH_DOMAIN_PERIODIC, 18, 18, ATH_BACKGROUND_STATIC, ATH_ACTIVITY_THRESHOLD},
    {"periodic 1x9, zero, exact", ATH_DOMAIN_PERIODIC, 1, 9, ATH_BACKGROUND_ZERO, ATH_ACTIVITY_EXACT},
};

// Runs engine and oracle side by side. Where the activity is too near a threshold for two arithmetics to agree, the engine decides.
void check(const Case& c, const plain::Net& net, const ath_law& law, bool normalize, int steps, uint32_t seed) {
  ath_engine_config config = default_config();
  config.domain = c.domain;
  config.extent_x = c.extent_x;
  config.extent_y = c.extent_y;
  config.background = c.background;
  config.activity = c.activity;
  config.seed = 1234567890123ull + seed;
  config.normalize = normalize;
  config.eps_on = 0.05f;
  config.eps_off = 0.02f;
  EnginePointer engine = make_engine(law, config);
  if (engine == nullptr) return;
  const int d = net.channels / 2;
  oracle::Universe judge{net, config, {}, 0};
  const bool endless = c.domain == ATH_DOMAIN_INFINITE;
  judge.active = oracle::random_cells(25, endless ? -12 : 0, endless ? 3 : 0, endless ? 22 : c.extent_x, endless ? 20 : c.extent_y, 2, d, seed);
  if (!normalize) {
    for (auto& [cell, state] : judge.active) {
      for (float& v : state) v *= 0.5f;
    }
  }
  oracle::write(engine.get(), judge.active, d);
  for (int step = 0; step < steps; ++step) {
    ath_step_report report{};
    report.struct_bytes = sizeof report;
    if (!EXPECT_OK(ath_engine_step(engine.get(), 1, nullptr, nullptr, &report))) return;
    const std::map<oracle::Cell, oracle::State> got = oracle::cells_of(engine.get(), d);
    const std::set<oracle::Cell> candidates = judge.candidates();
    std::map<oracle::Cell, oracle::State> next;
    size_t wrong_sleep = 0, wrong_state = 0;
    for (const oracle::Cell& cell : candidates) {
      const oracle::Universe::Outcome outcome = judge.update(cell);
      const float threshold = judge.active.count(cell) != 0 ? config.eps_off : config.eps_on;
      const bool awake = c.activity == ATH_ACTIVITY_EXACT || outcome.activity > threshold;
      const auto found = got.find(cell);
      const bool doubtful = c.activity == ATH_ACTIVITY_THRESHOLD && std::fabs(outcome.activity - threshold) < 1e-5f;
      if (awake != (found != got.end()) && !doubtful) ++wrong_sleep;
      if (found == got.end()) continue;
      for (int i = 0; i < 2 * d; ++i) wrong_state += !(std::fabs(found->second[i] - outcome.state[i]) <= 1e-5f);
      next[cell] = found->second;  // both go on from the same state, so that errors do not add up
    }
    EXPECT_EQ(wrong_sleep, 0u);
    EXPECT_EQ(wrong_state, 0u);
    EXPECT_EQ(got.size(), next.size());  // nothing outside the candidates
    EXPECT_EQ(report.step, static_cast<uint64_t>(step + 1));
    EXPECT_EQ(report.candidates, candidates.size());
    EXPECT_EQ(report.active, got.size());
    judge.active = next;
    ++judge.step_number;
    if (expect::failures != 0) {
      std::fprintf(stderr, "  in %s, step %d, %zu candidates\n", c.name, step + 1, candidates.size());
      return;
    }
  }
  if (c.activity == ATH_ACTIVITY_EXACT) EXPECT(!judge.active.empty());
}

}  // namespace

TEST(callback_laws_agree_with_the_oracle) {
  uint32_t seed = 100;
  for (const Case& c : kCases) {
    for (const std::vector<int>& sides : {std::vector<int>{1}, std::vector<int>{3}, std::vector<int>{3, 1, 3}}) {
      ++seed;
      plain::Net net = plain::random_net(1 + seed % 3, sides, 4, seed);
      net.product = seed % 2 == 0;
      net.gamma = seed % 3 == 0 ? 0.1f : 0.0f;
      check(c, net, plain::make_callback_law(net, seed % 4 == 0 ? ATH_LAW_ONE_CALL : 0), seed % 5 != 0, 3, seed);
      if (expect::failures != 0) return;
    }
  }
}

TEST(program_laws_agree_with_the_oracle) {
  uint32_t seed = 200;
  for (const Case& c : kCases) {
    for (const std::vector<int>& sides : {std::vector<int>{1}, std::vector<int>{3, 1}, std::vector<int>{3, 3}}) {
      ++seed;
      plain::Net net = plain::random_net(1 + seed % 4, sides, 6, seed);
      net.product = seed % 2 == 0;
      net.gamma = seed % 3 == 0 ? 0.1f : 0.0f;
      check(c, net, program_law(net), seed % 5 != 0, 3, seed);
      if (expect::failures != 0) return;
    }
  }
}

TEST(wide_halos_agree_with_the_oracle) {
  plain::Net net = plain::random_net(1, {7, 7, 7, 7, 7, 7}, 2, 5, 1.0f);  // radius 18: beyond the neighbour tiles
  for (const ath_domain domain : {ATH_DOMAIN_INFINITE, ATH_DOMAIN_BOUNDED, ATH_DOMAIN_PERIODIC}) {
    ath_engine_config config = default_config();
    config.domain = domain;
    config.extent_x = 30;
    config.extent_y = 44;
    config.activity = ATH_ACTIVITY_THRESHOLD;
    config.eps_on = config.eps_off = 0.3f;
    const int d = 1;
    oracle::Universe judge{net, config, {}, 0};
    judge.active = oracle::random_cells(3, 4, 4, 20, 30, 1, d, 9);
    EnginePointer engine = make_engine(plain::make_callback_law(net), config);
    oracle::write(engine.get(), judge.active, d);
    ath_step_report report{};
    report.struct_bytes = sizeof report;
    EXPECT_OK(ath_engine_step(engine.get(), 1, nullptr, nullptr, &report));
    EXPECT_EQ(report.candidates, judge.candidates().size());
    for (const auto& [cell, state] : oracle::cells_of(engine.get(), d)) {
      const oracle::Universe::Outcome outcome = judge.update(cell);
      for (int i = 0; i < 2 * d; ++i) EXPECT_NEAR(state[i], outcome.state[i], 1e-5);
    }
  }
}

TEST(light_cone_moves_by_the_radius_in_every_step) {
  for (const std::vector<int>& sides : {std::vector<int>{1}, std::vector<int>{3}, std::vector<int>{3, 3}, std::vector<int>{5, 7}}) {
    const plain::Net net = plain::random_net(1, sides, 2, 3);
    ath_engine_config config = default_config();
    config.activity = ATH_ACTIVITY_EXACT;
    EnginePointer engine = make_engine(plain::make_callback_law(net), config);
    const int64_t at[3] = {-3, 14, 7};
    const float one[2] = {1, 0};
    EXPECT_OK(ath_engine_write(engine.get(), at, one, 1));
    for (int64_t t = 1; t <= 6; ++t) {
      EXPECT_OK(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr));
      const int64_t r = net.radius() * t;
      int64_t box[6];
      ath_engine_bounds(engine.get(), box);
      const int64_t expected[6] = {-3 - r, 14 - r, 7, -3 + r + 1, 14 + r + 1, 8};
      for (int i = 0; i < 6; ++i) EXPECT_EQ(box[i], expected[i]);
      EXPECT_EQ(ath_engine_active_count(engine.get()), static_cast<size_t>((2 * r + 1) * (2 * r + 1)));
    }
  }
}

TEST(the_place_in_space_does_not_matter) {
  const plain::Net net = plain::random_net(2, {3, 3}, 4, 8, 2.0f);
  const auto cells = oracle::random_cells(40, 0, 0, 30, 30, 1, 2, 17);
  std::map<oracle::Cell, oracle::State> first;
  for (const int64_t x : {int64_t{0}, int64_t{1}, int64_t{-7}, int64_t{1000}, int64_t{1000000}, int64_t{-16777000}, int64_t{16777000}}) {
    EnginePointer engine = make_engine(plain::make_callback_law(net), default_config());
    std::map<oracle::Cell, oracle::State> moved;
    for (const auto& [cell, state] : cells) moved[{cell[0] + x, cell[1] - 3 * (x / 4), cell[2]}] = state;
    oracle::write(engine.get(), moved, 2);
    EXPECT_OK(ath_engine_step(engine.get(), 8, nullptr, nullptr, nullptr));
    std::map<oracle::Cell, oracle::State> back;
    for (const auto& [cell, state] : oracle::cells_of(engine.get(), 2)) back[{cell[0] - x, cell[1] + 3 * (x / 4), cell[2]}] = state;
    if (first.empty()) first = back;
    EXPECT(back == first);
    EXPECT(back.size() > 40);
  }
}

TEST(a_law_that_does_nothing_wakes_nothing) {
  plain::Net net = plain::random_net(2, {3}, 4, 8, 0.0f);
  for (const ath_background background : {ATH_BACKGROUND_ZERO, ATH_BACKGROUND_STATIC, ATH_BACKGROUND_FLUCTUATING}) {
    ath_engine_config config = default_config();
    config.background = background;
    config.normalize = 0;
    EnginePointer engine = make_engine(plain::make_callback_law(net), config);
    const int64_t at[3] = {5, 15, 0};
    const float state[4] = {3, 0, 0, -3};
    EXPECT_OK(ath_engine_write(engine.get(), at, state, 1));
    EXPECT_OK(ath_engine_step(engine.get(), 5, nullptr, nullptr, nullptr));
    EXPECT_EQ(ath_engine_active_count(engine.get()), 1u);
    float now[4];
    EXPECT_OK(ath_engine_read(engine.get(), at, 1, now));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(now[i], state[i]);
  }
}

TEST(an_empty_universe_steps) {
  EnginePointer engine = make_engine(plain::make_callback_law(plain::random_net(2, {3}, 4, 8)), default_config());
  ath_step_report report{};
  report.struct_bytes = sizeof report;
  EXPECT_OK(ath_engine_step(engine.get(), 10, nullptr, nullptr, &report));
  EXPECT_EQ(report.step, 10u);
  EXPECT_EQ(report.active + report.candidates + report.tiles + report.batches, 0u);
  EXPECT_EQ(ath_engine_step_number(engine.get()), 10u);
}

EXPECT_MAIN
