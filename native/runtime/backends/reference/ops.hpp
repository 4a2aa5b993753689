// Every op of the reference backend: one function that computes it from the op's own description.
#pragma once

#include "atheria/backend.h"

namespace atheria::reference {

// `operands` are host addresses; shapes and attributes are read from `op` each time.
using Run = void (*)(const ath_op& op, void* const* operands);

// Null for an opcode this backend does not have.
Run run_of(uint32_t opcode);

void run_copy(const ath_op& op, void* const* operands);
void run_elementwise(const ath_op& op, void* const* operands);
void run_activation(const ath_op& op, void* const* operands);
void run_scale(const ath_op& op, void* const* operands);
void run_matmul(const ath_op& op, void* const* operands);
void run_transpose(const ath_op& op, void* const* operands);
void run_softmax(const ath_op& op, void* const* operands);
void run_conv2d(const ath_op& op, void* const* operands);
void run_complex_mul(const ath_op& op, void* const* operands);
void run_qca_update(const ath_op& op, void* const* operands);

}  // namespace atheria::reference
