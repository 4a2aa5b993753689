// Ops of the CPU backend: prepared once (weights packed, calls filled in but for the addresses), then executed by one call.
#pragma once

#include "atheria/backend.h"
#include "kernels/table.hpp"

namespace atheria::cpu {

// The head of every prepared op. Freed as the block of `bytes` it came in.
struct Prepared {
  void (*run)(const Prepared* self, void* const* operands, void* scratch);
  const kernels::KernelTable* kernels;
  size_t bytes;
};

// Where a prepared op comes from: the op, the kernels, memory, and a place to say why not.
struct Request {
  const ath_op& op;
  const kernels::KernelTable& kernels;
  const ath_host& host;
  void** out_prepared;
  size_t* out_scratch_bytes;

  // A zero-filled P with `extra_floats` behind it (64-aligned, at floats_of), or null with the status set.
  template <typename P>
  P* create(void (*run)(const Prepared*, void* const*, void*), size_t extra_floats = 0) const {
    return static_cast<P*>(allocate(sizeof(P), run, extra_floats));
  }
  void* allocate(size_t head_bytes, void (*run)(const Prepared*, void* const*, void*), size_t extra_floats) const;
};

// Packed weights and the like, behind the head of a prepared op.
template <typename P>
float* floats_of(P* prepared) {
  return reinterpret_cast<float*>(reinterpret_cast<uintptr_t>(prepared) + (sizeof(P) + 63) / 64 * 64);
}
template <typename P>
const float* floats_of(const P* prepared) {
  return floats_of(const_cast<P*>(prepared));
}

// Prepares one op, or answers ATH_OUT_OF_MEMORY. Null: this backend has no such op.
using Prepare = ath_status (*)(const Request& request);
Prepare prepare_of(uint32_t opcode);

// Whether `activation` (an opcode, or ATH_OP_NOP) can follow a convolution or product; fills the epilogue.
bool activation_of(uint32_t opcode, kernels::Activation* out_activation);

ath_status prepare_copy(const Request& request);
ath_status prepare_elementwise(const Request& request);
ath_status prepare_activation(const Request& request);
ath_status prepare_scale(const Request& request);
ath_status prepare_matmul(const Request& request);
ath_status prepare_transpose(const Request& request);
ath_status prepare_softmax(const Request& request);
ath_status prepare_conv2d(const Request& request);
ath_status prepare_complex_mul(const Request& request);
ath_status prepare_qca_update(const Request& request);

ath_status op_supported(void* device, const ath_op* op);
ath_status op_prepare(void* device, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes);
void op_release(void* device, void* prepared);
ath_status op_execute(void* device, const void* prepared, void* const* operands, void* scratch);

}  // namespace atheria::cpu
