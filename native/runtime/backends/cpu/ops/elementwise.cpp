// add, sub, mul, div: out = a op b; b may be a vector of the last axis.
#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct Elementwise : Prepared {
  kernels::Binary op;
  int64_t rows, columns;
};

void run_same(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const Elementwise*>(self);
  op->kernels->binary(op->op, op->columns, static_cast<const float*>(operands[1]), static_cast<const float*>(operands[2]), static_cast<float*>(operands[0]));
}

void run_vector(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const Elementwise*>(self);
  op->kernels->binary_row(op->op, op->rows, op->columns, static_cast<const float*>(operands[1]), op->columns, static_cast<const float*>(operands[2]),
                          static_cast<float*>(operands[0]), op->columns);
}

}  // namespace

ath_status prepare_elementwise(const Request& request) {
  const ath_op& op = request.op;
  const bool vector = layout::broadcasts(op.operands[1], op.operands[2]);
  auto* prepared = request.create<Elementwise>(vector ? run_vector : run_same);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  prepared->op = op.opcode == ATH_OP_ADD   ? kernels::Binary::add
                 : op.opcode == ATH_OP_SUB ? kernels::Binary::sub
                 : op.opcode == ATH_OP_MUL ? kernels::Binary::mul
                                           : kernels::Binary::div;
  const layout::Rows shape = layout::rows(op.operands[1]);
  prepared->rows = vector ? shape.rows : 1;
  prepared->columns = vector ? shape.columns : shape.rows * shape.columns;
  return ATH_OK;
}

}  // namespace atheria::cpu
