// softmax over the last axis.
#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct Softmax : Prepared {
  layout::Rows shape;
};

void run(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const Softmax*>(self);
  const layout::Rows& shape = op->shape;
  op->kernels->softmax(shape.rows, shape.columns, 1.0f, static_cast<const float*>(operands[1]), shape.columns, static_cast<float*>(operands[0]),
                       shape.columns);
}

}  // namespace

ath_status prepare_softmax(const Request& request) {
  auto* prepared = request.create<Softmax>(run);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  prepared->shape = layout::rows(request.op.operands[0]);
  return ATH_OK;
}

}  // namespace atheria::cpu
