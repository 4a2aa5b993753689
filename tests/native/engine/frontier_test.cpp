// Dilation by masks and neighbour borders, against dilation cell by cell.
#include "frontier.hpp"

#include <array>
#include <random>
#include <set>

#include "../expect.hpp"
#include "cells.hpp"

using namespace atheria::engine;

namespace {

using Cell = std::array<int64_t, 3>;

struct Case {
  ath_domain kind;
  int64_t extent_x, extent_y;
};

int64_t wrap(int64_t v, int64_t extent) { return ((v % extent) + extent) % extent; }

std::set<Cell> dilated(const Case& c, const std::set<Cell>& active, int radius) {
  const Domain domain{Axis(c.kind, c.extent_x), Axis(c.kind, c.extent_y)};
  std::set<Cell> cells;
  for (const Cell& cell : active) {
    for (int64_t dy = -radius; dy <= radius; ++dy) {
      for (int64_t dx = -radius; dx <= radius; ++dx) {
        Cell near{cell[0] + dx, cell[1] + dy, cell[2]};
        if (c.kind == ATH_DOMAIN_PERIODIC) near = {wrap(near[0], c.extent_x), wrap(near[1], c.extent_y), near[2]};
        if (domain.contains(near[0], near[1])) cells.insert(near);
      }
    }
  }
  return cells;
}

void check(const Case& c, int radius, std::set<Cell> active) {
  const Domain domain{Axis(c.kind, c.extent_x), Axis(c.kind, c.extent_y)};
  Universe universe{domain, Background(ATH_BACKGROUND_ZERO, 0, 1), Tiles(domain, 2, false)};
  for (const Cell& cell : active) EXPECT_OK(write_cells(universe, cell.data(), nullptr, 1));
  Frontier frontier(domain, static_cast<uint32_t>(radius));
  for (int round = 0; round < 2; ++round) {
    EXPECT_OK(frontier.update(universe));
    const std::set<Cell> judge = dilated(c, active, radius);
    size_t total = 0;
    bool all = true;
    for (const KeyedSlot& item : universe.tiles.order()) {
      const Tile& tile = universe.tiles[item.slot];
      tile.candidates.for_each_run([&](int begin, int length) {
        for (int cell = begin; cell < begin + length; ++cell) {
          all &= judge.count({int64_t{tile.coord.x} * 16 + cell % 16, int64_t{tile.coord.y} * 16 + cell / 16, tile.coord.z}) == 1;
          ++total;
        }
      });
    }
    EXPECT(all);
    if (!EXPECT_EQ(total, judge.size())) {
      std::fprintf(stderr, "  domain %d %ldx%ld radius %d cells %zu round %d\n", c.kind, static_cast<long>(c.extent_x), static_cast<long>(c.extent_y),
                   radius, active.size(), round);
    }
    // The second round: half of the cells sleep, and nothing may be left over from the first.
    for (size_t half = (active.size() + 1) / 2; half > 0; --half) {
      EXPECT_OK(deactivate_cells(universe, active.begin()->data(), 1));
      active.erase(active.begin());
    }
  }
}

void check_random(const Case& c, int radius, int count, uint32_t seed) {
  std::mt19937 random(seed);
  std::set<Cell> active;
  for (int i = 0; i < count; ++i) {
    const int64_t x = random(), y = random(), z = random() % 2;
    const bool endless = c.kind == ATH_DOMAIN_INFINITE;
    active.insert({endless ? x % 50 - 20 : x % c.extent_x, endless ? y % 50 - 37 : y % c.extent_y, z});
  }
  check(c, radius, active);
}

}  // namespace

TEST(dilation_agrees_with_brute_force) {
  const Case cases[] = {{ATH_DOMAIN_INFINITE, 0, 0},  {ATH_DOMAIN_BOUNDED, 48, 32},  {ATH_DOMAIN_BOUNDED, 21, 5},   {ATH_DOMAIN_BOUNDED, 1, 40},
                        {ATH_DOMAIN_PERIODIC, 48, 32}, {ATH_DOMAIN_PERIODIC, 16, 16}, {ATH_DOMAIN_PERIODIC, 21, 33}, {ATH_DOMAIN_PERIODIC, 1, 3}};
  uint32_t seed = 0;
  for (const Case& c : cases) {
    for (const int radius : {0, 1, 2, 3, 4, 5, 8, 14, 15, 16, 17, 20, 40}) {
      for (const int count : {1, 7, 60}) check_random(c, radius, count, ++seed);
    }
  }
}

TEST(gaps_in_a_row_stay_gaps) {
  for (const int radius : {0, 1, 5, 6, 7, 8}) {
    check({ATH_DOMAIN_INFINITE, 0, 0}, radius, {{0, 3, 0}, {15, 3, 0}});
    check({ATH_DOMAIN_INFINITE, 0, 0}, radius, {{3, 0, 0}, {3, 15, 0}});
    check({ATH_DOMAIN_PERIODIC, 35, 35}, radius, {{0, 3, 0}, {14, 3, 0}});
  }
}

TEST(full_tiles_spread_as_their_cells_do) {
  std::set<Cell> active;
  for (int64_t y = 0; y < 32; ++y) {
    for (int64_t x = 0; x < 32; ++x) active.insert({x, y, 0});
  }
  for (const int radius : {0, 1, 5, 16}) {
    check({ATH_DOMAIN_INFINITE, 0, 0}, radius, active);
    check({ATH_DOMAIN_PERIODIC, 48, 48}, radius, active);
  }
}

TEST(a_front_beyond_the_last_tile_is_refused) {
  const Domain domain{Axis(ATH_DOMAIN_INFINITE, 0), Axis(ATH_DOMAIN_INFINITE, 0)};
  Universe universe{domain, Background(ATH_BACKGROUND_ZERO, 0, 1), Tiles(domain, 2, false)};
  const int64_t last[3] = {kTileBias * 16 - 1, 0, 0};
  EXPECT_OK(write_cells(universe, last, nullptr, 1));
  Frontier still(domain, 0);
  EXPECT_OK(still.update(universe));
  Frontier moving(domain, 1);
  EXPECT_STATUS(moving.update(universe), ATH_OUT_OF_RANGE);
  EXPECT_CONTAINS(ath_status_message(), "1048576");
  EXPECT_EQ(universe.active_count, 1u);
}

EXPECT_MAIN
