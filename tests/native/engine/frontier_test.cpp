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

void check(const Case& c, int radius, int count, int64_t x0, int64_t y0, int64_t spread, uint32_t seed) {
  const Domain domain{Axis(c.kind, c.extent_x), Axis(c.kind, c.extent_y)};
  Universe universe{domain, Background(ATH_BACKGROUND_ZERO, 0, 1), Tiles(domain, 2, false)};
  std::mt19937 random(seed);
  std::vector<int64_t> coords;
  std::set<Cell> judge;
  for (int i = 0; i < count; ++i) {
    Cell cell{x0 + static_cast<int64_t>(random() % spread), y0 + static_cast<int64_t>(random() % spread), static_cast<int64_t>(random() % 2)};
    if (c.kind != ATH_DOMAIN_INFINITE) {
      cell[0] = static_cast<int64_t>(random() % c.extent_x);
      cell[1] = static_cast<int64_t>(random() % c.extent_y);
    }
    coords.insert(coords.end(), cell.begin(), cell.end());
    for (int64_t dy = -radius; dy <= radius; ++dy) {
      for (int64_t dx = -radius; dx <= radius; ++dx) {
        Cell near{cell[0] + dx, cell[1] + dy, cell[2]};
        if (c.kind == ATH_DOMAIN_PERIODIC) {
          near[0] = ((near[0] % c.extent_x) + c.extent_x) % c.extent_x;
          near[1] = ((near[1] % c.extent_y) + c.extent_y) % c.extent_y;
        }
        if (domain.contains(near[0], near[1])) judge.insert(near);
      }
    }
  }
  EXPECT_OK(write_cells(universe, coords.data(), nullptr, coords.size() / 3));
  Frontier frontier(domain, static_cast<uint32_t>(radius));
  for (int again = 0; again < 2; ++again) {  // the second time nothing is left over from the first
    EXPECT_OK(frontier.update(universe));
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
      std::fprintf(stderr, "  domain %d %ldx%ld radius %d cells %d\n", c.kind, static_cast<long>(c.extent_x), static_cast<long>(c.extent_y), radius, count);
    }
  }
}

}  // namespace

TEST(dilation_agrees_with_brute_force) {
  const Case cases[] = {{ATH_DOMAIN_INFINITE, 0, 0},  {ATH_DOMAIN_BOUNDED, 48, 32},  {ATH_DOMAIN_BOUNDED, 21, 5},   {ATH_DOMAIN_BOUNDED, 1, 40},
                        {ATH_DOMAIN_PERIODIC, 48, 32}, {ATH_DOMAIN_PERIODIC, 16, 16}, {ATH_DOMAIN_PERIODIC, 21, 33}, {ATH_DOMAIN_PERIODIC, 1, 3}};
  uint32_t seed = 0;
  for (const Case& c : cases) {
    for (const int radius : {0, 1, 2, 3, 4, 5, 8, 14, 15, 16, 17, 20, 40}) {
      for (const int count : {1, 7, 60}) check(c, radius, count, -20, -37, 50, ++seed);
    }
  }
}

TEST(full_tiles_spread_as_their_cells_do) {
  for (const int radius : {0, 1, 5, 16}) {
    check({ATH_DOMAIN_INFINITE, 0, 0}, radius, 6000, -16, 0, 32, 77);  // every cell of 2x2 tiles, almost surely
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
