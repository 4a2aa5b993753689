// A 1x1 convolution is a matrix product: backends that multiply must take it.
#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

TEST(a_backend_with_products_takes_1x1_convolutions) {
  Case c("1x1 as a product");
  const uint32_t x = c.input({-1, 5, 7, 16}), w = c.constant({1, 1, 16, 24}), y = c.output({-1, 5, 7, 24});
  c.op(ATH_OP_CONV2D, {y, x, w, ATH_NONE});
  c.must_run_here().within(1e-5, 1e-5).run();
}
