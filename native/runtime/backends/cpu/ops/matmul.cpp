// matmul: out = a b (+ bias) (activation). A constant b is packed once; another large one in scratch at every call.
#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

// From here a packed copy of all of b costs little beside the product, and spares gemm the smaller copies that it makes of an unpacked one:
// 2 to 8 hundredths of a core's peak from 512 to 2048. The bits are the same (kernels/table.hpp).
constexpr int64_t kPackRows = 256;
constexpr int64_t kPackFloats = 80 << 10;

struct Matmul : Prepared {
  kernels::GemmCall call;
  bool packed;
};

void run_packing(const Prepared* self, void* const* operands, void* scratch) {
  const auto* op = static_cast<const Matmul*>(self);
  kernels::GemmCall call = op->call;
  auto* packed = static_cast<float*>(scratch);
  op->kernels->pack_b(call.k, call.n, 0, call.n, static_cast<const float*>(operands[2]), call.n, false, packed);
  call.c = static_cast<float*>(operands[0]);
  call.a = static_cast<const float*>(operands[1]);
  call.b = packed;
  call.epilogue.bias = static_cast<const float*>(operands[3]);
  op->kernels->gemm(&call);
}

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
  const bool packs = !b && shape.m >= kPackRows && shape.k * shape.n > kPackFloats;
  const size_t packed_floats = b || packs ? size_t(request.kernels.pack_b_floats(shape.k, shape.n)) : 0;
  auto* prepared = request.create<Matmul>(packs ? run_packing : run, b ? packed_floats : 0);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  prepared->packed = b != nullptr;
  if (b) request.kernels.pack_b(shape.k, shape.n, 0, shape.n, b, shape.n, false, floats_of(prepared));
  kernels::GemmCall& call = prepared->call;
  call = {};
  call.m = shape.m;
  call.n = call.n_end = shape.n;
  call.k = call.lda = shape.k;
  call.ldb = b || packs ? 0 : shape.n;
  call.ldc = shape.n;
  activation_of(request.op.activation, &call.epilogue.activation);
  if (packs) *request.out_scratch_bytes = packed_floats * sizeof(float);
  return ATH_OK;
}

}  // namespace atheria::cpu
