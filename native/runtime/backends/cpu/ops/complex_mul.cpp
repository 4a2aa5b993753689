// complex_mul: the last axis is concat(Re, Im).
#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct ComplexMul : Prepared {
  layout::Rows shape;
};

void run(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const ComplexMul*>(self);
  const int64_t width = op->shape.columns;
  op->kernels->complex_mul(op->shape.rows, width / 2, static_cast<const float*>(operands[1]), width, static_cast<const float*>(operands[2]), width,
                           static_cast<float*>(operands[0]), width);
}

}  // namespace

ath_status prepare_complex_mul(const Request& request) {
  auto* prepared = request.create<ComplexMul>(run);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  prepared->shape = layout::rows(request.op.operands[0]);
  return ATH_OK;
}

}  // namespace atheria::cpu
