// Ops of the GPU backends: from an op to the launch of one kernel. Knows no driver; Metal uses it as it is.
#pragma once

#include <cstring>

#include "atheria/backend.h"
#include "gpu/kernels/arguments.hpp"

namespace atheria::gpu {

enum class Kernel : uint32_t {
#define ATH_GPU_KERNEL(name, Arguments, threads) name,
#include "gpu/kernels/kernels.def"
#undef ATH_GPU_KERNEL
};

struct KernelFacts {
  const char* symbol;  // "ath_matmul", in the compiled module
  uint32_t threads;    // of a block
};
inline constexpr KernelFacts kKernels[] = {
#define ATH_GPU_KERNEL(name, Arguments, threads) {"ath_" #name, threads},
#include "gpu/kernels/kernels.def"
#undef ATH_GPU_KERNEL
};
inline constexpr uint32_t kKernelCount = sizeof kKernels / sizeof *kKernels;

// Everything about a launch but the operands' addresses.
struct Launch {
  Kernel kernel;
  uint32_t grid[3];
  uint32_t argument_bytes;
  alignas(8) unsigned char arguments[96];
};

// The launch of a kernel with its arguments; a grid of one dimension unless it is changed.
template <typename Arguments>
Launch launch(Kernel kernel, int64_t blocks, const Arguments& arguments) {
  Launch made = {kernel, {uint32_t(blocks), 1, 1}, sizeof(Arguments), {}};
  static_assert(sizeof(Arguments) <= sizeof made.arguments);
  std::memcpy(made.arguments, &arguments, sizeof arguments);
  return made;
}

inline int64_t blocks_for(int64_t count, int64_t per_block) { return (count + per_block - 1) / per_block; }

// Fills `out_launch` and returns null, or returns why the op cannot be had.
const char* launch_of(const ath_op& op, Launch* out_launch);

Launch launch_mask(const ath_mask& mask);

// The Operation an opcode is as an activation (kCopy for ATH_OP_NOP); false if it is none.
bool activation_of(uint32_t opcode, Operation* out_operation);

// One function an op, in ops/: the shapes are known to be right and small enough.
const char* launch_copy(const ath_op& op, Launch* out_launch);
const char* launch_activation(const ath_op& op, Launch* out_launch);
const char* launch_scale(const ath_op& op, Launch* out_launch);
const char* launch_elementwise(const ath_op& op, Launch* out_launch);
const char* launch_matmul(const ath_op& op, Launch* out_launch);
const char* launch_transpose(const ath_op& op, Launch* out_launch);
const char* launch_softmax(const ath_op& op, Launch* out_launch);
const char* launch_conv2d(const ath_op& op, Launch* out_launch);
const char* launch_complex_mul(const ath_op& op, Launch* out_launch);
const char* launch_qca_update(const ath_op& op, Launch* out_launch);

}  // namespace atheria::gpu
