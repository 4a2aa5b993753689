// Shape rules, one function per family of instructions.
#include "shape_rules.hpp"

#include "opcodes.hpp"
#include "program.hpp"

namespace atheria {

bool same_dimension(const ath_dimension& a, const ath_dimension& b) { return a.symbol == b.symbol && a.extent == b.extent; }

namespace {

std::string slot_text(const OperandShapes& op, int slot) { return "slot " + std::to_string(slot) + " is " + shape_text(*op.slots[slot]); }

bool same_shape(const ath_tensor& a, const ath_tensor& b, uint32_t rank) {
  if (a.rank < rank || b.rank < rank) return false;
  for (uint32_t i = 0; i < rank; ++i)
    if (!same_dimension(a.dims[i], b.dims[i])) return false;
  return true;
}

bool same_shape(const ath_tensor& a, const ath_tensor& b) { return a.rank == b.rank && same_shape(a, b, a.rank); }

const ath_dimension& last(const ath_tensor& tensor) { return tensor.dims[tensor.rank - 1]; }

// out and in alike, slot by slot.
std::string alike(const OperandShapes& op, int a, int b) {
  if (same_shape(*op.slots[a], *op.slots[b])) return "";
  return slot_text(op, b) + ", but slot " + std::to_string(a) + " is " + shape_text(*op.slots[a]) + "; they must be the same";
}

// [C], for the last axis of `of`.
std::string vector_of(const OperandShapes& op, int vector, const ath_dimension& of, const char* what) {
  if (op.slots[vector]->rank == 1 && same_dimension(op.slots[vector]->dims[0], of)) return "";
  ath_tensor wanted = {};
  wanted.dtype = ATH_DTYPE_F32;
  wanted.rank = 1;
  wanted.dims[0] = of;
  return slot_text(op, vector) + ", but " + what + " must be " + shape_text(wanted);
}

std::string binary(const OperandShapes& op) {
  if (std::string wrong = alike(op, 0, 1); !wrong.empty()) return wrong;
  const ath_tensor &a = *op.slots[1], &b = *op.slots[2];
  if (same_shape(a, b) || (b.rank == 1 && same_dimension(b.dims[0], last(a)))) return "";
  return slot_text(op, 2) + ", but slot 1 is " + shape_text(a) + "; it must be the same, or a vector of its last axis";
}

std::string complex_mul(const OperandShapes& op) {
  for (int slot : {1, 2})
    if (std::string wrong = alike(op, 0, slot); !wrong.empty()) return wrong;
  const ath_dimension& channels = last(*op.slots[0]);
  if (channels.symbol || channels.extent % 2) return slot_text(op, 0) + "; the last axis must be an even number: Re and Im halves";
  return "";
}

std::string matmul(const OperandShapes& op) {
  const ath_tensor &out = *op.slots[0], &a = *op.slots[1], &b = *op.slots[2];
  if (a.rank < 2) return slot_text(op, 1) + "; a product needs rank 2 or more";
  if (b.rank != 2) return slot_text(op, 2) + "; the right side must have rank 2: [K,N]";
  if (!same_dimension(last(a), b.dims[0])) return slot_text(op, 2) + ", but slot 1 is " + shape_text(a) + "; its K does not match";
  if (out.rank != a.rank || !same_shape(out, a, a.rank - 1) || !same_dimension(last(out), b.dims[1]))
    return slot_text(op, 0) + ", but the product of " + shape_text(a) + " and " + shape_text(b) + " is not";
  return op.slots[3] ? vector_of(op, 3, b.dims[1], "the bias") : "";
}

std::string transpose(const OperandShapes& op) {
  const ath_tensor &out = *op.slots[0], &in = *op.slots[1];
  const uint32_t rank = in.rank;
  if (rank < 2) return slot_text(op, 1) + "; a transposition needs rank 2 or more";
  if (out.rank == rank && same_shape(out, in, rank - 2) && same_dimension(out.dims[rank - 2], in.dims[rank - 1]) &&
      same_dimension(out.dims[rank - 1], in.dims[rank - 2]))
    return "";
  return slot_text(op, 0) + ", but slot 1 is " + shape_text(in) + "; the last two axes must be exchanged";
}

std::string convolution(const OperandShapes& op) {
  const ath_tensor &out = *op.slots[0], &in = *op.slots[1], &weight = *op.slots[2];
  for (int slot : {0, 1, 2})
    if (op.slots[slot]->rank != 4) return slot_text(op, slot) + "; a convolution needs rank 4: [B,H,W,C], weights [KH,KW,Ci/groups,Co]";
  for (uint32_t i = 0; i < 4; ++i)
    if (weight.dims[i].symbol) return slot_text(op, 2) + "; weights have no symbols in their shape";
  const int64_t dilation = op.attributes[0] ? op.attributes[0] : 1, groups = op.attributes[1] ? op.attributes[1] : 1;
  const uint32_t padding = op.attributes[2];
  if (padding > 1) return "padding is " + std::to_string(padding) + "; expected 0 (zero) or 1 (circular)";
  if (op.attributes[3]) return "the fourth attribute is " + std::to_string(op.attributes[3]) + "; expected 0";
  if (!same_dimension(out.dims[0], in.dims[0])) return slot_text(op, 0) + ", but slot 1 is " + shape_text(in) + "; the batch must be the same";
  for (uint32_t axis : {1u, 2u}) {
    const ath_dimension &to = out.dims[axis], &from = in.dims[axis];
    const int64_t window = dilation * (int64_t{weight.dims[axis - 1].extent} - 1);
    const int64_t shrunk = int64_t{from.extent} - to.extent;
    const char* name = axis == 1 ? "H" : "W";
    // No axis is longer than that; and sums of extents and windows then stay far inside 64 bits.
    if (window >= INT32_MAX)
      return "a window of " + std::to_string(window + 1) + " on " + name + ": " + std::to_string(weight.dims[axis - 1].extent) + " cells " +
             std::to_string(dilation) + " apart; expected at most " + std::to_string(INT32_MAX);
    if (to.symbol != from.symbol || (shrunk != 0 && shrunk != window))
      return slot_text(op, 0) + ", but slot 1 is " + shape_text(in) + "; with a window of " + std::to_string(window + 1) + " output " + name +
             " must be input " + name + ", or that minus " + std::to_string(window);
    if (shrunk == 0 && window % 2) return "a window of " + std::to_string(window + 1) + " on " + name + " cannot be padded by half on each side; use an odd one";
    if (padding == 1 && shrunk != 0) return "circular padding, but output " + std::string(name) + " is smaller than input " + name;
    if (padding == 1 && !from.symbol && window / 2 > from.extent)
      return "circular padding by " + std::to_string(window / 2) + " is more than input " + name + " = " + std::to_string(from.extent);
  }
  const ath_dimension &ci = in.dims[3], &co = out.dims[3];
  if (ci.symbol || co.symbol) return slot_text(op, 1) + ", " + slot_text(op, 0) + "; channels must be numbers";
  if (ci.extent % groups || co.extent % groups)
    return std::to_string(groups) + " groups do not divide " + std::to_string(ci.extent) + " input and " + std::to_string(co.extent) + " output channels";
  if (weight.dims[2].extent != ci.extent / groups || weight.dims[3].extent != co.extent)
    return slot_text(op, 2) + ", but " + std::to_string(ci.extent) + " input channels, " + std::to_string(co.extent) + " output channels and " +
           std::to_string(groups) + " groups need [KH,KW," + std::to_string(ci.extent / groups) + "," + std::to_string(co.extent) + "]";
  return op.slots[3] ? vector_of(op, 3, co, "the bias") : "";
}

std::string qca_update(const OperandShapes& op) {
  const ath_tensor &out = *op.slots[0], &activity = *op.slots[1];
  if (out.rank < 2) return slot_text(op, 0) + "; cells need rank 2 or more: [N,C]";
  for (int slot : {2, 3})
    if (std::string wrong = alike(op, 0, slot); !wrong.empty()) return wrong;
  if (last(out).symbol || last(out).extent % 2) return slot_text(op, 0) + "; the last axis must be an even number: Re and Im halves";
  if (activity.rank + 1 != out.rank || !same_shape(activity, out, activity.rank)) return slot_text(op, 1) + "; activity must be slot 0 without its last axis";
  if (op.attributes[0] & ~3u) return "flags are " + std::to_string(op.attributes[0]) + "; expected the sum of 1 (product) and 2 (normalise)";
  if (op.attributes[3]) return "the fourth attribute is " + std::to_string(op.attributes[3]) + "; expected 0";
  const ath_tensor* background = op.slots[4];
  if (background && !same_shape(*background, out) && !(background->rank == 1 && same_dimension(background->dims[0], last(out))))
    return "background is " + shape_text(*background) + ", but must be " + shape_text(out) + " or a vector of its last axis";
  return "";
}

}  // namespace

std::string shape_complaint(const OperandShapes& op) {
  const uint32_t code = op.instruction->opcode;
  const bool copies = code == ATH_OP_LOAD || code == ATH_OP_STORE;
  const bool any_type = copies || code == ATH_OP_FREE || opcode_allocates(code);
  for (int slot = 0; slot < 5 && !any_type; ++slot)
    if (op.slots[slot] && op.slots[slot]->dtype != ATH_DTYPE_F32) return slot_text(op, slot) + "; expected f32";
  if (copies && op.slots[0]->dtype != op.slots[1]->dtype) return slot_text(op, 1) + ", but slot 0 is " + shape_text(*op.slots[0]);
  if (copies || code == ATH_OP_SOFTMAX || code == ATH_OP_SCALE || opcode_is_activation(code)) return alike(op, 0, 1);
  switch (code) {
    case ATH_OP_ADD:
    case ATH_OP_SUB:
    case ATH_OP_MUL:
    case ATH_OP_DIV:
    case ATH_OP_VK_COMPUTE: return binary(op);
    case ATH_OP_MATMUL:
    case ATH_OP_GPU_MATMUL: return matmul(op);
    case ATH_OP_TRANSPOSE: return transpose(op);
    case ATH_OP_CONV2D: return convolution(op);
    case ATH_OP_COMPLEX_MUL: return complex_mul(op);
    case ATH_OP_QCA_UPDATE: return qca_update(op);
    default: return "";
  }
}

}  // namespace atheria
