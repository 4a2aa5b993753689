// The vacuum, a pure function of (seed, x, y, z, t, channel). Defined in python/atheria/reference/vacuum.py.
#pragma once

#include <cstddef>
#include <cstdint>

namespace atheria::engine {

inline constexpr uint32_t kVacuumChannelsMax = 1024;

// Cells are given and written in groups of this many; fewer cost the same.
inline constexpr int kVacuumLanes = 16;

struct VacuumCells {
  int64_t x[kVacuumLanes];
  int64_t y[kVacuumLanes];
  float* out[kVacuumLanes];  // 2d floats each: concat(Re, Im)
};

// Evaluates the first `count` (1..16) cells of the group.
void vacuum_evaluate(uint64_t seed, uint64_t t, int64_t z, VacuumCells& cells, int count, uint32_t d);

}  // namespace atheria::engine
