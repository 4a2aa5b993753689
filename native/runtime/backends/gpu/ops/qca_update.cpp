// qca_update: the end of an engine step, as opcodes.def defines it.
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_qca_update(const ath_op& op, Launch* out_launch) {
  const layout::Rows cells = layout::rows(op.operands[0]);
  QcaUpdateArguments arguments = {};
  arguments.cells = uint32_t(cells.rows);
  arguments.d = uint32_t(cells.columns / 2);
  arguments.product = op.attributes[0] & 1;
  arguments.normalize = (op.attributes[0] & 2) / 2;
  arguments.background = !op.operands[4].dtype ? 0 : op.operands[4].rank == 1 ? 1 : 2;
  arguments.gamma = layout::float_of(op.attributes[1]);
  *out_launch = launch(Kernel::qca_update, blocks_for(cells.rows, 128), arguments);
  return nullptr;
}
