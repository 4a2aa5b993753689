// Patches of blocks against cell-by-cell look-ups.
#include "halo.hpp"

#include <cstring>
#include <random>
#include <vector>

#include "../expect.hpp"
#include "cells.hpp"

using namespace atheria::engine;

namespace {

struct Case {
  ath_domain kind;
  int64_t extent_x, extent_y;
  ath_background background;
};

// What the patch must hold at a cell: through read_cells, which knows nothing of runs and neighbours.
void expected_cell(const Universe& universe, int64_t x, int64_t y, int64_t z, float* out) {
  const Domain& domain = universe.domain;
  const size_t d = universe.d();
  if (domain.is_bounded() && !domain.contains(x, y)) {
    std::memset(out, 0, 2 * d * sizeof(float));
    return;
  }
  if (domain.kind() == ATH_DOMAIN_PERIODIC) {
    x = ((x % domain.x.extent()) + domain.x.extent()) % domain.x.extent();
    y = ((y % domain.y.extent()) + domain.y.extent()) % domain.y.extent();
  }
  const int64_t coord[3] = {x, y, z};
  std::vector<float> state(2 * d);
  EXPECT_OK(read_cells(universe, coord, 1, state.data()));
  for (size_t c = 0; c < d; ++c) {
    out[c] = state[2 * c];
    out[d + c] = state[2 * c + 1];
  }
}

// The block is the square of 2^level tiles, or (width > 0) a rectangle at (at_x, at_y) of the tile.
struct Shape {
  uint32_t level;
  int32_t at_x, at_y, width, height;
};

void check(const Case& c, int radius, const Shape& shape, uint32_t d, uint32_t seed) {
  const Domain domain{Axis(c.kind, c.extent_x), Axis(c.kind, c.extent_y)};
  Universe universe{domain, Background(c.background, 99, d), Tiles(domain, 2 * d, c.background != ATH_BACKGROUND_ZERO)};
  std::mt19937 random(seed);
  std::vector<int64_t> coords;
  std::vector<float> states;
  for (int i = 0; i < 150; ++i) {
    const int64_t cell[3] = {c.kind == ATH_DOMAIN_INFINITE ? static_cast<int64_t>(random() % 60) - 30 : static_cast<int64_t>(random() % c.extent_x),
                             c.kind == ATH_DOMAIN_INFINITE ? static_cast<int64_t>(random() % 60) - 30 : static_cast<int64_t>(random() % c.extent_y), 2};
    coords.insert(coords.end(), cell, cell + 3);
    for (uint32_t k = 0; k < 2 * d; ++k) states.push_back(static_cast<float>(random() % 1000));
  }
  EXPECT_OK(write_cells(universe, coords.data(), states.data(), coords.size() / 3));
  uint32_t unseen;  // a stored tile without active cells is background, whatever its state holds; on the plane it stands beside active ones
  EXPECT_OK(universe.tiles.find_or_add({c.kind == ATH_DOMAIN_INFINITE ? 2 : 0, 0, 2}, &unseen));
  universe.tiles.sort();
  if (universe.tiles[unseen].active.empty()) std::fill_n(universe.state(universe.tiles[unseen]), universe.tiles.tile_floats(), -7.0f);
  if (c.background != ATH_BACKGROUND_ZERO) {  // as the stepper's refresh does
    for (const KeyedSlot& item : universe.tiles.order()) {
      Tile& tile = universe.tiles[item.slot];
      universe.background.fill(0, tile.coord.x * 16, tile.coord.y * 16, tile.coord.z, 16, 16, tile.background, 16 * 2 * d);
    }
  }
  HaloGather halo(static_cast<uint32_t>(radius));
  const int32_t block_width = shape.width > 0 ? shape.width : 16 << shape.level, block_height = shape.width > 0 ? shape.height : 16 << shape.level;
  const int width = block_width + 2 * radius, height = block_height + 2 * radius;
  std::vector<float> out(static_cast<size_t>(width) * height * 2 * d), expected(2 * d);
  for (const KeyedSlot& item : universe.tiles.order()) {
    const Tile& tile = universe.tiles[item.slot];
    const int32_t corner = ~((1 << shape.level) - 1);
    const Block block{(tile.coord.x & corner) * 16 + shape.at_x, (tile.coord.y & corner) * 16 + shape.at_y, tile.coord.z, block_width, block_height, 0, shape.level == 0 ? 1u : 2u};
    std::fill(out.begin(), out.end(), 1e30f);
    ath_rectangle inside;
    const bool outside = halo.gather(universe, block, item.slot, out.data(), &inside);
    bool same = true, rectangle = true, any_outside = false;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int64_t cell_x = int64_t{block.x} - radius + x, cell_y = int64_t{block.y} - radius + y;
        expected_cell(universe, cell_x, cell_y, block.z, expected.data());
        same &= std::memcmp(expected.data(), out.data() + (static_cast<size_t>(y) * width + x) * 2 * d, 2 * d * sizeof(float)) == 0;
        const bool is_inside = c.kind != ATH_DOMAIN_BOUNDED || domain.contains(cell_x, cell_y);
        rectangle &= is_inside == (x >= inside.x0 && x < inside.x1 && y >= inside.y0 && y < inside.y1);
        any_outside |= !is_inside;
      }
    }
    EXPECT(same);
    EXPECT(rectangle);
    EXPECT_EQ(outside, any_outside);
    if (!same || !rectangle) {
      std::fprintf(stderr, "  domain %d %ldx%ld radius %d level %u %dx%d d %u\n", c.kind, static_cast<long>(c.extent_x), static_cast<long>(c.extent_y), radius,
                   shape.level, block_width, block_height, d);
      return;
    }
  }
}

}  // namespace

TEST(patches_agree_with_single_cells) {
  const Case cases[] = {{ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_ZERO},   {ATH_DOMAIN_BOUNDED, 48, 32, ATH_BACKGROUND_ZERO},
                        {ATH_DOMAIN_BOUNDED, 37, 50, ATH_BACKGROUND_ZERO},  {ATH_DOMAIN_PERIODIC, 48, 32, ATH_BACKGROUND_ZERO},
                        {ATH_DOMAIN_PERIODIC, 16, 16, ATH_BACKGROUND_ZERO}, {ATH_DOMAIN_PERIODIC, 19, 41, ATH_BACKGROUND_ZERO},
                        {ATH_DOMAIN_PERIODIC, 3, 2, ATH_BACKGROUND_ZERO}};
  uint32_t seed = 0;
  for (const Case& c : cases) {
    for (const int radius : {0, 1, 2, 3, 4, 5, 16, 20}) {
      for (const Shape& shape : {Shape{0, 0, 0, 0, 0}, Shape{1, 0, 0, 0, 0}, Shape{2, 0, 0, 0, 0}, Shape{0, 0, 12, 16, 4}, Shape{0, 5, 3, 8, 8},
                                 Shape{1, 20, 4, 8, 16}, Shape{2, 32, 0, 32, 64}}) {
        check(c, radius, shape, 1 + seed % 9, seed);
        ++seed;
      }
    }
  }
}

TEST(patches_hold_the_vacuum) {
  check({ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_STATIC}, 2, {0, 0, 0, 0, 0}, 3, 5);
  check({ATH_DOMAIN_INFINITE, 0, 0, ATH_BACKGROUND_STATIC}, 5, {1, 0, 0, 0, 0}, 8, 6);
  check({ATH_DOMAIN_PERIODIC, 21, 32, ATH_BACKGROUND_STATIC}, 3, {0, 0, 0, 0, 0}, 5, 7);
  check({ATH_DOMAIN_BOUNDED, 21, 32, ATH_BACKGROUND_STATIC}, 3, {0, 0, 0, 0, 0}, 4, 8);
}

EXPECT_MAIN
