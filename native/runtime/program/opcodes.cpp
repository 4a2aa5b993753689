// The instruction list of opcodes.def as a table.
#include "opcodes.hpp"

namespace atheria {
namespace {

constexpr Opcode kOpcodes[] = {
#define ATH_OP(name, code, text, operands) {code##u, text, operands},
#include "atheria/opcodes.def"
#undef ATH_OP
};

}  // namespace

const Opcode* opcode_find(uint32_t code) {
  for (const Opcode& opcode : kOpcodes)
    if (opcode.code == code) return &opcode;
  return nullptr;
}

const Opcode* opcode_find_text(std::string_view text) {
  for (const Opcode& opcode : kOpcodes)
    if (opcode.text == text) return &opcode;
  return nullptr;
}

bool opcode_is_activation(uint32_t code) {
  return code == ATH_OP_RELU || code == ATH_OP_ELU || code == ATH_OP_SIGMOID || code == ATH_OP_TANH || code == ATH_OP_GELU ||
         code == ATH_OP_SILU;
}

bool opcode_allocates(uint32_t code) { return code == ATH_OP_ALLOC || code == ATH_OP_GPU_ALLOC; }

bool opcode_is_planned_away(uint32_t code) {
  return code == ATH_OP_NOP || code == ATH_OP_ATTR || code == ATH_OP_HALT || code == ATH_OP_ALLOC || code == ATH_OP_FREE;
}

bool opcode_takes_attributes(uint32_t code) { return code == ATH_OP_CONV2D || code == ATH_OP_QCA_UPDATE; }

const char* opcode_needs_device(uint32_t code) {
  if (code >> 16 == 0xC0DA) return "a CUDA device";
  if (code >> 16 == 0x564B) return "a Vulkan device";
  return nullptr;
}

}  // namespace atheria
