// All kernels, for every dialect: the compiler decides which one it is. This is the file a device
// compiler is given (so no #pragma once), and what it includes is all that it sees of the project.

#if defined(__METAL_VERSION__)
#include "../dialects/metal.hpp"
#elif defined(__CUDACC__)
#include "../dialects/cuda.hpp"
#elif defined(__HIP__)
#include "../dialects/hip.hpp"
#else
#include "../dialects/host.hpp"
#endif

#include "arguments.hpp"

#include "math.inl"

#include "pointwise.inl"

#include "complex_mul.inl"
#include "mask.inl"
#include "qca_update.inl"
#include "softmax.inl"
#include "tile_product.inl"
#include "transpose.inl"

#include "conv2d.inl"
#include "matmul.inl"
