// complex_mul: the last axis is concat(Re, Im).
#include "reference/ops.hpp"
#include "layout/shapes.hpp"

void atheria::reference::run_complex_mul(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  const auto* a = static_cast<const float*>(operands[1]);
  const auto* b = static_cast<const float*>(operands[2]);
  const layout::Rows shape = layout::rows(op.operands[0]);
  const int64_t d = shape.columns / 2;
  for (int64_t r = 0; r < shape.rows; ++r)
    for (int64_t c = 0; c < d; ++c) {
      const int64_t re = r * shape.columns + c, im = re + d;
      out[re] = float(double(a[re]) * double(b[re]) - double(a[im]) * double(b[im]));
      out[im] = float(double(a[re]) * double(b[im]) + double(a[im]) * double(b[re]));
    }
}
