// softmax over the last axis.
#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

TEST(softmax) {
  for (const int64_t width : {1, 2, 16, 31, 200})
    for (const float range : {1.0f, 90.0f}) {
      Case c("softmax " + std::to_string(width) + " range " + std::to_string(range));
      const uint32_t x = c.input({-1, 3, width}, -range, range), y = c.output({-1, 3, width});
      c.op(ATH_OP_SOFTMAX, {y, x});
      c.within(1e-7, 4e-6).run(3);
    }
}

TEST(a_nan_makes_its_row_nans) {
  for (const int64_t width : {1, 5, 31, 200}) {
    Case c("softmax " + std::to_string(width) + " NaNs");
    const uint32_t x = c.input({-1, 9, width}), y = c.output({-1, 9, width});
    c.op(ATH_OP_SOFTMAX, {y, x});
    c.with_nans().within(1e-7, 4e-6).run(3);
  }
}
