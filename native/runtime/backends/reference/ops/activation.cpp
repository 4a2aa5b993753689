// relu, elu, sigmoid, tanh, gelu, silu: out = f(in), in double so that the oracle's own rounding does not show.
#include <cmath>

#include "reference/ops.hpp"
#include "layout/shapes.hpp"

namespace {

double apply(uint32_t opcode, double x) {
  switch (opcode) {
    case ATH_OP_RELU: return x > 0 || std::isnan(x) ? x : 0;  // a NaN stays one: an error must not vanish here
    case ATH_OP_ELU: return x > 0 ? x : std::expm1(x);
    case ATH_OP_SIGMOID: return 1 / (1 + std::exp(-x));
    case ATH_OP_TANH: return std::tanh(x);
    case ATH_OP_GELU: return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    default: return x / (1 + std::exp(-x));
  }
}

}  // namespace

void atheria::reference::run_activation(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  const auto* in = static_cast<const float*>(operands[1]);
  const int64_t count = layout::elements(op.operands[0]);
  for (int64_t i = 0; i < count; ++i) out[i] = float(apply(op.opcode, double(in[i])));
}
