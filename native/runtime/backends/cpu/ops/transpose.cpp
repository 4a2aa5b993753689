// transpose: the last two axes are exchanged, in blocks that fit the first-level cache both ways.
#include <algorithm>

#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct Transpose : Prepared {
  int64_t matrices, rows, columns;
};

void run(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const Transpose*>(self);
  auto* out = static_cast<float*>(operands[0]);
  const auto* in = static_cast<const float*>(operands[1]);
  constexpr int64_t kBlock = 16;
  for (int64_t matrix = 0; matrix < op->matrices; ++matrix, in += op->rows * op->columns, out += op->rows * op->columns)
    for (int64_t r0 = 0; r0 < op->rows; r0 += kBlock)
      for (int64_t c0 = 0; c0 < op->columns; c0 += kBlock) {
        const int64_t r1 = std::min(r0 + kBlock, op->rows), c1 = std::min(c0 + kBlock, op->columns);
        for (int64_t c = c0; c < c1; ++c)
          for (int64_t r = r0; r < r1; ++r) out[c * op->rows + r] = in[r * op->columns + c];
      }
}

}  // namespace

ath_status prepare_transpose(const Request& request) {
  auto* prepared = request.create<Transpose>(run);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  const ath_operand& in = request.op.operands[1];
  prepared->rows = in.dims[in.rank - 2];
  prepared->columns = in.dims[in.rank - 1];
  prepared->matrices = layout::elements(in) / (prepared->rows * prepared->columns);
  return ATH_OK;
}

}  // namespace atheria::cpu
