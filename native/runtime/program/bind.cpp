// Numbers for symbols, and which instructions are left to compute.
#include <string>

#include "executable.hpp"
#include "opcodes.hpp"

namespace atheria {

ath_status bind_shapes(const ath_program& program, const ath_symbol_value* values, size_t value_count, BoundShapes* out_shapes) {
  int64_t bound[26] = {};
  bool used[26] = {};
  for (size_t i = 0; i < value_count; ++i) {
    const uint32_t symbol = values[i].symbol;
    if (symbol < 'A' || symbol > 'Z') return ath_status_set(ATH_INVALID_ARGUMENT, "plan: symbol %u; expected 'A' to 'Z'", symbol);
    if (values[i].value < 1 || values[i].value > INT32_MAX)
      return ath_status_set(ATH_INVALID_ARGUMENT, "plan: %c = %lld; expected 1 to %d", char(symbol), static_cast<long long>(values[i].value), INT32_MAX);
    if (bound[symbol - 'A']) return ath_status_set(ATH_INVALID_ARGUMENT, "plan: %c is given twice", char(symbol));
    bound[symbol - 'A'] = values[i].value;
  }
  const size_t count = program.tensors.size();
  out_shapes->dims.assign(count * ATH_RANK_MAX, 0);
  out_shapes->bytes.assign(count, 0);
  for (size_t handle = 0; handle < count; ++handle) {
    const ath_tensor& tensor = program.tensors[handle].facts;
    size_t bytes = kElementBytes;
    for (uint32_t i = 0; i < tensor.rank; ++i) {
      const ath_dimension& dim = tensor.dims[i];
      int64_t value = dim.extent;
      if (dim.symbol) {
        used[dim.symbol - 'A'] = true;
        if (!bound[dim.symbol - 'A'])
          return ath_status_set(ATH_INVALID_ARGUMENT, "program \"%s\": \"%s\" is %s, but no value is given for %c", program_name(program), tensor.name,
                                shape_text(tensor).c_str(), char(dim.symbol));
        value += bound[dim.symbol - 'A'];
      }
      if (value < 1)
        return ath_status_set(ATH_INVALID_ARGUMENT, "program \"%s\": \"%s\" is %s, and dimension %u would be %lld; expected at least 1", program_name(program),
                              tensor.name, shape_text(tensor).c_str(), i, static_cast<long long>(value));
      out_shapes->dims[handle * ATH_RANK_MAX + i] = value;
      if (__builtin_mul_overflow(bytes, size_t(value), &bytes) || bytes > PTRDIFF_MAX)
        return ath_status_set(ATH_OUT_OF_MEMORY, "program \"%s\": \"%s\" is %s, which does not fit in memory with these values", program_name(program),
                              tensor.name, shape_text(tensor).c_str());
    }
    out_shapes->bytes[handle] = bytes;
  }
  for (size_t i = 0; i < value_count; ++i)
    if (!used[values[i].symbol - 'A'])
      return ath_status_set(ATH_INVALID_ARGUMENT, "program \"%s\" has no symbol %c", program_name(program), char(values[i].symbol));
  return ATH_OK;
}

std::vector<OpPlan> gather_ops(const ath_program& program) {
  std::vector<uint32_t> readers(program.tensors.size(), 0);
  std::vector<OpPlan> ops;
  OpPlan next = {};
  for (size_t i = 0; i < program.code.size(); ++i) {
    const ath_instruction& code = program.code[i];
    if (code.opcode == ATH_OP_ATTR) {
      std::copy(code.operands, code.operands + 4, next.attributes);
      continue;
    }
    if (opcode_is_planned_away(code.opcode)) continue;
    const Opcode* opcode = opcode_find(code.opcode);
    for (int slot = 0; slot < 4; ++slot)
      if ((opcode->slots[slot] == 'i' || opcode->slots[slot] == 'w' || opcode->slots[slot] == '?') && code.operands[slot] != ATH_NONE)
        ++readers[code.operands[slot]];
    if (code.opcode == ATH_OP_QCA_UPDATE && next.attributes[2]) ++readers[next.attributes[2] - 1];
    next.index = i;
    next.code = code;
    ops.push_back(next);
    next = {};
  }
  // An activation right behind a convolution or product, and nobody else wants what lies between them.
  for (size_t i = 0; i + 1 < ops.size(); ++i) {
    const ath_instruction &code = ops[i].code, &after = ops[i + 1].code;
    if (code.opcode != ATH_OP_CONV2D && code.opcode != ATH_OP_MATMUL) continue;
    const uint32_t between = code.operands[0];
    if (!opcode_is_activation(after.opcode) || after.operands[1] != between || readers[between] != 1) continue;
    if (program.tensors[between].facts.role != ATH_ROLE_LOCAL) continue;
    ops[i].activation = after.opcode;
    ops[i].activation_out = after.operands[0];
    ops[i].activation_index = ops[i + 1].index;
  }
  return ops;
}

}  // namespace atheria
