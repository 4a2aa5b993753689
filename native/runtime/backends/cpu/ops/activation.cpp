// relu, elu, sigmoid, tanh, gelu, silu: out = f(in).
#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct Activate : Prepared {
  kernels::Unary op;
  int64_t count;
};

void run(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const Activate*>(self);
  op->kernels->unary(op->op, op->count, 1.0f, static_cast<const float*>(operands[1]), static_cast<float*>(operands[0]));
}

}  // namespace

ath_status prepare_activation(const Request& request) {
  auto* prepared = request.create<Activate>(run);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  switch (request.op.opcode) {
    case ATH_OP_RELU: prepared->op = kernels::Unary::relu; break;
    case ATH_OP_ELU: prepared->op = kernels::Unary::elu; break;
    case ATH_OP_SIGMOID: prepared->op = kernels::Unary::sigmoid; break;
    case ATH_OP_TANH: prepared->op = kernels::Unary::tanh; break;
    case ATH_OP_GELU: prepared->op = kernels::Unary::gelu_tanh; break;
    default: prepared->op = kernels::Unary::silu; break;
  }
  prepared->count = layout::elements(request.op.operands[0]);
  return ATH_OK;
}

}  // namespace atheria::cpu
