// transpose: the last two axes are exchanged.
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_transpose(const ath_op& op, Launch* out_launch) {
  const ath_operand& in = op.operands[1];
  const int64_t rows = in.dims[in.rank - 2], columns = in.dims[in.rank - 1];
  const int64_t tiles = blocks_for(rows, 32) * blocks_for(columns, 32) * (layout::elements(in) / (rows * columns));
  *out_launch = launch(Kernel::transpose, tiles, TransposeArguments{uint32_t(rows), uint32_t(columns)});
  return nullptr;
}
