// A long run keeps its memory: a universe that wanders, grows and shrinks takes no more than its largest moment did.
#include "engine_fixture.hpp"
#include "cells.hpp"
#include "stepper.hpp"

using namespace atheria::engine;

namespace {

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
