// add, sub, mul, div: out = a op b; b may be a vector of the last axis.
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_elementwise(const ath_op& op, Launch* out_launch) {
  const Operation operation = op.opcode == ATH_OP_ADD ? kAdd : op.opcode == ATH_OP_SUB ? kSub : op.opcode == ATH_OP_MUL ? kMul : kDiv;
  const layout::Rows shape = layout::rows(op.operands[1]);
  const int64_t count = shape.rows * shape.columns;
  const bool vector = layout::broadcasts(op.operands[1], op.operands[2]);
  *out_launch = launch(Kernel::pointwise, blocks_for(count, 1024),
                       PointwiseArguments{uint32_t(operation), uint32_t(count), vector ? uint32_t(shape.columns) : 0, 0});
  return nullptr;
}
