// Philox4x32-10 on 16 counters at a time: the random words of the vacuum. Whole numbers, so every version gives the same bits.
#pragma once

#include <cstdint>

namespace atheria::engine {

inline constexpr int kPhiloxLanes = 16;

// Counters (x[i], y[i], z, t); words[j][i] is word j of counter i.
void philox4x32(const uint32_t x[kPhiloxLanes], const uint32_t y[kPhiloxLanes], uint32_t z, uint32_t t, uint64_t key, uint32_t words[4][kPhiloxLanes]);

// The versions that this CPU can run, the fastest first; for tests. Returns how many (at most 3).
struct PhiloxVersion {
  const char* name;
  void (*run)(const uint32_t* x, const uint32_t* y, uint32_t z, uint32_t t, uint64_t key, uint32_t (*words)[kPhiloxLanes]);
};
int philox_versions(PhiloxVersion out_versions[3]);

}  // namespace atheria::engine
