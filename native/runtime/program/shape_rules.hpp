// What each instruction demands of the shapes of its operands, for all values of the symbols.
#pragma once

#include <cstdint>
#include <string>

#include "atheria/program.h"

namespace atheria {

// One instruction with its operands resolved; null where the slot is absent or no tensor.
struct OperandShapes {
  const ath_instruction* instruction;
  const uint32_t* attributes;   // four; zeros without ATTR
  const ath_tensor* slots[5];   // the fifth: the tensor an attribute names
};

// Empty if the shapes are right; else what is wrong, naming slots and shapes.
std::string shape_complaint(const OperandShapes& op);

bool same_dimension(const ath_dimension& a, const ath_dimension& b);

}  // namespace atheria
