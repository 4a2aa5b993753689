// load, store: out = in.
#include <cstring>

#include "reference/ops.hpp"
#include "layout/shapes.hpp"

void atheria::reference::run_copy(const ath_op& op, void* const* operands) {
  std::memcpy(operands[0], operands[1], size_t(layout::elements(op.operands[0])) * 4);
}
