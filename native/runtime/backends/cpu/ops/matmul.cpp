// matmul: out = a b (+ bias) (activation). A constant b is packed once.
#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct Matmul : Prepared {
  kernels::GemmCall call;
  bool packed;
};

void run(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const Matmul*>(self);
  kernels::GemmCall call = op->call;
  call.c = static_cast<float*>(operands[0]);
  call.a = static_cast<const float*>(operands[1]);
  call.b = op->packed ? floats_of(op) : static_cast<const float*>(operands[2]);
  call.epilogue.bias = static_cast<const float*>(operands[3]);
  op->kernels->gemm(&call);
}

}  // namespace

ath_status prepare_matmul(const Request& request) {
  const layout::Matmul shape = layout::matmul(request.op);
  const auto* b = static_cast<const float*>(request.op.operands[2].constant);
  auto* prepared = request.create<Matmul>(run, b ? size_t(request.kernels.pack_b_floats(shape.k, shape.n)) : 0);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  prepared->packed = b != nullptr;
  if (b) request.kernels.pack_b(shape.k, shape.n, 0, shape.n, b, shape.n, false, floats_of(prepared));
  kernels::GemmCall& call = prepared->call;
  call = {};
  call.m = shape.m;
  call.n = call.n_end = shape.n;
  call.k = call.lda = shape.k;
  call.ldb = b ? 0 : shape.n;
  call.ldc = shape.n;
  activation_of(request.op.activation, &call.epilogue.activation);
  return ATH_OK;
}

}  // namespace atheria::cpu
