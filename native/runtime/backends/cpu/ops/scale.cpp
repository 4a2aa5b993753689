// scale: out = in * factor.
#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct Scale : Prepared {
  int64_t count;
  float factor;
};

void run(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const Scale*>(self);
  op->kernels->unary(kernels::Unary::scale, op->count, op->factor, static_cast<const float*>(operands[1]), static_cast<float*>(operands[0]));
}

}  // namespace

ath_status prepare_scale(const Request& request) {
  auto* prepared = request.create<Scale>(run);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  prepared->count = layout::elements(request.op.operands[0]);
  prepared->factor = layout::float_of(request.op.numbers[2]);
  return ATH_OK;
}

}  // namespace atheria::cpu
