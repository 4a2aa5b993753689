// scale: out = in * factor.
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_scale(const ath_op& op, Launch* out_launch) {
  const int64_t count = layout::elements(op.operands[0]);
  *out_launch = launch(Kernel::pointwise, blocks_for(count, 1024), PointwiseArguments{kScale, uint32_t(count), 0, layout::float_of(op.numbers[2])});
  return nullptr;
}
