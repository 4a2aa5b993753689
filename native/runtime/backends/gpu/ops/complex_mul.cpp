// complex_mul: the last axis is concat(Re, Im).
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_complex_mul(const ath_op& op, Launch* out_launch) {
  const layout::Rows shape = layout::rows(op.operands[0]);
  const int64_t pairs = shape.rows * (shape.columns / 2);
  *out_launch = launch(Kernel::complex_mul, blocks_for(pairs, 256), ComplexMulArguments{uint32_t(pairs), uint32_t(shape.columns / 2)});
  return nullptr;
}
