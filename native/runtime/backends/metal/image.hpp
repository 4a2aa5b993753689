// The kernels as text. Defined in a source that CMake makes of it; the bytes end without a zero.
#pragma once

#include <cstddef>

namespace atheria::gpu {

extern const unsigned char kImage[];
extern const size_t kImageBytes;

}  // namespace atheria::gpu
