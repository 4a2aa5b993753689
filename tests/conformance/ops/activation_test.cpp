// relu, elu, sigmoid, tanh, gelu, silu.
#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

TEST(activations) {
  for (const uint32_t opcode : {ATH_OP_RELU, ATH_OP_ELU, ATH_OP_SIGMOID, ATH_OP_TANH, ATH_OP_GELU, ATH_OP_SILU})
    for (const int64_t width : {1, 16, 37, 1000}) {
      Case c("activation " + std::to_string(opcode) + " " + std::to_string(width));
      const uint32_t x = c.input({-1, width}, -12, 12), y = c.output({-1, width});
      c.op(opcode, {y, x});
      c.within(1e-7, 1e-6).run(3);
    }
}

TEST(at_the_ends_of_the_range) {
  for (const uint32_t opcode : {ATH_OP_RELU, ATH_OP_ELU, ATH_OP_SIGMOID, ATH_OP_TANH}) {
    Case c("activation ends " + std::to_string(opcode));
    const uint32_t x = c.input({-1, 64}), y = c.output({-1, 64});
    c.op(opcode, {y, x});
    c.with_specials().within(1e-7, 1e-6).run(3);
  }
}
