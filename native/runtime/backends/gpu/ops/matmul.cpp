// matmul: out[m,n] = sum over k of a[m,k] b[k,n], + bias[n].
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_matmul(const ath_op& op, Launch* out_launch) {
  const layout::Matmul shape = layout::matmul(op);
  Operation activation = kCopy;
  activation_of(op.activation, &activation);
  const int64_t across = blocks_for(shape.n, 64);
  if (across > 65535) return "is limited to 4194240 columns of a product";
  *out_launch = launch(Kernel::matmul, blocks_for(shape.m, 64),
                       MatmulArguments{uint32_t(shape.m), uint32_t(shape.n), uint32_t(shape.k), op.operands[3].dtype != 0, uint32_t(activation)});
  out_launch->grid[1] = uint32_t(across);
  return nullptr;
}
