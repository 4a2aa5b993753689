// The state of a simulation: space, background, tiles and the number of steps done. Everything else is derived or works on it.
#pragma once

#include <cstdint>

#include "background.hpp"
#include "domain.hpp"
#include "tiles.hpp"

namespace atheria::engine {

struct Universe {
  Domain domain;
  Background background;
  Tiles tiles;
  uint64_t step = 0;
  size_t active_count = 0;

  uint32_t channels() const { return tiles.channels(); }
  uint32_t d() const { return channels() / 2; }
  // Every tile is computed in every step or has no active cells, so all tiles swap their states together.
  int now() const { return static_cast<int>(step & 1); }
  const float* state(const Tile& tile) const { return tile.state[now()]; }
  float* state(Tile& tile) const { return tile.state[now()]; }
  float* next_state(Tile& tile) const { return tile.state[now() ^ 1]; }
  uint64_t background_time() const { return background.time(step); }
};

}  // namespace atheria::engine
