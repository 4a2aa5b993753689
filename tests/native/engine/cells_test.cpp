// Cells by coordinate: write, read, activate, deactivate, export, bounds, clear.
#include "engine_fixture.hpp"
#include "tile_key.hpp"

namespace {

const plain::Net kNet = plain::random_net(3, {3}, 4, 11);

}  // namespace

TEST(cells_agree_with_a_map) {
  for (const ath_background background : {ATH_BACKGROUND_ZERO, ATH_BACKGROUND_STATIC, ATH_BACKGROUND_FLUCTUATING}) {
    ath_engine_config config = default_config();
    config.background = background;
    config.seed = 42;
    EnginePointer engine = make_engine(plain::make_callback_law(kNet), config);
    EXPECT_OK(ath_engine_step(engine.get(), 3, nullptr, nullptr, nullptr));  // fluctuating: of time 3
    oracle::Universe judge{kNet, config, {}, 3};
    std::mt19937 random(6);
    for (int i = 0; i < 3000; ++i) {
      const oracle::Cell cell{static_cast<int64_t>(random() % 40) - 20, static_cast<int64_t>(random() % 40) - 20, static_cast<int64_t>(random() % 3) - 1};
      switch (random() % 4) {
        case 0:
        case 1: {
          const oracle::State state = oracle::random_cells(1, 0, 0, 1, 1, 1, 3, random()).begin()->second;
          oracle::write(engine.get(), {{cell, state}}, 3);
          judge.active[cell] = state;
          break;
        }
        case 2:
          EXPECT_OK(ath_engine_activate(engine.get(), cell.data(), 1));
          judge.active[cell] = judge.at(cell);
          break;
        default:
          EXPECT_OK(ath_engine_deactivate(engine.get(), cell.data(), 1));
          judge.active.erase(cell);
      }
      EXPECT_EQ(ath_engine_active_count(engine.get()), judge.active.size());
      float state[6];
      EXPECT_OK(ath_engine_read(engine.get(), cell.data(), 1, state));
      const oracle::State expected = judge.at(cell);
      for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(state[2 * c], expected[c], 1e-6);
        EXPECT_NEAR(state[2 * c + 1], expected[3 + c], 1e-6);
      }
      if (expect::failures != 0) return;
    }
    const auto got = oracle::cells_of(engine.get(), 3);
    EXPECT_EQ(got.size(), judge.active.size());
    std::set<std::array<int64_t, 3>> tiles;
    int64_t box[6] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MIN, INT64_MIN, INT64_MIN}, engine_box[6];
    for (const auto& [cell, state] : judge.active) {
      EXPECT(got.count(cell) == 1);
      tiles.insert({cell[0] >> 4, cell[1] >> 4, cell[2]});
      for (int axis = 0; axis < 3; ++axis) {
        box[axis] = std::min(box[axis], cell[axis]);
        box[axis + 3] = std::max(box[axis + 3], cell[axis] + 1);
      }
    }
    EXPECT_EQ(ath_engine_tile_count(engine.get()), tiles.size());
    ath_engine_bounds(engine.get(), engine_box);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(engine_box[i], box[i]);
    ath_engine_clear(engine.get());
    EXPECT_EQ(ath_engine_active_count(engine.get()), 0u);
    EXPECT_EQ(ath_engine_tile_count(engine.get()), 0u);
    EXPECT_EQ(ath_engine_step_number(engine.get()), 0u);
    ath_engine_bounds(engine.get(), engine_box);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(engine_box[i], 0);
  }
}

TEST(activated_cells_hold_the_vacuum_of_now) {
  plain::Net still = plain::random_net(3, {3}, 4, 11, 0.0f);
  ath_engine_config config = default_config();
  config.background = ATH_BACKGROUND_FLUCTUATING;
  config.seed = 42;
  config.eps_on = config.eps_off = 0;
  EnginePointer engine = make_engine(plain::make_callback_law(still), config);
  const int64_t coords[6] = {3, 3, 0, 4, 3, 0};
  const float state[6] = {5, 0, 0, 0, 0, 0};
  EXPECT_OK(ath_engine_write(engine.get(), coords, state, 1));
  EXPECT_OK(ath_engine_step(engine.get(), 2, nullptr, nullptr, nullptr));
  EXPECT_OK(ath_engine_activate(engine.get(), coords + 3, 1));  // beside an active cell, whose tile stores the vacuum of the last step
  float now[6], expected[6];
  EXPECT_OK(ath_engine_read(engine.get(), coords + 3, 1, now));
  EXPECT_OK(ath_vacuum_evaluate(42, 2, coords + 3, 1, 3, expected));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(now[i], expected[i]);
}

TEST(a_cleared_engine_is_as_new) {
  EnginePointer used = make_engine(plain::make_callback_law(kNet), default_config());
  EnginePointer fresh = make_engine(plain::make_callback_law(kNet), default_config());
  oracle::write(used.get(), oracle::random_cells(50, 0, 0, 50, 50, 1, 3, 1), 3);
  EXPECT_OK(ath_engine_step(used.get(), 3, nullptr, nullptr, nullptr));
  ath_engine_clear(used.get());
  const auto cells = oracle::random_cells(50, 10, 10, 30, 50, 1, 3, 2);
  for (ath_engine* engine : {used.get(), fresh.get()}) {
    oracle::write(engine, cells, 3);
    EXPECT_OK(ath_engine_step(engine, 3, nullptr, nullptr, nullptr));
  }
  EXPECT(state_bytes(used.get(), 3) == state_bytes(fresh.get(), 3));
}

TEST(export_is_in_canonical_order) {
  EnginePointer engine = make_engine(plain::make_callback_law(kNet), default_config());
  oracle::write(engine.get(), oracle::random_cells(500, -40, -40, 80, 80, 3, 3, 3), 3);
  const size_t count = ath_engine_active_count(engine.get());
  std::vector<int64_t> coords(3 * count);
  EXPECT_OK(ath_engine_export(engine.get(), coords.data(), nullptr));
  std::vector<std::array<uint64_t, 3>> keys;
  for (size_t i = 0; i < count; ++i) {
    const int64_t* c = coords.data() + 3 * i;
    keys.push_back({atheria::engine::tile_key({static_cast<int32_t>(c[0] >> 4), static_cast<int32_t>(c[1] >> 4), static_cast<int32_t>(c[2])}),
                    static_cast<uint64_t>(c[1] & 15), static_cast<uint64_t>(c[0] & 15)});
  }
  EXPECT(std::is_sorted(keys.begin(), keys.end()));
}

TEST(the_last_of_equal_coordinates_wins) {
  EnginePointer engine = make_engine(plain::make_callback_law(kNet), default_config());
  const int64_t coords[9] = {1, 1, 0, 2, 2, 0, 1, 1, 0};
  const float states[18] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3};
  EXPECT_OK(ath_engine_write(engine.get(), coords, states, 3));
  EXPECT_EQ(ath_engine_active_count(engine.get()), 2u);
  float state[6];
  EXPECT_OK(ath_engine_read(engine.get(), coords, 1, state));
  EXPECT_EQ(state[0], 3.0f);
}

EXPECT_MAIN
