// A universe depends on nothing but its cells: the same bits for any thread count, batch, block and order of insertion; and it keeps its memory.
#include "cells.hpp"
#include "engine_fixture.hpp"
#include "stepper.hpp"

namespace {

void check(const plain::Net& net, const std::function<ath_law()>& law, ath_engine_config config, uint32_t seed) {
  const int d = net.channels / 2;
  const auto cells = oracle::random_cells(300, 0, 0, 100, 70, 1, d, seed);
  std::vector<std::pair<oracle::Cell, oracle::State>> list(cells.begin(), cells.end());
  std::string first;
  for (const uint32_t threads : {0u, 1u, 2u, 3u, 8u}) {
    for (const uint32_t batch : {0u, 1u, 4u, 16u}) {
      config.batch_tiles = batch;
      PoolPointer pool = threads == 0 ? PoolPointer(nullptr, ath_pool_destroy) : make_pool(threads);
      EnginePointer engine = make_engine(law(), config, pool.get());
      std::mt19937 random(threads * 100 + batch);
      std::shuffle(list.begin(), list.end(), random);
      for (const auto& [cell, state] : list) oracle::write(engine.get(), {{cell, state}}, d);
      EXPECT_OK(ath_engine_step(engine.get(), 6, nullptr, nullptr, nullptr));
      const std::string bytes = state_bytes(engine.get(), d);
      if (first.empty()) first = bytes;
      EXPECT(bytes.size() > 300 * (24 + 8 * static_cast<size_t>(d)));
      if (!EXPECT(bytes == first)) {
        std::fprintf(stderr, "  differs for %u threads, batches of %u tiles\n", threads, batch);
        return;
      }
    }
  }
}

}  // namespace

TEST(program_law_on_the_infinite_plane) {
  const plain::Net net = plain::random_net(8, {3, 1}, 32, 1, 2.0f);
  check(net, [&] { return program_law(net); }, default_config(), 5);
}

TEST(program_law_with_merged_blocks) {
  const plain::Net net = plain::random_net(2, {7, 7, 3}, 8, 1, 2.0f);  // radius 7: tiles are merged where they stand close
  check(net, [&] { return program_law(net); }, default_config(), 6);
}

TEST(program_law_in_a_bounded_domain_with_vacuum) {
  const plain::Net net = plain::random_net(4, {3, 3}, 8, 2);
  ath_engine_config config = default_config();
  config.domain = ATH_DOMAIN_BOUNDED;
  config.extent_x = 101;
  config.extent_y = 70;
  config.background = ATH_BACKGROUND_FLUCTUATING;
  check(net, [&] { return program_law(net); }, config, 7);
}

TEST(callback_law_on_a_torus) {
  const plain::Net net = plain::random_net(1, {3}, 4, 3, 2.0f);
  ath_engine_config config = default_config();
  config.domain = ATH_DOMAIN_PERIODIC;
  config.extent_x = 100;
  config.extent_y = 70;
  config.background = ATH_BACKGROUND_STATIC;
  config.activity = ATH_ACTIVITY_EXACT;
  check(net, [&] { return plain::make_callback_law(net); }, config, 8);
}

TEST(a_law_called_once_sees_the_same) {
  const plain::Net net = plain::random_net(2, {3, 3}, 4, 4, 2.0f);
  const auto cells = oracle::random_cells(60, 0, 0, 60, 60, 2, 2, 9);
  std::string first;
  for (const uint32_t flags : {0u, ATH_LAW_ONE_CALL}) {
    for (const uint32_t threads : {1u, 3u}) {
      PoolPointer pool = make_pool(threads);
      int calls = 0;
      const auto count = [&](const ath_law_batch& batch) {
        if (flags != 0) {
          ++calls;
          EXPECT_EQ(batch.worker, 0u);
        }
        return ATH_OK;
      };
      EnginePointer engine = make_engine(plain::make_callback_law(net, flags, count), default_config(), pool.get());
      oracle::write(engine.get(), cells, 2);
      EXPECT_OK(ath_engine_step(engine.get(), 5, nullptr, nullptr, nullptr));
      if (flags != 0) EXPECT_EQ(calls, 5);
      const std::string bytes = state_bytes(engine.get(), 2);
      if (first.empty()) first = bytes;
      EXPECT(bytes == first);
    }
  }
}

namespace {

using namespace atheria::engine;

// Moves every state one cell to the right: Delta = left neighbour - psi. The front always makes tiles, the tail always leaves some.
plain::Net shift_net(int d) {
  plain::Net net = plain::random_net(d, {3}, 2 * d, 1, 0.0f);
  for (int c = 0; c < 2 * d; ++c) {
    net.layers[0].weights[static_cast<size_t>((1 * 3 + 0) * 2 * d + c) * 2 * d + c] = 1;
    net.layers[0].weights[static_cast<size_t>((1 * 3 + 1) * 2 * d + c) * 2 * d + c] = -1;
  }
  return net;
}

}  // namespace

TEST(a_glider_crosses_many_tiles_in_the_memory_of_few) {
  const plain::Net net = shift_net(1);
  const ath_law provider = plain::make_callback_law(net);
  Law law(provider);
  EXPECT_OK(law.describe());
  ath_engine_config config = default_config();
  config.normalize = 0;
  const Domain domain{Axis(ATH_DOMAIN_INFINITE, 0), Axis(ATH_DOMAIN_INFINITE, 0)};
  Universe universe{domain, Background(ATH_BACKGROUND_ZERO, 0, 1), Tiles(domain, 2, false)};
  Stepper stepper(law, config, domain);
  EXPECT_OK(stepper.create(&devices().device, 1));
  const int64_t coords[6] = {0, 0, 0, -3, 15, 0};
  const float states[4] = {1, 0, 0, 2};
  EXPECT_OK(write_cells(universe, coords, states, 2));
  size_t reserved = 0, tiles = 0;
  const int64_t steps = 4000;  // 250 tiles far
  for (int64_t t = 1; t <= steps; ++t) {
    ath_step_report report{};
    EXPECT_OK(stepper.step(universe, &report));
    EXPECT_EQ(report.active, 2u);
    if (t == steps / 4) {
      reserved = universe.tiles.reserved_bytes();
      tiles = universe.tiles.size();
    }
    if (expect::failures != 0) return;
  }
  EXPECT_EQ(universe.tiles.reserved_bytes(), reserved);
  EXPECT(universe.tiles.size() <= tiles + 128);
  const int64_t there[6] = {steps, 0, 0, -3 + steps, 15, 0};
  float now[4];
  EXPECT_OK(read_cells(universe, there, 2, now));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(now[i], states[i]);
}

EXPECT_MAIN
