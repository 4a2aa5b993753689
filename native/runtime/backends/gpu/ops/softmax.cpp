// softmax over the last axis: exp(x - max) / sum.
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_softmax(const ath_op& op, Launch* out_launch) {
  const layout::Rows shape = layout::rows(op.operands[0]);
  *out_launch = launch(Kernel::softmax, shape.rows, SoftmaxArguments{uint32_t(shape.columns)});
  return nullptr;
}
