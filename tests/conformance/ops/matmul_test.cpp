// matmul: sizes around the tiles' edges, with and without bias, constant and computed right sides, activations behind it.
#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

namespace {

void product(int64_t rows, int64_t k, int64_t n, bool bias, bool constant, uint32_t activation, int64_t batch = 4, bool nans = false) {
  Case c("matmul " + std::to_string(rows) + "x" + std::to_string(k) + "x" + std::to_string(n) + (bias ? " bias" : "") + (constant ? " constant" : "") +
         (activation ? " activation " + std::to_string(activation) : "") + (nans ? " NaNs" : ""));
  const uint32_t a = c.input({-1, rows, k});
  const uint32_t b = constant ? c.constant({k, n}) : c.input({k, n}, -1, 1);
  const uint32_t v = bias ? c.constant({n}) : ATH_NONE;
  const uint32_t y = c.output({-1, rows, n});
  if (activation) {
    const uint32_t s = c.local({-1, rows, n});
    c.op(ATH_OP_MATMUL, {s, a, b, v});
    c.op(activation, {y, s});
  } else {
    c.op(ATH_OP_MATMUL, {y, a, b, v});
  }
  if (nans) c.with_nans();
  c.within(4e-7 * double(k) + 1e-6, 1e-5).run(batch);
}

}  // namespace

TEST(sizes) {
  for (const int64_t rows : {1, 3, 17})
    for (const int64_t k : {1, 16, 65})
      for (const int64_t n : {1, 16, 33}) product(rows, k, n, false, true, 0, 3);
  product(7, 500, 70, false, true, 0);
  product(1, 64, 64, false, true, 0, 40);  // 40 rows, split every way
}

TEST(a_nan_reaches_its_row_and_no_other) {
  for (const int64_t k : {5, 19, 35}) product(70, k, 33, true, true, 0, 2, true);
}

TEST(bias_and_right_side) {
  for (const bool bias : {false, true})
    for (const bool constant : {false, true}) product(5, 24, 40, bias, constant, 0);
}

TEST(activation_behind) {
  for (const uint32_t activation : {ATH_OP_RELU, ATH_OP_ELU, ATH_OP_SIGMOID, ATH_OP_TANH, ATH_OP_GELU, ATH_OP_SILU}) product(5, 24, 33, true, true, activation);
}
