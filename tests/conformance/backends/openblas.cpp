// OpenBLAS multiplies matrices; all else is the cpu backend's.
#include "../suite.hpp"

namespace {
constexpr const char* kNoProduct = "no matrix product";
const conformance::Backend openblas("openblas", {
    {ATH_OP_LOAD, kNoProduct, true},        {ATH_OP_STORE, kNoProduct, true},   {ATH_OP_ADD, kNoProduct, true},
    {ATH_OP_SUB, kNoProduct, true},         {ATH_OP_MUL, kNoProduct, true},     {ATH_OP_DIV, kNoProduct, true},
    {ATH_OP_TRANSPOSE, kNoProduct, true},   {ATH_OP_SOFTMAX, kNoProduct, true}, {ATH_OP_RELU, kNoProduct, true},
    {ATH_OP_ELU, kNoProduct, true},         {ATH_OP_SIGMOID, kNoProduct, true}, {ATH_OP_TANH, kNoProduct, true},
    {ATH_OP_GELU, kNoProduct, true},        {ATH_OP_SILU, kNoProduct, true},    {ATH_OP_COMPLEX_MUL, kNoProduct, true},
    {ATH_OP_CONV2D, "only 1x1 without groups is a matrix product", true},
    {ATH_OP_SCALE, kNoProduct, true},       {ATH_OP_QCA_UPDATE, kNoProduct, true},
});
}  // namespace
