// relu, elu, sigmoid, tanh, gelu, silu: out = f(in).
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_activation(const ath_op& op, Launch* out_launch) {
  Operation operation = kCopy;
  if (!activation_of(op.opcode, &operation)) return "has no such activation";
  const int64_t count = layout::elements(op.operands[0]);
  *out_launch = launch(Kernel::pointwise, blocks_for(count, 1024), PointwiseArguments{uint32_t(operation), uint32_t(count), 0, 0});
  return nullptr;
}
