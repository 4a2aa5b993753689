// add, sub, mul, div, with equal shapes and with a vector; scale.
#include <cstring>

#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

TEST(equal_shapes) {
  for (const uint32_t opcode : {ATH_OP_ADD, ATH_OP_SUB, ATH_OP_MUL, ATH_OP_DIV})
    for (const int64_t width : {1, 3, 16, 33, 100}) {
      Case c("elementwise " + std::to_string(opcode) + " [B,2," + std::to_string(width) + "]");
      const uint32_t a = c.input({-1, 2, width}), b = c.input({-1, 2, width}), y = c.output({-1, 2, width});
      c.op(opcode, {y, a, b});
      c.with_specials().within(0, 0).run(3);  // one operation, correctly rounded: no tolerance
    }
}

TEST(a_vector_of_the_last_axis) {
  for (const uint32_t opcode : {ATH_OP_ADD, ATH_OP_SUB, ATH_OP_MUL, ATH_OP_DIV})
    for (const int64_t width : {1, 5, 16, 40}) {
      Case c("vector " + std::to_string(opcode) + " " + std::to_string(width));
      const uint32_t a = c.input({-1, 3, width}), b = c.constant({width}), y = c.output({-1, 3, width});
      c.op(opcode, {y, a, b});
      c.with_specials().within(0, 0).run(3);
    }
}

TEST(scale) {
  const float factor = -0.3f;
  uint32_t bits;
  std::memcpy(&bits, &factor, sizeof bits);
  Case c("scale");
  const uint32_t x = c.input({-1, 19}), y = c.output({-1, 19});
  c.op(ATH_OP_SCALE, {y, x, bits});
  c.with_specials().within(0, 0).run(3);
}
