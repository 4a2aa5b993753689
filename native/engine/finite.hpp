// Whether all of many floats are numbers.
#pragma once

#include <cstddef>

namespace atheria::engine {

bool all_finite(const float* values, size_t count);

}  // namespace atheria::engine
