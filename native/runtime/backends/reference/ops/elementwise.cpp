// add, sub, mul, div: out = a op b; b may be a vector of the last axis.
#include "reference/ops.hpp"
#include "layout/shapes.hpp"

namespace {

float apply(uint32_t opcode, float a, float b) {
  switch (opcode) {
    case ATH_OP_ADD: return a + b;
    case ATH_OP_SUB: return a - b;
    case ATH_OP_MUL: return a * b;
    default: return a / b;
  }
}

}  // namespace

void atheria::reference::run_elementwise(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  const auto* a = static_cast<const float*>(operands[1]);
  const auto* b = static_cast<const float*>(operands[2]);
  const layout::Rows shape = layout::rows(op.operands[1]);
  const bool vector = layout::broadcasts(op.operands[1], op.operands[2]);
  for (int64_t r = 0; r < shape.rows; ++r)
    for (int64_t c = 0; c < shape.columns; ++c) {
      const int64_t i = r * shape.columns + c;
      out[i] = apply(op.opcode, a[i], b[vector ? c : i]);
    }
}
