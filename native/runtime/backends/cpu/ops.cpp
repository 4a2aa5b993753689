// Which function prepares which opcode, and the backend's four slots for ops.
#include "ops.hpp"

#include <cstring>

#include "device.hpp"

namespace atheria::cpu {

Prepare prepare_of(uint32_t opcode) {
  switch (opcode) {
    case ATH_OP_LOAD:
    case ATH_OP_STORE: return prepare_copy;
    case ATH_OP_ADD:
    case ATH_OP_SUB:
    case ATH_OP_MUL:
    case ATH_OP_DIV: return prepare_elementwise;
    case ATH_OP_RELU:
    case ATH_OP_ELU:
    case ATH_OP_SIGMOID:
    case ATH_OP_TANH:
    case ATH_OP_GELU:
    case ATH_OP_SILU: return prepare_activation;
    case ATH_OP_SCALE: return prepare_scale;
    case ATH_OP_MATMUL: return prepare_matmul;
    case ATH_OP_TRANSPOSE: return prepare_transpose;
    case ATH_OP_SOFTMAX: return prepare_softmax;
    case ATH_OP_CONV2D: return prepare_conv2d;
    case ATH_OP_COMPLEX_MUL: return prepare_complex_mul;
    case ATH_OP_QCA_UPDATE: return prepare_qca_update;
    default: return nullptr;
  }
}

bool activation_of(uint32_t opcode, kernels::Activation* out_activation) {
  switch (opcode) {
    case ATH_OP_NOP: *out_activation = kernels::Activation::none; return true;
    case ATH_OP_RELU: *out_activation = kernels::Activation::relu; return true;
    case ATH_OP_ELU: *out_activation = kernels::Activation::elu; return true;
    case ATH_OP_SIGMOID: *out_activation = kernels::Activation::sigmoid; return true;
    case ATH_OP_TANH: *out_activation = kernels::Activation::tanh; return true;
    case ATH_OP_GELU: *out_activation = kernels::Activation::gelu_tanh; return true;
    case ATH_OP_SILU: *out_activation = kernels::Activation::silu; return true;
    default: return false;
  }
}

void* Request::allocate(size_t head_bytes, void (*run)(const Prepared*, void* const*, void*), size_t extra_floats) const {
  const size_t bytes = (head_bytes + 63) / 64 * 64 + extra_floats * sizeof(float);
  void* memory = host.allocator->allocate(host.allocator->self, bytes);
  if (!memory) {
    host.status_set(ATH_OUT_OF_MEMORY, "cpu: no memory left to prepare an op (%zu bytes)", bytes);
    return nullptr;
  }
  std::memset(memory, 0, head_bytes);
  auto* prepared = static_cast<Prepared*>(memory);
  prepared->run = run;
  prepared->kernels = &kernels;
  prepared->bytes = bytes;
  *out_prepared = memory;
  *out_scratch_bytes = 0;
  return memory;
}

ath_status op_supported(void* device, const ath_op* op) {
  const ath_host* host = static_cast<Device*>(device)->host;
  if (!prepare_of(op->opcode)) return host->status_set(ATH_UNSUPPORTED, "has no such op");
  kernels::Activation activation;
  const bool fuses = op->opcode == ATH_OP_MATMUL || op->opcode == ATH_OP_CONV2D;
  if (op->activation != ATH_OP_NOP && (!fuses || !activation_of(op->activation, &activation)))
    return host->status_set(ATH_UNSUPPORTED, "does not fuse this activation");
  return ATH_OK;
}

ath_status op_prepare(void* device, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes) {
  const auto* cpu = static_cast<Device*>(device);
  return prepare_of(op->opcode)({*op, *cpu->kernels, *cpu->host, out_prepared, out_scratch_bytes});
}

void op_release(void* device, void* prepared) {
  const ath_allocator* allocator = static_cast<Device*>(device)->host->allocator;
  allocator->release(allocator->self, prepared, static_cast<Prepared*>(prepared)->bytes);
}

ath_status op_execute(void*, const void* prepared, void* const* operands, void* scratch) {
  const auto* op = static_cast<const Prepared*>(prepared);
  op->run(op, operands, scratch);
  return ATH_OK;
}

}  // namespace atheria::cpu
