// The compiled kernels and what they were compiled for. Defined in a source that CMake makes of the code object bundle.
#pragma once

#include <cstddef>

namespace atheria::gpu {

#include "targets.inc"  // kTargets ("gfx90a", ...), kTargetNames

extern const unsigned char kImage[];
extern const size_t kImageBytes;

}  // namespace atheria::gpu
