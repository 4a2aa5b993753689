// The instruction list of opcodes.def as a table.
#pragma once

#include <string_view>

#include "atheria/program.h"

namespace atheria {

struct Opcode {
  uint32_t code;
  const char* text;   // "matmul"
  const char* slots;  // "oii?"
};

// Null for a code that is not in the list.
const Opcode* opcode_find(uint32_t code);
const Opcode* opcode_find_text(std::string_view text);

// relu, elu, ...: f(x) element by element, which backends may fuse behind a convolution or product.
bool opcode_is_activation(uint32_t code);
// alloc, on whichever device: a local lives from here, and has no contents yet.
bool opcode_allocates(uint32_t code);
// Does not reach a backend: the plan has done its work.
bool opcode_is_planned_away(uint32_t code);
// Takes the numbers of an ATTR before it.
bool opcode_takes_attributes(uint32_t code);
// Needs one particular kind of device ("a CUDA device"); null: runs anywhere.
const char* opcode_needs_device(uint32_t code);

}  // namespace atheria
