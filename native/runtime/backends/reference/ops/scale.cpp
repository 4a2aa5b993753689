// scale: out = in * factor.
#include "reference/ops.hpp"
#include "layout/shapes.hpp"

void atheria::reference::run_scale(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  const auto* in = static_cast<const float*>(operands[1]);
  const float factor = layout::float_of(op.numbers[2]);
  const int64_t count = layout::elements(op.operands[0]);
  for (int64_t i = 0; i < count; ++i) out[i] = in[i] * factor;
}
