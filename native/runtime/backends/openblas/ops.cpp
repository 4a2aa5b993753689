// Which ops are products, and the backend's four slots for ops.
#include "ops.hpp"

#include <climits>
#include <new>

#include "device.hpp"
#include "layout/shapes.hpp"

namespace atheria::openblas {
namespace {

Product product_of(const ath_op& op) {
  if (op.opcode == ATH_OP_MATMUL) {
    const layout::Matmul shape = layout::matmul(op);
    return {shape.m, shape.n, shape.k, 0};
  }
  const layout::Convolution c = layout::convolution(op);
  return {c.images * c.in_height * c.in_width, c.cout, c.cin, 0};
}

}  // namespace

ath_status op_supported(void* device, const ath_op* op) {
  const ath_host* host = static_cast<Device*>(device)->host;
  if (op->opcode != ATH_OP_MATMUL && op->opcode != ATH_OP_CONV2D) return host->status_set(ATH_UNSUPPORTED, "multiplies matrices only");
  if (op->activation != ATH_OP_NOP) return host->status_set(ATH_UNSUPPORTED, "fuses nothing");
  if (op->opcode == ATH_OP_CONV2D) {
    const layout::Convolution c = layout::convolution(*op);
    if (c.kernel_height != 1 || c.kernel_width != 1) return host->status_set(ATH_UNSUPPORTED, "has 1x1 convolutions only");
    if (c.groups != 1) return host->status_set(ATH_UNSUPPORTED, "has no groups");
  }
  const Product product = product_of(*op);
  if (product.n > INT_MAX || product.k > INT_MAX) return host->status_set(ATH_UNSUPPORTED, "is limited to 2147483647 rows and columns");
  return ATH_OK;
}

ath_status op_prepare(void* device, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes) {
  const ath_host& host = *static_cast<Device*>(device)->host;
  Product planned = product_of(*op);
  planned.block_rows = uniform_block_rows(host, planned.n, planned.k, op->operands[3].dtype != 0);
  auto* product = planned.block_rows ? new (std::nothrow) Product(planned) : nullptr;
  if (!product) return host.status_set(ATH_OUT_OF_MEMORY, "openblas: no memory left to prepare an op");
  *out_prepared = product;
  *out_scratch_bytes = product_scratch_floats(*product) * sizeof(float);
  return ATH_OK;
}

void op_release(void*, void* prepared) { delete static_cast<Product*>(prepared); }

ath_status op_execute(void*, const void* prepared, void* const* operands, void* scratch) {
  multiply(*static_cast<const Product*>(prepared), static_cast<const float*>(operands[1]), static_cast<const float*>(operands[2]),
           static_cast<const float*>(operands[3]), static_cast<float*>(operands[0]), static_cast<float*>(scratch));
  return ATH_OK;
}

}  // namespace atheria::openblas
