// What a cell holds where nothing happens: zero, or the vacuum at rest or in motion.
#pragma once

#include <cstdint>

#include "atheria/engine.h"
#include "domain.hpp"

namespace atheria::engine {

class Background {
 public:
  Background() = default;
  Background(ath_background kind, uint64_t seed, uint32_t d) : kind_(kind), seed_(seed), d_(d) {}

  ath_background kind() const { return kind_; }
  bool is_zero() const { return kind_ == ATH_BACKGROUND_ZERO; }
  // The time that `fill_*` wants in the state after `step` steps.
  uint64_t time(uint64_t step) const { return kind_ == ATH_BACKGROUND_FLUCTUATING ? step : 0; }

  // Cells (x..x+width, y..y+height) of plane z into rows of `stride` floats. The caller has wrapped x and y into the domain.
  void fill(uint64_t time, int64_t x, int64_t y, int64_t z, int width, int height, float* out, int64_t stride) const;

 private:
  ath_background kind_ = ATH_BACKGROUND_ZERO;
  uint64_t seed_ = 0;
  uint32_t d_ = 1;
};

}  // namespace atheria::engine
