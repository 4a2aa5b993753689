// Dense pictures of a region of one plane.
#pragma once

#include "universe.hpp"

namespace atheria::engine {

ath_status render_view(const Universe& universe, ath_view view, const ath_region& region, float* out_pixels);

}  // namespace atheria::engine
