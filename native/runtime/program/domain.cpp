// Bounded domains: a patch may reach beyond the domain's edge, and what lies there must be zero for every convolution, layer by layer.
#include <cstring>

#include "executable.hpp"
#include "opcodes.hpp"

namespace atheria {

void plan_domains(const std::vector<OpPlan>& ops, const BoundShapes& shapes, const std::vector<uint32_t>& table_index, ath_executable& executable) {
  const std::vector<ProgramTensor>& tensors = executable.program->tensors;
  const auto refuse = [&](const OpPlan& op, const std::string& why) {
    executable.no_domains = "op " + std::to_string(op.index) + " " + opcode_find(op.code.opcode)->text + " " + why;
  };
  const ProgramTensor* input = nullptr;
  for (const ProgramTensor& tensor : tensors)
    if (tensor.facts.role == ATH_ROLE_INPUT && !input) input = &tensor;
  if (!input || input->facts.rank != 4) {
    executable.no_domains = "the first input is not [B,H,W,C]";
    return;
  }
  const int64_t* from = shapes.of(uint32_t(input - tensors.data()));
  std::vector<bool> clean(tensors.size(), false);
  for (size_t i = 0; i < ops.size(); ++i) {
    const OpPlan& op = ops[i];
    if (op.code.opcode == ATH_OP_TRANSPOSE) return refuse(op, "moves the axes");
    if (op.code.opcode != ATH_OP_CONV2D) continue;
    const int64_t* window = shapes.of(op.code.operands[2]);
    if (window[0] == 1 && window[1] == 1) continue;  // reads no neighbour: what is outside stays outside
    if (op.attributes[2] == 1) return refuse(op, "pads in a circle, which has no edge");
    const uint32_t handle = op.code.operands[1];
    // The caller gives zeros outside in the inputs; constants are the same for every place.
    const uint32_t role = tensors[handle].facts.role;
    if (role == ATH_ROLE_INPUT || clean[handle]) continue;
    if (role == ATH_ROLE_CONSTANT) return refuse(op, "reads a constant, which has no place in the domain");
    const int64_t* dims = shapes.of(handle);
    const int64_t lost_y = from[1] - dims[1], lost_x = from[2] - dims[2];
    if (dims[0] != from[0] || lost_y < 0 || lost_x < 0 || lost_y % 2 || lost_x % 2)
      return refuse(op, "reads a tensor that is not the middle of the input");
    executable.steps[i].mask = uint32_t(executable.masks.size());
    executable.masks.push_back({table_index[handle], int32_t(lost_y / 2), int32_t(lost_x / 2), dims[1], dims[2], dims[3]});
    clean[handle] = true;
  }
}

void apply_mask(const DomainMask& mask, float* values, const ath_rectangle* domains, uint32_t count) {
  const auto clamp = [](int64_t value, int64_t limit) { return value < 0 ? 0 : value > limit ? limit : value; };
  const size_t cell = size_t(mask.channels), row = cell * size_t(mask.width), image = row * size_t(mask.height);
  for (uint32_t i = 0; i < count; ++i) {
    const ath_rectangle& domain = domains[i];
    const int64_t y0 = clamp(int64_t{domain.y0} - mask.shift_y, mask.height), y1 = clamp(int64_t{domain.y1} - mask.shift_y, mask.height);
    const int64_t x0 = clamp(int64_t{domain.x0} - mask.shift_x, mask.width), x1 = clamp(int64_t{domain.x1} - mask.shift_x, mask.width);
    if (y0 == 0 && x0 == 0 && y1 == mask.height && x1 == mask.width) continue;
    float* const at = values + image * i;
    if (y0 >= y1 || x0 >= x1) {
      std::memset(at, 0, image * sizeof(float));
      continue;
    }
    std::memset(at, 0, size_t(y0) * row * sizeof(float));
    for (int64_t y = y0; y < y1; ++y) {
      float* const line = at + size_t(y) * row;
      std::memset(line, 0, size_t(x0) * cell * sizeof(float));
      std::memset(line + size_t(x1) * cell, 0, size_t(mask.width - x1) * cell * sizeof(float));
    }
    std::memset(at + size_t(y1) * row, 0, size_t(mask.height - y1) * row * sizeof(float));
  }
}

}  // namespace atheria
