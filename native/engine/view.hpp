// Dense pictures of a region of one plane.
#pragma once

#include "universe.hpp"

namespace atheria::engine {

ath_status render_view(const Universe& universe, uint32_t view, const ath_region& region, float* out_pixels);

}  // namespace atheria::engine
