// The compiled kernels and what they were compiled for. Defined in a source that CMake makes of the fat binary.
#pragma once

#include <cstddef>

namespace atheria::gpu {

struct Architecture {
  int capability;  // 90 of sm_90
  char suffix;     // 'a' of sm_90a, or 0
  bool ptx;        // compute_90: text for the driver to compile
};

#include "architectures.inc"  // kArchitectures, kArchitectureNames, kToolkitVersion (13000 is 13.0), kMinimumDriver

extern const unsigned char kImage[];
extern const size_t kImageBytes;

}  // namespace atheria::gpu
