// What the shapes of an op mean as loops. Header only, for all backends: it needs the contract and nothing else.
#pragma once

#include <cstdint>

#include "atheria/backend.h"

namespace atheria::layout {

inline int64_t elements(const ath_operand& operand) {
  int64_t count = 1;
  for (uint32_t i = 0; i < operand.rank; ++i) count *= operand.dims[i];
  return count;
}

// A tensor as rows of its last axis.
struct Rows {
  int64_t rows, columns;
};

inline Rows rows(const ath_operand& operand) {
  const int64_t columns = operand.dims[operand.rank - 1];
  return {elements(operand) / columns, columns};
}

// The second operand of an element-wise op is a vector of the first one's last axis.
inline bool broadcasts(const ath_operand& a, const ath_operand& b) { return b.rank < a.rank; }

struct Matmul {
  int64_t m, n, k;
};

inline Matmul matmul(const ath_op& op) {
  const Rows a = rows(op.operands[1]);
  return {a.rows, op.operands[2].dims[1], a.columns};
}

struct Convolution {
  int64_t images, in_height, in_width, out_height, out_width;
  int64_t cin, cout, kernel_height, kernel_width, dilation, groups;
  int64_t pad_y, pad_x;  // on each side
  bool circular;
};

inline Convolution convolution(const ath_op& op) {
  const int64_t *out = op.operands[0].dims, *in = op.operands[1].dims, *weight = op.operands[2].dims;
  Convolution c = {};
  c.images = in[0];
  c.in_height = in[1];
  c.in_width = in[2];
  c.cin = in[3];
  c.out_height = out[1];
  c.out_width = out[2];
  c.cout = out[3];
  c.kernel_height = weight[0];
  c.kernel_width = weight[1];
  c.dilation = op.attributes[0] ? op.attributes[0] : 1;
  c.groups = op.attributes[1] ? op.attributes[1] : 1;
  c.circular = op.attributes[2] == 1;
  // Each axis is either valid or padded to its own size.
  c.pad_y = (c.out_height + c.dilation * (c.kernel_height - 1) - c.in_height) / 2;
  c.pad_x = (c.out_width + c.dilation * (c.kernel_width - 1) - c.in_width) / 2;
  return c;
}

// -1: a zero of the padding.
inline int64_t padded_index(int64_t i, int64_t size, bool circular) {
  if (i >= 0 && i < size) return i;
  return circular ? ((i % size) + size) % size : -1;
}

// SCALE's factor, QCA_UPDATE's gamma: floats travel as their bits.
inline float float_of(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace atheria::layout
