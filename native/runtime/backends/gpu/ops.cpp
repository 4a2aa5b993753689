// Which function launches which opcode, and what no kernel can do.
#include "ops.hpp"

#include "layout/shapes.hpp"

namespace atheria::gpu {

bool activation_of(uint32_t opcode, Operation* out_operation) {
  switch (opcode) {
    case ATH_OP_NOP: *out_operation = kCopy; return true;
    case ATH_OP_RELU: *out_operation = kRelu; return true;
    case ATH_OP_ELU: *out_operation = kElu; return true;
    case ATH_OP_SIGMOID: *out_operation = kSigmoid; return true;
    case ATH_OP_TANH: *out_operation = kTanh; return true;
    case ATH_OP_GELU: *out_operation = kGelu; return true;
    case ATH_OP_SILU: *out_operation = kSilu; return true;
    default: return false;
  }
}

const char* launch_of(const ath_op& op, Launch* out_launch) {
  for (const ath_operand& operand : op.operands)
    if (operand.dtype && layout::elements(operand) > INT32_MAX) return "is limited to tensors of 2147483647 elements";
  Operation fused;
  const bool fuses = op.opcode == ATH_OP_MATMUL || op.opcode == ATH_OP_CONV2D;
  if (op.activation != ATH_OP_NOP && (!fuses || !activation_of(op.activation, &fused))) return "does not fuse this activation";
  switch (op.opcode) {
    case ATH_OP_LOAD:
    case ATH_OP_STORE: return launch_copy(op, out_launch);
    case ATH_OP_ADD:
    case ATH_OP_SUB:
    case ATH_OP_MUL:
    case ATH_OP_DIV: return launch_elementwise(op, out_launch);
    case ATH_OP_RELU:
    case ATH_OP_ELU:
    case ATH_OP_SIGMOID:
    case ATH_OP_TANH:
    case ATH_OP_GELU:
    case ATH_OP_SILU: return launch_activation(op, out_launch);
    case ATH_OP_SCALE: return launch_scale(op, out_launch);
    case ATH_OP_MATMUL: return launch_matmul(op, out_launch);
    case ATH_OP_TRANSPOSE: return launch_transpose(op, out_launch);
    case ATH_OP_SOFTMAX: return launch_softmax(op, out_launch);
    case ATH_OP_CONV2D: return launch_conv2d(op, out_launch);
    case ATH_OP_COMPLEX_MUL: return launch_complex_mul(op, out_launch);
    case ATH_OP_QCA_UPDATE: return launch_qca_update(op, out_launch);
    default: return "has no such op";
  }
}

Launch launch_mask(const ath_mask& mask) {
  const int64_t count = int64_t{mask.count} * mask.height * mask.width * mask.channels;
  return launch(Kernel::mask, blocks_for(count, 256),
                MaskArguments{uint32_t(count), uint32_t(mask.height), uint32_t(mask.width), uint32_t(mask.channels), mask.shift_y, mask.shift_x});
}

}  // namespace atheria::gpu
