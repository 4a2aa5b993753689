// matmul: out[m,n] = sum over k of a[m,k] b[k,n], + bias[n].
#include "reference/ops.hpp"
#include "layout/shapes.hpp"

void atheria::reference::run_matmul(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  const auto* a = static_cast<const float*>(operands[1]);
  const auto* b = static_cast<const float*>(operands[2]);
  const auto* bias = static_cast<const float*>(operands[3]);
  const layout::Matmul shape = layout::matmul(op);
  for (int64_t m = 0; m < shape.m; ++m)
    for (int64_t n = 0; n < shape.n; ++n) {
      double sum = bias ? double(bias[n]) : 0;
      for (int64_t k = 0; k < shape.k; ++k) sum += double(a[m * shape.k + k]) * double(b[k * shape.n + n]);
      out[m * shape.n + n] = float(sum);
    }
}
