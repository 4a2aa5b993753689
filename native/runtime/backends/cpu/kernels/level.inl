// Assembles the table of one level. A level_*.cpp sets ATH_LEVEL_NAME and includes this file, nothing else.
#include "conv.inl"
#include "elementwise.inl"
#include "law_update.inl"
#include "rows.inl"

namespace atheria::kernels {
namespace {

const KernelTable kTable = {
    ATH_LEVEL_NAME, kLanes, kHasFma ? 1 : 0, kPanel,
    &pack_b_floats, &pack_b, &gemm,
    &pack_conv_floats, &pack_conv, &conv,
    &unary, &binary, &binary_scalar, &binary_row, &complex_mul,
    &softmax, &row_reduce, &layer_norm, &rms_norm, &law_update,
};

}  // namespace
}  // namespace atheria::kernels
