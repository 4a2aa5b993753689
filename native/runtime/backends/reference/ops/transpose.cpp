// transpose: the last two axes are exchanged.
#include "reference/ops.hpp"
#include "layout/shapes.hpp"

void atheria::reference::run_transpose(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  const auto* in = static_cast<const float*>(operands[1]);
  const layout::Rows shape = layout::rows(op.operands[1]);
  const int64_t columns = shape.columns, rows = op.operands[1].dims[op.operands[1].rank - 2];
  for (int64_t matrix = 0; matrix < shape.rows / rows; ++matrix)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c) out[(matrix * columns + c) * rows + r] = in[(matrix * rows + r) * columns + c];
}
