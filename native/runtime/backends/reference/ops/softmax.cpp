// softmax over the last axis: exp(x - max) / sum.
#include <cmath>

#include "reference/ops.hpp"
#include "layout/shapes.hpp"

void atheria::reference::run_softmax(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  const auto* in = static_cast<const float*>(operands[1]);
  const layout::Rows shape = layout::rows(op.operands[0]);
  for (int64_t r = 0; r < shape.rows; ++r) {
    const float* x = in + r * shape.columns;
    float* y = out + r * shape.columns;
    double most = double(x[0]), sum = 0;
    for (int64_t c = 1; c < shape.columns; ++c) most = std::fmax(most, double(x[c]));
    for (int64_t c = 0; c < shape.columns; ++c) sum += std::exp(double(x[c]) - most);
    for (int64_t c = 0; c < shape.columns; ++c) y[c] = float(std::exp(double(x[c]) - most) / sum);
  }
}
