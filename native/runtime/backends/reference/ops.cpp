// Which function computes which opcode.
#include "ops.hpp"

namespace atheria::reference {

Run run_of(uint32_t opcode) {
  switch (opcode) {
    case ATH_OP_LOAD:
    case ATH_OP_STORE: return run_copy;
    case ATH_OP_ADD:
    case ATH_OP_SUB:
    case ATH_OP_MUL:
    case ATH_OP_DIV: return run_elementwise;
    case ATH_OP_RELU:
    case ATH_OP_ELU:
    case ATH_OP_SIGMOID:
    case ATH_OP_TANH:
    case ATH_OP_GELU:
    case ATH_OP_SILU: return run_activation;
    case ATH_OP_SCALE: return run_scale;
    case ATH_OP_MATMUL: return run_matmul;
    case ATH_OP_TRANSPOSE: return run_transpose;
    case ATH_OP_SOFTMAX: return run_softmax;
    case ATH_OP_CONV2D: return run_conv2d;
    case ATH_OP_COMPLEX_MUL: return run_complex_mul;
    case ATH_OP_QCA_UPDATE: return run_qca_update;
    default: return nullptr;
  }
}

}  // namespace atheria::reference
